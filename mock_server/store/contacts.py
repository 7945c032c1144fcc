"""Contacts: found by id or email, and whose an order is."""

from typing import Any

from mock_server.store import tags
from mock_server.store.database import Session
from mock_server.store.rows import Row, Rows

CONTACTS = Rows("contact", "contact_id", hidden=("email_key",))
_BY_EMAIL = CONTACTS.where("email_key = :email_key")


def email_key(email: str) -> str:
    """An email as it is compared."""
    return email.lower()


def find(session: Session, contact_id: str | None, email: str | None) -> Row | None:
    """By id first, then by email; the oldest of those that share it."""
    if contact_id is not None and (contact := CONTACTS.find(session, contact_id)):
        return contact
    if email is not None:
        return CONTACTS.first(session, _BY_EMAIL, email_key=email_key(email))
    return None


def with_email(session: Session, email: str) -> list[Row]:
    return CONTACTS.all(session, _BY_EMAIL, email_key=email_key(email))


def present(session: Session, contact: Row) -> dict[str, Any]:
    """The contact under the API's field names, its tags as `{id, name, date}`."""
    shown = CONTACTS.present(contact)
    shown["tags"] = tags.present(session, contact["tags"])
    return shown
