"""Contacts: add or update, delete."""

from typing import Any

from mock_server.errors import ApiError
from mock_server.handlers.tags import dated_tags
from mock_server.spec import Answer, Call
from mock_server.store import accounts, contacts, orders
from mock_server.store.contacts import CONTACTS
from mock_server.store.database import Session
from mock_server.store.rows import Row


def upsert_contact(call: Call, session: Session) -> Answer:
    """Add the contact, or update the one with that id or that email.

    A known email with a new `contact_id` gives that contact the new id, and its orders follow.
    Source: developer reference, Contacts.
    """
    body = call.body
    before = contacts.find(session, body.get("contact_id"), body.get("email"))
    known = before or _blank(call, session)
    after = {**known, **body}
    if "email" in body:
        after["email_key"] = contacts.email_key(body["email"])
    after["status"] = body.get("status") or known["status"]
    after["custom_fields"] = _merge(known["custom_fields"], body.get("custom_fields", {}))
    after["tags"] = dated_tags(call, session, known["tags"]) if "tags" in body else known["tags"]
    if after["contact_id"] != known["contact_id"]:
        orders.hand_over(session, known["contact_id"], after["contact_id"])
    stored = CONTACTS.put(session, before, after)
    return Answer.success(contact=contacts.present(session, stored), before=[before] if before else [], after=stored)


def delete_contact(call: Call, session: Session) -> Answer:
    """Delete the contact with that id, or all with that email; their orders and subscriptions stay.

    Raises ApiError 404 when there is none (assumed: the status is not documented).
    Source: developer reference, Contacts.
    """
    named = call.path["contact_id_or_email"]
    by_id = CONTACTS.find(session, named)
    found = [by_id] if by_id else contacts.with_email(session, named)
    if not found:
        raise ApiError(404, f"there is no contact '{named}' in this integration")
    CONTACTS.delete(session, found)
    return Answer.deleted("contact", named, before=found)


def _blank(call: Call, session: Session) -> Row:
    """A contact of which nothing is known yet but its id, one of ours where the call gives none."""
    return {
        "contact_id": call.body.get("contact_id") or accounts.mint_id(session, CONTACTS),
        "date_created": call.received_at,
        "status": "active",
        "custom_fields": {},
        "tags": {},
    }


def _merge(there: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Custom fields, merged; null removes."""
    return {name: value for name, value in {**there, **sent}.items() if value is not None}
