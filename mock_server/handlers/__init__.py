"""What each operation does. One function an operation, one shape for all, bound by operationId."""

from collections.abc import Callable, Iterable, Mapping

from mock_server.errors import SpecError
from mock_server.handlers.ads import record_ad_performance
from mock_server.handlers.contacts import delete_contact, upsert_contact
from mock_server.handlers.invoices import delete_invoice, upsert_invoice
from mock_server.handlers.products import upsert_product
from mock_server.handlers.subscriptions import delete_subscription, upsert_subscription
from mock_server.handlers.tags import add_tags, remove_tags
from mock_server.spec import Answer, Call
from mock_server.store.database import Session

Handler = Callable[[Call, Session], Answer]

HANDLERS: Mapping[str, Handler] = {
    "upsert_contact": upsert_contact,
    "delete_contact": delete_contact,
    "add_tags": add_tags,
    "remove_tags": remove_tags,
    "upsert_invoice": upsert_invoice,
    "delete_invoice": delete_invoice,
    "upsert_subscription": upsert_subscription,
    "delete_subscription": delete_subscription,
    "upsert_product": upsert_product,
    "record_ad_performance": record_ad_performance,
}


def check_bound(operations: Iterable[str]) -> None:
    """Raises SpecError unless every operation has a handler and every handler an operation."""
    unbound, idle = set(operations) - HANDLERS.keys(), HANDLERS.keys() - set(operations)
    if unbound or idle:
        raise SpecError(f"operations without a handler: {sorted(unbound)}; handlers without one: {sorted(idle)}")
