"""Orders: add or update, delete."""

from typing import Any

from mock_server.handlers.purchases import buyer_of, delete_purchase
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.database import Session
from mock_server.store.orders import INVOICES

_BLANK_ITEM = dict.fromkeys(("id", "name", "product_id", "amount", "subscription_id", "total_paid"))


def upsert_invoice(call: Call, session: Session) -> Answer:
    """Add the invoice, or update the one with that id; its items are replaced.

    Amounts are whole cents. Raises ApiError 400 when `contact_id` is unknown.
    Source: developer reference, Orders.
    """
    body = call.body
    buyer = buyer_of(call, session)
    items = [_item(body["id"], place, item) for place, item in enumerate(body["items"], start=1)]
    for item in items:
        orders.learn_product(session, item["product_id"], item["name"])
    stored = INVOICES.put(session, INVOICES.find(session, body["id"]), {**body, **buyer, "items": items})
    return Answer.success(invoice=orders.present(session, INVOICES, stored))


def delete_invoice(call: Call, session: Session) -> Answer:
    """Delete the invoice with its items. Source: developer reference, Orders."""
    return delete_purchase(call, session, INVOICES, "invoice")


def _item(order_id: str, place: int, item: dict[str, Any]) -> dict[str, Any]:
    return _BLANK_ITEM | {"id": f"{order_id}-{place}"} | item
