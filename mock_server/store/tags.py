"""The tags that an integration knows. A contact refers to them by their row's number."""

from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col

from mock_server.store import accounts
from mock_server.store.database import Session, Statement
from mock_server.store.rows import Row, Rows
from mock_server.store.tables import Tag

TAGS = Rows(Tag, "id", hidden=("minted",))
Tagged = Mapping[str, str]
"""A contact's tags: the number of each, as a text, and the date since when the contact has it."""

_MEANT = TAGS.where(col(Tag.id) == bindparam("id"), col(Tag.name) == bindparam("name"))
_LABELS_AT_ONCE = 50


def meant(session: Session, id: str | None, name: str | None) -> list[Row]:
    """All tags with that id or that name, the oldest first."""
    return TAGS.recall(session, _MEANT, id=id, name=name)


def learn(session: Session, id: str | None, name: str | None) -> str:
    """Makes the tag known, or better known, and gives its number as contacts keep it.

    A tag that was known by `name` alone takes the `id` that comes with it.
    """
    return _learn(session, meant(session, id, name), id, name)


def learn_text(session: Session, text: str) -> str:
    """The same for a tag given as a text: its id where one has that id, else its name."""
    known = meant(session, text, text)
    is_id = any(tag["id"] == text for tag in known)
    return _learn(session, known, text if is_id else None, None if is_id else text)


def _learn(session: Session, meant: list[Row], id: str | None, name: str | None) -> str:
    if id is None:
        known = next(iter(meant), None)
        fresh = {"id": accounts.mint_id(session, TAGS), "name": name, "minted": True} if known is None else {}
        return str(TAGS.put(session, known, fresh)["number"])
    known = next((tag for tag in meant if tag["id"] == id), None) or next((tag for tag in meant if tag["minted"]), None)
    stated = {"id": id, "minted": False} | ({} if name is None else {"name": name})
    return str(TAGS.put(session, known, stated)["number"])


def present(session: Session, tagged: Tagged) -> list[dict[str, Any]]:
    """A contact's tags as the API shows them: `{id, name, date}`."""
    labels: dict[str, tuple[str, str | None]] = {}
    numbers = iter(tagged)
    while some := tuple(islice(numbers, _LABELS_AT_ONCE)):
        found = session.recall(_labels(len(some)), **{f"n{place}": int(number) for place, number in enumerate(some)})
        labels |= {str(number): (id, name) for number, id, name in found}
    return [{"id": labels[number][0], "name": labels[number][1], "date": date} for number, date in tagged.items()]


@cache
def _labels(count: int) -> Statement:
    wanted: list[Any] = [bindparam(f"n{place}") for place in range(count)]
    return Statement(select(col(Tag.number), col(Tag.id), col(Tag.name)).where(col(Tag.number).in_(wanted)))
