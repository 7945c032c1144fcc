"""Invoices, subscriptions and the products they name."""

from sqlalchemy import bindparam, select, update

from mock_server.store import tables
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session
from mock_server.store.statements import of_generation

INVOICES = Rows(tables.Invoice, "id", hidden=("contact_integration_id", "email_key"))
SUBSCRIPTIONS = Rows(tables.Subscription, "id", hidden=("contact_integration_id", "email_key"))
PRODUCTS = Rows(tables.Product, "id")
_PURCHASES = (INVOICES, SUBSCRIPTIONS)

# `integration_id` is that of the contact, which is the session's.
_ASSIGN = [
    update(rows.table)
    .where(
        of_generation(rows.table),
        rows.c.contact_id == bindparam("old_id"),
        rows.c.contact_integration_id == bindparam("integration_id"),
    )
    .values(contact_id=bindparam("new_id"))
    for rows in _PURCHASES
]
_JOIN = [
    update(rows.table)
    .where(of_generation(rows.table), rows.c.email_key == bindparam("key"), rows.c.contact_id.is_(None))
    .values(contact_id=bindparam("joined"), contact_integration_id=bindparam("integration_id"))
    for rows in _PURCHASES
]
_OF_CONTACT = {
    rows: select(rows.table)
    .where(
        of_generation(rows.table),
        rows.c.contact_id == bindparam("contact"),
        rows.c.contact_integration_id == bindparam("contact_integration"),
    )
    .order_by(rows.c.number.desc())
    .limit(bindparam("limit"))
    for rows in _PURCHASES
}


def of_contact(session: Session, rows: Rows, contact: Row, limit: int) -> list[Row]:
    """Return the newest INVOICES or SUBSCRIPTIONS of a contact, of all integrations of the account."""
    values = {"contact": contact["contact_id"], "contact_integration": contact["integration_id"]}
    return rows.all(session, _OF_CONTACT[rows], **values, limit=limit)


def reassign(session: Session, old_id: str, new_id: str | None) -> None:
    """Give the orders and subscriptions of the contact `old_id` to `new_id`; to nobody where that is None."""
    for statement in _ASSIGN:
        session.run(statement, old_id=old_id, new_id=new_id)


def join(session: Session, contact: Row) -> None:
    """Give a contact the orders and subscriptions of the account that have its email and no contact yet."""
    for statement in _JOIN:
        session.run(statement, key=contact["email_key"], joined=contact["contact_id"])


def ensure_product(session: Session, id: str, name: str | None) -> None:
    """Add the product if it is not stored yet; give it the name if it has none yet."""
    known = PRODUCTS.find(session, id)
    if known is None or known["name"] is None:
        PRODUCTS.put(session, known, {"id": id, "name": name})
