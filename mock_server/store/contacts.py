"""Contacts: found by id or email, and whose an order is."""

from typing import Any

from mock_server.store import tags
from mock_server.store.database import Session, Statement
from mock_server.store.rows import IN_SCOPE, Row, Rows

CONTACTS = Rows("contact", "contact_id", hidden=("email_key",))
_BY_EMAIL = CONTACTS.where("email_key = :email_key")
_MEANT = Statement(
    f"{CONTACTS.select} WHERE number = COALESCE("
    f"(SELECT number FROM contact WHERE {IN_SCOPE} AND contact_id = :contact_id),"
    f" (SELECT number FROM contact WHERE {IN_SCOPE} AND email_key = :email_key ORDER BY number LIMIT 1))"
)


def email_key(email: str) -> str:
    """An email as it is compared."""
    return email.lower()


def find(session: Session, contact_id: str | None, email: str | None) -> Row | None:
    """By id first, then by email; the oldest of those that share it."""
    key = None if email is None else email_key(email)
    return CONTACTS.first(session, _MEANT, contact_id=contact_id, email_key=key)


def with_email(session: Session, email: str) -> list[Row]:
    return CONTACTS.all(session, _BY_EMAIL, email_key=email_key(email))


def present(session: Session, contact: Row) -> dict[str, Any]:
    """The contact under the API's field names, its tags as `{id, name, date}`."""
    shown = CONTACTS.present(contact)
    shown["tags"] = tags.present(session, contact["tags"])
    return shown
