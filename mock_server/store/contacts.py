"""Contacts, and how they are found by id or email."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from mock_server.store import tables, tags
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session
from mock_server.store.statements import of_generation

CONTACTS = Rows(tables.Contact, "contact_id", hidden=("email_key",))
_c = CONTACTS.c
_BY_EMAIL = CONTACTS.where(_c.email_key == bindparam("email_key"))
_OLDEST_WITH_EMAIL = _BY_EMAIL.limit(1)
_OTHERS_WITH_EMAIL = _BY_EMAIL.where(_c.number != bindparam("apart_from")).limit(bindparam("limit"))
_ANYWHERE = select(CONTACTS.table).where(of_generation(CONTACTS.table)).order_by(_c.number).limit(1)
_ANYWHERE_BY_ID = _ANYWHERE.where(_c.contact_id == bindparam("contact_id"))
_ANYWHERE_BY_EMAIL = _ANYWHERE.where(_c.email_key == bindparam("email_key"))


def email_key(email: str) -> str:
    """Return an email as it is compared."""
    return email.lower()


def find(session: Session, contact_id: str | None, email: str | None) -> Row | None:
    """Return the contact with that id, else with that email; the oldest of those that share it."""
    found = None if contact_id is None else CONTACTS.find(session, contact_id)
    if found is None and email is not None:
        found = CONTACTS.first(session, _OLDEST_WITH_EMAIL, email_key=email_key(email))
    return found


def find_anywhere(session: Session, contact_id: str | None, email: str | None) -> Row | None:
    """Return the contact with that id, or without an id the one with that email, in the whole account.

    One of the session's integration goes first, then the oldest.
    """
    if contact_id is not None:
        own = CONTACTS.find(session, contact_id)
        return own or CONTACTS.first(session, _ANYWHERE_BY_ID, contact_id=contact_id)
    own = find(session, None, email)
    if own or email is None:
        return own
    return CONTACTS.first(session, _ANYWHERE_BY_EMAIL, email_key=email_key(email))


def with_email(session: Session, email: str) -> list[Row]:
    return CONTACTS.all(session, _BY_EMAIL, email_key=email_key(email))


def others_with_email(session: Session, contact: Mapping[str, Any], limit: int) -> list[Row]:
    """Return at most `limit` contacts that share the email of a contact, oldest first."""
    key, number = contact["email_key"], contact["number"]
    return CONTACTS.all(session, _OTHERS_WITH_EMAIL, email_key=key, apart_from=number, limit=limit)


def present(session: Session, contact: Row) -> dict[str, Any]:
    """Return the contact under the API's field names, its tags as `{id, name, date}`."""
    shown = CONTACTS.present(contact)
    shown["tags"] = tags.present(session, contact["tags"])
    return shown
