"""Invoices, subscriptions and the products they name."""

from typing import Any

from mock_server.store import contacts
from mock_server.store.database import Session, Statement
from mock_server.store.rows import IN_SCOPE, Row, Rows

INVOICES = Rows("invoice", "id")
SUBSCRIPTIONS = Rows("subscription", "id")
PRODUCTS = Rows("product", "id")

_HAND_OVER = [
    Statement(f"UPDATE {rows.table} SET contact_id = :new_id WHERE {IN_SCOPE} AND contact_id = :old_id")
    for rows in (INVOICES, SUBSCRIPTIONS)
]


def hand_over(session: Session, old_id: str, new_id: str) -> None:
    """The orders and subscriptions of the contact `old_id` become those of `new_id`."""
    for statement in _HAND_OVER:
        session.run(statement, old_id=old_id, new_id=new_id)


def present(session: Session, rows: Rows, order: Row) -> dict[str, Any]:
    """A row of INVOICES or SUBSCRIPTIONS under the API's field names.

    `contact_id` is the contact that the order belongs to now, or null.
    """
    contact = contacts.find(session, order["contact_id"], order["email"])
    return rows.present(order) | {"contact_id": contact and contact["contact_id"]}


def learn_product(session: Session, id: str, name: str | None) -> None:
    """Makes a product known, or names one that is known without a name; a name that is known stays."""
    known = PRODUCTS.find(session, id)
    if known is None or known["name"] is None:
        PRODUCTS.put(session, known, {"id": id, "name": name})
