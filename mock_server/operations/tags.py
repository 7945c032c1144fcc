"""Tags on a contact: add, remove, and replace as part of a contact's update."""

import unicodedata
from collections.abc import Iterator
from typing import Any

from mock_server.operations.warnings import Doubt, not_found
from mock_server.spec import Answer, Call
from mock_server.store import contacts, tags
from mock_server.store.contacts import CONTACTS
from mock_server.store.rows import Row
from mock_server.store.session import Session
from mock_server.store.tags import TagDates, TagReference

# Characters of a call's tags that are compared without case and form: one may stand for 18, and take as long.
_MOST_FOLDED = 100_000


def add_tags(call: Call, session: Session) -> Answer:
    """Add the tags to those that the contact has.

    Raises ApiError 404 when the contact is unknown (assumed: the status is not documented).
    Source: developer reference, Tags.
    """
    contact = existing_contact(call, session)
    return store_tags(session, contact, contact["tags"] | dated_tags(call, session, contact["tags"]))


def remove_tags(call: Call, session: Session) -> Answer:
    """Remove the tags from the contact; one that it does not have is not an error (assumed).

    Raises ApiError 404 when the contact is unknown (assumed: the status is not documented).
    Source: developer reference, Tags.
    """
    contact = existing_contact(call, session)
    removed = removed_tags(call, session, contact["tags"])
    return store_tags(
        session, contact, {number: date for number, date in contact["tags"].items() if number not in removed}
    )


def dated_tags(call: Call, session: Session, existing: TagDates) -> dict[str, str]:
    """Return the call's tags, stored where they were not; an existing one keeps its date unless a new one is given."""
    given = call.body["tags"]
    dated: dict[str, str] = {}
    for tag, number in zip(given, tags.ensure(session, *map(reference, given)), strict=True):
        date = tag.get("date") if isinstance(tag, dict) else None
        dated[number] = date or dated.get(number) or existing.get(number) or call.received_at
    return dated


def removed_tags(call: Call, session: Session, existing: TagDates) -> set[str]:
    """Return the numbers of the contact's tags that the call removes: one by its id, all by their name."""
    labels = tags.labels(session, existing)
    by_id = {id: number for number, (id, _) in labels.items()}
    by_name: dict[str | None, set[str]] = {}
    for number, (_, name) in labels.items():
        by_name.setdefault(name, set()).add(number)
    removed: set[str] = set()
    for tag in call.body["tags"]:
        id, name = id_and_name(tag)
        if id is not None and tags.find(session, id):
            removed |= {by_id[id]} if id in by_id else set()
        elif name is not None:
            removed |= by_name.get(name, set())
    return removed


def duplicate_tags(call: Call, _: Answer, __: Session) -> Iterator[Doubt]:
    """Judge the tags of a call: each should be there once, and in one spelling."""
    same: dict[str, int] = {}
    alike: dict[str, int] = {}
    room = _MOST_FOLDED
    for number, tag in enumerate(call.body.get("tags", ())):
        equal = like = number
        for label in id_and_name(tag):
            if label is not None:
                form = _folded(label) if room > 0 else label
                room -= len(form)
                equal = min(equal, same.setdefault(label, number))
                like = min(like, alike.setdefault(form, number))
        first, case = (equal, "") if equal < number else (like, "alike")
        if first < number:
            yield Doubt(f"/body/tags/{number}", "assumed", {"field": f"tags/{number}", "first": f"tags/{first}"}, case)


def digits_as_names(call: Call, _: Answer, session: Session) -> Iterator[Doubt]:
    """Judge texts of digits, which became names where no tag has that id."""
    for number, tag in enumerate(call.body.get("tags", ())):
        if isinstance(tag, str) and tag.isascii() and tag.isdigit() and tags.find(session, tag) is None:
            yield Doubt(f"/body/tags/{number}", "integrator", {"field": f"tags/{number}", "sent": tag})


def reference(tag: int | str | dict[str, Any]) -> TagReference:
    """Return a tag in any of its three forms without its date."""
    if isinstance(tag, dict):
        return tag.get("id"), tag.get("name")
    return (str(tag), None) if isinstance(tag, int) else tag


def id_and_name(tag: int | str | dict[str, Any]) -> tuple[str | None, str | None]:
    """Return what the tag may be found by: a text may be an id as well as a name."""
    if isinstance(tag, dict):
        return tag.get("id"), tag.get("name")
    return str(tag), tag if isinstance(tag, str) else None


def existing_contact(call: Call, session: Session) -> Row:
    contact = contacts.find(session, call.body.get("contact_id"), call.body.get("email"))
    if contact is None:
        name = "contact_id" if "contact_id" in call.body else "email"
        raise not_found(f"/body/{name}", "contact", call.body[name])
    return contact


def store_tags(session: Session, contact: Row, tagged: TagDates) -> Answer:
    stored = CONTACTS.put(session, contact, {"tags": tagged})
    return Answer.success(contact=contacts.present(session, stored))


def _folded(label: str) -> str:
    """Return a tag's name without case, blanks and Unicode form, in which names differ that look the same."""
    return "".join(unicodedata.normalize("NFKC", label).casefold().split())
