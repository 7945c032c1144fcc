"""The journal as a list: each exchange without its bodies and headers, by key."""

from typing import Any

import orjson

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
_LAST = Statement("SELECT number FROM exchange WHERE account_id = :account ORDER BY number DESC LIMIT 1")


def before(session: Session, account_id: str, number: int, limit: int, **filters: Any) -> list[Line]:
    """At most `limit` exchanges before `number`, newest first. `filters`: a value or None for each of FILTERS."""
    return _read(session.all(_BEFORE, account=account_id, number=number, limit=limit, **filters))


def after(session: Session, account_id: str, number: int, limit: int, **filters: Any) -> list[Line]:
    """At most `limit` exchanges after `number`, oldest first."""
    return _read(session.all(_AFTER, account=account_id, number=number, limit=limit, **filters))


def last(session: Session, account_id: str) -> int:
    """The number of the account's last exchange, or 0."""
    found = session.one(_LAST, account=account_id)
    return 0 if found is None else int(found[0])


def _read(found: list[tuple[Any, ...]]) -> list[Line]:
    lines = [dict(zip(_LISTED, row, strict=True)) for row in found]
    for line in lines:
        line.update({name: orjson.loads(line[name]) for name in _JSON})
    return lines
