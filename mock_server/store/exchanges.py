"""The journal as a list: each exchange without its bodies and headers, by key."""

from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, bindparam, or_, select

from mock_server.store.database import Session, Statement
from mock_server.store.tables import Exchange

Line = dict[str, Any]
"""`number`, `received_at`, `duration_ms`, `operation`, `severity`, `method`, `path`, `status`, `findings`, `fault`."""

FILTERS = ("operation", "severity", "status")
_JSON = ("findings", "fault")
_LISTED = ("number", "received_at", "duration_ms", "operation", "severity", "method", "path", "status", *_JSON)


def _of(name: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = Exchange.__table__.columns[name]  # type: ignore[attr-defined]
    return column


def _lines(order: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Statement:
    statement: Select[Any] = select(*map(_of, _LISTED)).where(_of("account_id") == bindparam("account"), *conditions)
    for name in FILTERS:
        wanted: Any = bindparam(name, type_=_of(name).type)
        statement = statement.where(or_(wanted.is_(None), _of(name) == wanted))
    return Statement(statement.order_by(order).limit(bindparam("limit")))


_BEFORE = _lines(_of("number").desc(), _of("number") < bindparam("number"))
_AFTER = _lines(_of("number"), _of("number") > bindparam("number"))
_LAST = Statement(
    select(_of("number")).where(_of("account_id") == bindparam("account")).order_by(_of("number").desc()).limit(1)
)


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
