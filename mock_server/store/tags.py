"""The tags of an integration. A contact refers to them by their row's number."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, false, select, true

from mock_server.store import accounts, tables
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session

TAGS = Rows(tables.Tag, "id", hidden=("has_own_id",))
# The tags of a contact: number, as a text, and the date since which the contact has the tag.
TagDates = Mapping[str, str]
# A tag in a call: id and name, or a text, which is the id if a tag has that id, and otherwise the name.
TagReference = str | tuple[str | None, str | None]

_NAMED = TAGS.where(TAGS.c.name == bindparam("name")).limit(1)
_NAMED_WITH_OWN_ID = _NAMED.where(TAGS.c.has_own_id == true())
_NAMED_WITH_MADE_ID = _NAMED.where(TAGS.c.has_own_id == false())
_LABELS_AT_ONCE = 50


def ensure(session: Session, *references: TagReference) -> list[str]:
    """Add the tags that are not stored yet, and return the number of each as contacts keep it.

    A tag that was stored by its name alone takes the id that comes with it.
    """
    numbers = session.cached(_stored_numbers, *references)
    return [_ensure_one(session, reference) for reference in references] if numbers is None else numbers


def find(session: Session, id: str) -> Row | None:
    return TAGS.find(session, id)


def present(session: Session, tagged: TagDates) -> list[dict[str, Any]]:
    """Return a contact's tags as the API shows them: `{id, name, date}`."""
    labels = session.cached(_labels, *tagged)
    return [{"id": id, "name": name, "date": date} for (id, name), date in zip(labels, tagged.values(), strict=True)]


def labels(session: Session, tagged: TagDates) -> dict[str, tuple[str, str | None]]:
    """Return id and name of each of a contact's tags, by number."""
    return dict(zip(tagged, session.cached(_labels, *tagged), strict=True))


def _stored_numbers(session: Session, *references: TagReference) -> list[str] | None:
    """Return the tags' numbers, or None where one is new or is to change."""
    numbers = []
    for reference in references:
        tag, stated = _resolve(session, reference)
        if tag is None or any(tag[name] != value for name, value in stated.items()):
            return None
        numbers.append(str(tag["number"]))
    return numbers


def _ensure_one(session: Session, reference: TagReference) -> str:
    tag, stated = _resolve(session, reference)
    if tag is None and "id" not in stated:
        stated |= {"id": accounts.next_id(session, TAGS), "has_own_id": False}
    session.invalidate()
    return str(TAGS.put(session, tag, stated)["number"])


def _resolve(session: Session, reference: TagReference) -> tuple[Row | None, Row]:
    """Return the stored tag that a reference identifies, if any, and the columns that it states."""
    if isinstance(reference, str):
        if tag := TAGS.find(session, reference):
            return tag, {"has_own_id": True}
        reference = (None, reference)
    id, name = reference
    stated = {} if name is None else {"name": name}
    made = None if name is None else TAGS.first(session, _NAMED_WITH_MADE_ID, name=name)
    if id is not None:
        return TAGS.find(session, id) or made, {"id": id, "has_own_id": True} | stated
    own = TAGS.first(session, _NAMED_WITH_OWN_ID, name=name)
    oldest = min((tag for tag in (made, own) if tag), key=lambda tag: int(tag["number"]), default=None)
    return oldest, stated


def _labels(session: Session, *numbers: str) -> list[tuple[str, str | None]]:
    found: dict[str, tuple[str, str | None]] = {}
    for start in range(0, len(numbers), _LABELS_AT_ONCE):
        some = numbers[start : start + _LABELS_AT_ONCE]
        values = {f"number_{place}": int(number) for place, number in enumerate(some)}
        found |= {str(number): (id, name) for number, id, name in session.all(_labelled(len(some)), **values)}
    return [found[number] for number in numbers]


@cache
def _labelled(count: int) -> Select[Any]:
    numbers: list[BindParameter[int]] = [bindparam(f"number_{place}") for place in range(count)]
    return select(TAGS.c.number, TAGS.c.id, TAGS.c.name).where(TAGS.c.number.in_(numbers))
