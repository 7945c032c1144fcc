"""The tags that an integration knows. A contact refers to them by their row's number."""

from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col

from mock_server.store import accounts
from mock_server.store.database import Session, Statement
from mock_server.store.rows import Row, Rows
from mock_server.store.tables import Tag

TAGS = Rows(Tag, "id", hidden=("minted",))
_BY_NAME = TAGS.statement("name")
_LABEL = Statement(select(col(Tag.id), col(Tag.name)).where(col(Tag.number) == bindparam("number")))


def find(session: Session, id: str) -> Row | None:
    return TAGS.find(session, id)


def named(session: Session, name: str) -> list[Row]:
    """All tags with that name, the oldest first."""
    return TAGS.all(session, _BY_NAME, name=name)


def learn(session: Session, id: str | None, name: str | None) -> str:
    """Makes the tag known, or better known, and gives its number as contacts keep it.

    A tag that was known by `name` alone takes the `id` that comes with it.
    """
    if id is None:
        assert name is not None
        known = next(iter(named(session, name)), None)
        fresh = {"id": accounts.mint_id(session, TAGS), "name": name, "minted": True} if known is None else {}
        return str(TAGS.put(session, known, fresh)["number"])
    known = find(session, id)
    if known is None and name is not None:
        known = next((tag for tag in named(session, name) if tag["minted"]), None)
    stated = {"id": id, "minted": False} | ({} if name is None else {"name": name})
    return str(TAGS.put(session, known, stated)["number"])


def present(session: Session, number: str, date: str) -> dict[str, Any]:
    found = session.one(_LABEL, number=int(number))
    assert found is not None
    return {"id": found[0], "name": found[1], "date": date}
