"""Tags on a contact: add, remove, and replace as part of a contact's update."""

from typing import Any

from mock_server.errors import ApiError
from mock_server.spec import Answer, Call
from mock_server.store import contacts, tags
from mock_server.store.contacts import CONTACTS
from mock_server.store.database import Session
from mock_server.store.rows import Row
from mock_server.store.tags import Named, Tagged


def add_tags(call: Call, session: Session) -> Answer:
    """Add the tags to those that the contact has.

    Raises ApiError 404 when the contact is unknown (assumed: the status is not documented).
    Source: developer reference, Tags.
    """
    contact = _contact(call, session)
    return _store(session, contact, contact["tags"] | dated_tags(call, session, contact["tags"]))


def remove_tags(call: Call, session: Session) -> Answer:
    """Take the tags from the contact; one that it does not have is no error (assumed).

    Raises ApiError 404 when the contact is unknown (assumed: the status is not documented).
    Source: developer reference, Tags.
    """
    contact = _contact(call, session)
    gone = {number for tag in call.body["tags"] for number in _meant(session, tag)}
    kept = {number: date for number, date in contact["tags"].items() if number not in gone}
    return _store(session, contact, kept)


def dated_tags(call: Call, session: Session, there: Tagged) -> dict[str, str]:
    """The call's tags, made known where they were not; those in `there` keep their date unless a new one is given."""
    given = call.body["tags"]
    dated: dict[str, str] = {}
    for tag, number in zip(given, tags.learn(session, *map(_named, given)), strict=True):
        date = tag.get("date") if isinstance(tag, dict) else None
        dated[number] = date or dated.get(number) or there.get(number) or call.received_at
    return dated


def _named(tag: int | str | dict[str, Any]) -> Named:
    """A tag in any of its three forms, without its date."""
    if isinstance(tag, dict):
        return tag.get("id"), tag.get("name")
    return (str(tag), None) if isinstance(tag, int) else tag


def _meant(session: Session, tag: int | str | dict[str, Any]) -> set[str]:
    """The numbers of the tags that are to go: one by id, all by name."""
    if isinstance(tag, dict):
        id, name = tag.get("id"), tag.get("name")
    else:
        id, name = str(tag), tag if isinstance(tag, str) else None
    meant = tags.meant(session, id, name)
    by_id = [known for known in meant if known["id"] == id]
    return {str(known["number"]) for known in by_id or meant}


def _contact(call: Call, session: Session) -> Row:
    contact = contacts.find(session, call.body.get("contact_id"), call.body.get("email"))
    if contact is None:
        named = call.body.get("contact_id") or call.body.get("email")
        raise ApiError(404, f"there is no contact '{named}' in this integration; add it first")
    return contact


def _store(session: Session, contact: Row, tagged: Tagged) -> Answer:
    stored = CONTACTS.put(session, contact, {"tags": tagged})
    return Answer.success(contact=contacts.present(session, stored))
