"""Contacts: add or update, delete."""

from collections.abc import Iterator
from typing import Any

from mock_server.operations.tags import dated_tags
from mock_server.operations.warnings import MOST_QUOTED, Doubt, not_found, quoted
from mock_server.spec import Answer, Call
from mock_server.store import accounts, contacts, orders, tags
from mock_server.store.contacts import CONTACTS
from mock_server.store.rows import Row
from mock_server.store.session import Session


def upsert_contact(call: Call, session: Session) -> Answer:
    """Add the contact, or update the one with that id or that email.

    A known email with a new `contact_id` gives that contact the new id, and its orders follow.
    Source: developer reference, Contacts.
    """
    body = call.body
    existing = contacts.find(session, body.get("contact_id"), body.get("email"))
    before = existing or _blank(call, session)
    after = {**before, **body}
    if "email" in body:
        after["email_key"] = contacts.email_key(body["email"])
    after["status"] = body.get("status") or before["status"]
    after["custom_fields"] = merged(before["custom_fields"], body.get("custom_fields", {}))
    after["tags"] = dated_tags(call, session, before["tags"]) if "tags" in body else before["tags"]
    if after["contact_id"] != before["contact_id"]:
        orders.reassign(session, before["contact_id"], after["contact_id"])
    stored = CONTACTS.put(session, existing, after)
    if stored["email_key"] is not None and (existing is None or stored["email_key"] != existing["email_key"]):
        orders.join(session, stored)
    shown = contacts.present(session, stored)
    return Answer.success(contact=shown, before=[existing] if existing else [], after=stored)


def delete_contact(call: Call, session: Session) -> Answer:
    """Delete the contact with that id, or all with that email; their orders and subscriptions stay.

    Raises ApiError 404 when there is none (assumed: the status is not documented).
    Source: developer reference, Contacts.
    """
    named = call.path["contact_id_or_email"]
    by_id = CONTACTS.find(session, named)
    found = [by_id] if by_id else contacts.with_email(session, named)
    if not found:
        raise not_found("/path/contact_id_or_email", "contact", named)
    CONTACTS.delete(session, found)
    for contact in found:
        orders.reassign(session, contact["contact_id"], None)
    return Answer.deleted("contact", named, before=found)


def tags_dropped(call: Call, answer: Answer, session: Session) -> Iterator[Doubt]:
    if "tags" not in call.body or not answer.before or not answer.after:
        return
    kept = answer.after["tags"]
    dropped = {number: date for number, date in answer.before[0]["tags"].items() if number not in kept}
    if dropped:
        names = quoted(tag["name"] or tag["id"] for tag in tags.present(session, dropped))
        yield Doubt("/body/tags", "documented", {"names": names})


def contact_rekeyed(_: Call, answer: Answer, __: Session) -> Iterator[Doubt]:
    new = answer.body["contact"]["contact_id"]
    if answer.before and answer.before[0]["contact_id"] != new:
        yield Doubt("/body/contact_id", "documented", {"old": answer.before[0]["contact_id"], "new": new})


def shared_email_made(_: Call, answer: Answer, session: Session) -> Iterator[Doubt]:
    """Judge whether a known contact got an email that others have."""
    after = answer.after
    if not answer.before or after is None or after["email_key"] in (None, answer.before[0]["email_key"]):
        return
    others = contacts.others_with_email(session, after, MOST_QUOTED + 1)
    if others:
        ids = quoted(one["contact_id"] for one in others)
        data = {"contact_id": after["contact_id"], "email": after["email"], "others": ids}
        yield Doubt("/body/email", "assumed", data)


def shared_email_deleted(_: Call, answer: Answer, __: Session) -> Iterator[Doubt]:
    if len(answer.before) > 1:
        ids = quoted(contact["contact_id"] for contact in answer.before)
        yield Doubt("/path/contact_id_or_email", "documented", {"count": len(answer.before), "ids": ids})


def merged(existing: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return custom fields with those that were sent; null removes one."""
    return {name: value for name, value in {**existing, **sent}.items() if value is not None}


def _blank(call: Call, session: Session) -> Row:
    """Return a contact of which nothing is known yet but its id, one of ours where the call gives none."""
    return {
        "contact_id": call.body.get("contact_id") or accounts.next_id(session, CONTACTS),
        "date_created": call.received_at,
        "status": "active",
        "custom_fields": {},
        "tags": {},
    }
