"""The journal as a list: each exchange without its bodies and headers, by key."""

from typing import Any

import orjson

from mock_server.store import accounts
from mock_server.store.database import Session, Statement
from mock_server.store.rows import only

Line = dict[str, Any]
"""`number`, `received_at`, `duration_ms`, `operation`, `severity`, `method`, `path`, `status`, `findings`, `fault`."""

FILTERS = ("operation", "severity", "status")
_JSON = ("findings", "fault")
_LISTED = ("number", "received_at", "duration_ms", "operation", "severity", "method", "path", "status", *_JSON)


def _lines(part: str, order: str) -> Statement:
    conditions = " AND ".join(["account_id = :account", part, *map(only, FILTERS)])
    return Statement(f"SELECT {', '.join(_LISTED)} FROM exchange WHERE {conditions} ORDER BY {order} LIMIT :limit")


_BEFORE = _lines("number < :number", "number DESC")
_AFTER = _lines("number > :number", "number")
_ENDS = Statement(
    "SELECT (SELECT number FROM exchange WHERE account_id = :account ORDER BY number LIMIT 1),"
    " (SELECT number FROM exchange WHERE account_id = :account ORDER BY number DESC LIMIT 1)"
)


def before(session: Session, account_id: str, number: int, limit: int, **filters: Any) -> list[Line]:
    """At most `limit` exchanges before `number`, newest first. `filters`: a value or None for each of FILTERS."""
    return _read(session.all(_BEFORE, account=account_id, number=number, limit=limit, **filters))


def after(session: Session, account_id: str, number: int, limit: int, **filters: Any) -> list[Line]:
    """At most `limit` exchanges after `number`, oldest first."""
    return _read(session.all(_AFTER, account=account_id, number=number, limit=limit, **filters))


def ends(session: Session, account_id: str) -> tuple[int, int]:
    """The numbers of the account's oldest and newest exchange. Where there is none, the newest is that before it."""
    oldest, newest = session.one(_ENDS, account=account_id) or (None, None)
    if oldest is None or newest is None:
        newest = accounts.cleared(session, account_id)
        oldest = newest + 1
    return oldest, newest


def _read(found: list[tuple[Any, ...]]) -> list[Line]:
    lines = [dict(zip(_LISTED, row, strict=True)) for row in found]
    for line in lines:
        line.update({name: orjson.loads(line[name]) for name in _JSON})
    return lines
