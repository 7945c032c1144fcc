"""Everything that an account stores, by resource, under the field names of the API."""

from collections.abc import Iterator
from typing import Any

from mock_server.store import contacts
from mock_server.store.accounts import Sandbox
from mock_server.store.ads import AD_CAMPAIGNS, AD_SETS, ADS, FIGURES
from mock_server.store.contacts import CONTACTS
from mock_server.store.identifications import IDENTIFICATIONS
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session
from mock_server.store.tags import TAGS

RESOURCES: dict[str, Rows] = {
    "contacts": CONTACTS,
    "tags": TAGS,
    "invoices": INVOICES,
    "subscriptions": SUBSCRIPTIONS,
    "products": PRODUCTS,
    "ad_campaigns": AD_CAMPAIGNS,
    "ad_sets": AD_SETS,
    "ads": ADS,
    "ad_performance": FIGURES,
    "identifications": IDENTIFICATIONS,
}

# A row may have a megabyte.
_READ_AT_ONCE = 25


def rows_after(
    session: Session, resource: str, sandbox: Sandbox, integration_id: str | None, after: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a resource after the one numbered `after`, oldest first, each with its number."""
    rows, account = RESOURCES[resource], session.scoped_to(sandbox.generation)
    while found := rows.page(account, integration_id, after, _READ_AT_ONCE):
        for row in found:
            scoped = session.scoped_to(sandbox.generation, row["integration_id"])
            yield row["number"], {"integration_id": row["integration_id"] or None, **_present(scoped, rows, row)}
        after = found[-1]["number"]


def is_empty(session: Session, sandbox: Sandbox) -> bool:
    account = session.scoped_to(sandbox.generation)
    return not any(rows.page(account, None, 0, 1) for rows in RESOURCES.values())


def _present(session: Session, rows: Rows, row: Row) -> dict[str, Any]:
    if rows is CONTACTS:
        return contacts.present(session, row)
    return rows.present(row)
