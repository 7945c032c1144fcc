"""All that an account stores, resource by resource, under the API's own field names."""

from typing import Any

from mock_server.store import contacts, orders
from mock_server.store.ads import AD_CAMPAIGNS, AD_SETS, ADS, FIGURES
from mock_server.store.contacts import CONTACTS
from mock_server.store.database import Session
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
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
}


def page(
    session: Session, resource: str, account_id: str, integration_id: str | None, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """At most `limit` rows of a resource that were made after the row `after`, oldest first.

    The second value is what goes into `after` for the next page, or None at the end.
    """
    rows = RESOURCES[resource]
    found = rows.page(session, account_id, integration_id, after, limit + 1)
    shown = [
        {"integration_id": row["integration_id"]}
        | _present(session.within(account_id, row["integration_id"]), rows, row)
        for row in found[:limit]
    ]
    return shown, found[limit - 1]["number"] if len(found) > limit else None


def _present(session: Session, rows: Rows, row: Row) -> dict[str, Any]:
    if rows is CONTACTS:
        return contacts.present(session, row)
    if rows in (INVOICES, SUBSCRIPTIONS):
        return orders.present(session, rows, row)
    return rows.present(row)
