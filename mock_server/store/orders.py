"""Invoices, subscriptions and the products they name."""

from typing import Any

from sqlalchemy import bindparam, update

from mock_server.store import contacts, tables
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session
from mock_server.store.statements import in_scope

INVOICES = Rows(tables.Invoice, "id", hidden=("email_key",))
SUBSCRIPTIONS = Rows(tables.Subscription, "id", hidden=("email_key",))
PRODUCTS = Rows(tables.Product, "id")

_REASSIGN = [
    update(rows.table)
    .where(in_scope(rows.table), rows.c.contact_id == bindparam("old_id"))
    .values(contact_id=bindparam("new_id"))
    for rows in (INVOICES, SUBSCRIPTIONS)
]


def reassign(session: Session, old_id: str, new_id: str) -> None:
    """Give the orders and subscriptions of the contact `old_id` to `new_id`."""
    for statement in _REASSIGN:
        session.run(statement, old_id=old_id, new_id=new_id)


def present(session: Session, rows: Rows, order: Row) -> dict[str, Any]:
    """Return a row of INVOICES or SUBSCRIPTIONS under the API's field names.

    `contact_id` is the contact that the order belongs to now, or null.
    """
    contact = contacts.find(session, order["contact_id"], order["email"])
    return rows.present(order) | {"contact_id": contact and contact["contact_id"]}


def ensure_product(session: Session, id: str, name: str | None) -> None:
    """Add the product if it is not stored yet; give it the name if it has none yet."""
    known = PRODUCTS.find(session, id)
    if known is None or known["name"] is None:
        PRODUCTS.put(session, known, {"id": id, "name": name})
