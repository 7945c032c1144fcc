"""The tags that an integration knows. A contact refers to them by their row's number."""

from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any

from mock_server.store import accounts
from mock_server.store.database import Session, Statement
from mock_server.store.rows import Row, Rows

TAGS = Rows("tag", "id", hidden=("minted",))
Tagged = Mapping[str, str]
"""A contact's tags: the number of each, as a text, and the date since when the contact has it."""

Named = str | tuple[str | None, str | None]
"""A tag as a call names it: by id and name, or by a text, which is its id where one has that id, else its name."""

_MEANT = TAGS.where("id = :id OR name = :name")
_LABELS_AT_ONCE = 50


def meant(session: Session, id: str | None, name: str | None) -> list[Row]:
    """All tags with that id or that name, the oldest first."""
    return TAGS.all(session, _MEANT, id=id, name=name)


def learn(session: Session, *named: Named) -> list[str]:
    """Makes tags known, or better known, and gives their numbers as contacts keep them.

    A tag that was known by its name alone takes the id that comes with it.
    """
    return session.recall(_learn, *named)


def _learn(session: Session, *named: Named) -> list[str]:
    return [_learn_text(session, tag) if isinstance(tag, str) else _learn_one(session, *tag) for tag in named]


def _learn_text(session: Session, text: str) -> str:
    is_id = any(tag["id"] == text for tag in meant(session, text, text))
    return _learn_one(session, text if is_id else None, None if is_id else text)


def _learn_one(session: Session, id: str | None, name: str | None) -> str:
    known = meant(session, id, name)
    if id is None:
        tag = next(iter(known), None)
        fresh = {"id": accounts.mint_id(session, TAGS), "name": name, "minted": True} if tag is None else {}
        return str(TAGS.put(session, tag, fresh)["number"])
    tag = next((tag for tag in known if tag["id"] == id), None) or next((tag for tag in known if tag["minted"]), None)
    stated = {"id": id, "minted": False} | ({} if name is None else {"name": name})
    return str(TAGS.put(session, tag, stated)["number"])


def present(session: Session, tagged: Tagged) -> list[dict[str, Any]]:
    """A contact's tags as the API shows them: `{id, name, date}`."""
    labels = session.recall(_labels, *tagged)
    return [{"id": id, "name": name, "date": date} for (id, name), date in zip(labels, tagged.values(), strict=True)]


def _labels(session: Session, *numbers: str) -> list[tuple[str, str | None]]:
    """Id and name of the tags with these numbers."""
    labels: dict[str, tuple[str, str | None]] = {}
    wanted = iter(numbers)
    while some := tuple(islice(wanted, _LABELS_AT_ONCE)):
        values = {f"n{place}": int(number) for place, number in enumerate(some)}
        labels |= {str(number): (id, name) for number, id, name in session.all(_labelled(len(some)), **values)}
    return [labels[number] for number in numbers]


@cache
def _labelled(count: int) -> Statement:
    wanted = ", ".join(f":n{place}" for place in range(count))
    return Statement(f"SELECT number, id, name FROM tag WHERE number IN ({wanted})")
