"""The journal's statements, most of them for the account that a session is scoped to."""

from collections.abc import Mapping
from typing import Any, TypedDict, cast

from sqlalchemy import Table, and_, bindparam, delete, func, insert, select, update

from mock_server.journal.shown import ListedExchange, ShownExchange, ShownFinding
from mock_server.store import accounts
from mock_server.store.session import Session
from mock_server.store.statements import if_given, of_generation
from mock_server.store.tables import Exchange, table_of

Row = dict[str, Any]

_exchange = table_of(Exchange)
_c = _exchange.c
_LISTED = tuple(ListedExchange.__annotations__)
_SHOWN = (
    *_LISTED,
    *("request_bytes", "response_bytes", "request_headers", "response_headers", "request_body", "response_body"),
)
# How many exchanges are read at once for a page with a limit in bytes; with large bodies these are 5 MB.
_READ_AT_ONCE = 25


class Filters(TypedDict, total=False):
    """What a list of exchanges is limited to; None for everything."""

    operation: str | None
    severity: str | None
    status: int | None


FILTERS = tuple(Filters.__annotations__)
_WANTED = and_(of_generation(_exchange), *(if_given(_c[name], f"only_{name}") for name in FILTERS))
_VALUES = {name: bindparam(f"new_{name}", type_=_c[name].type) for name in ("generation", "kept_bytes", *_SHOWN)}
ADD = insert(_exchange).values(_VALUES)
REPLACE = (
    update(_exchange)
    .where(_c.generation == bindparam("new_generation"), _c.number == bindparam("replaced"))
    .values({name: value for name, value in _VALUES.items() if name != "generation"})
)
_GENERATIONS = select(_c.generation).distinct()
_recent = cast(Table, _exchange.alias())
_WRITTEN_AT = (
    select(_recent.c.number)
    .where(
        of_generation(_recent), _recent.c.monotonic_ms == bindparam("abandoned_at", type_=_recent.c.monotonic_ms.type)
    )
    .order_by(_recent.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
ABANDON = (
    update(_exchange)
    .where(of_generation(_exchange), _c.number == _WRITTEN_AT)
    .values({name: _VALUES[name] for name in ("abandoned_ms", "findings", "severity")})
)
_KEPT_BYTES = select(func.sum(_c.kept_bytes))
_OLDEST = select(_c.generation, _c.number, _c.kept_bytes).order_by(_c.received_at).limit(bindparam("limit"))
TRIM = delete(_exchange).where(of_generation(_exchange), _c.number < bindparam("first"))
_DROP = TRIM.returning(_c.kept_bytes)
_PAGE = (
    select(*(_c[name] for name in _SHOWN))
    .where(_WANTED, _c.number > bindparam("after"))
    .order_by(_c.number)
    .limit(bindparam("limit"))
)
_LINES = select(*(_c[name] for name in _LISTED)).where(_WANTED).limit(bindparam("limit"))
_BEFORE = _LINES.where(_c.number < bindparam("place")).order_by(_c.number.desc())
_BETWEEN = _LINES.where(_c.number > bindparam("place"), _c.number <= bindparam("last")).order_by(_c.number.desc())
_AFTER = _LINES.where(_c.number > bindparam("place")).order_by(_c.number)
_number = select(_c.number).where(of_generation(_exchange)).limit(1)
_ENDS = select(_number.order_by(_c.number).scalar_subquery(), _number.order_by(_c.number.desc()).scalar_subquery())
_LAST = (
    select(_c.status, _c.method, _c.path, _c.request_body)
    .where(of_generation(_exchange))
    .order_by(_c.number.desc())
    .limit(1)
)


def before(session: Session, number: int, limit: int, filters: Filters) -> list[ListedExchange]:
    """Return at most `limit` exchanges before `number`, newest first."""
    return _listed(session.all(_BEFORE, place=number, limit=limit, **_only(filters)))


def after(session: Session, number: int, limit: int, filters: Filters) -> list[ListedExchange]:
    """Return at most `limit` exchanges after `number`, oldest first."""
    return _listed(session.all(_AFTER, place=number, limit=limit, **_only(filters)))


def between(session: Session, number: int, last: int, limit: int, filters: Filters) -> list[ListedExchange]:
    """Return the newest exchanges after `number` and up to `last`, at most `limit`, oldest first."""
    return _listed(session.all(_BETWEEN, place=number, last=last, limit=limit, **_only(filters)))[::-1]


def read(
    session: Session, number: int, limit: int, most_bytes: int, filters: Filters
) -> tuple[list[ShownExchange], bool]:
    """Return exchanges after `number`, oldest first, and whether there are more.

    At most `limit`, and not many more bytes of text than `most_bytes`.
    """
    found: list[ShownExchange] = []
    size = 0
    while True:
        wanted = min(_READ_AT_ONCE, limit - len(found)) + 1
        rows = session.all(_PAGE, after=number, limit=wanted, **_only(filters))
        for row in rows[: wanted - 1]:
            found.append(_shown(dict(zip(_SHOWN, row, strict=True))))
            size += sum(len(value) for value in row if isinstance(value, str))
        has_more = len(rows) == wanted
        if not has_more or len(found) >= limit or size >= most_bytes:
            return found, has_more
        number = found[-1]["number"]


def ends(session: Session) -> tuple[int, int]:
    """Return the numbers of the oldest and the newest exchange. Without any, the newest is the last that there was."""
    oldest, newest = session.one(_ENDS) or (None, None)
    if oldest is None or newest is None:
        newest = accounts.last_dropped(session)
        oldest = newest + 1
    return oldest, newest


def kept_bytes(session: Session) -> int:
    """Return about how much the exchanges of all accounts take."""
    return int(session.value(_KEPT_BYTES) or 0)


def oldest(session: Session, limit: int, size: int) -> dict[int, int]:
    """Return which generations have the oldest exchanges of all accounts, each with its last one of these.

    At most `limit` exchanges, and not more than take `size` bytes.
    """
    found: dict[int, int] = {}
    for generation, number, kept_bytes in session.all(_OLDEST, limit=limit):
        if size <= 0:
            break
        found[generation] = max(number, found.get(generation, 0))
        size -= kept_bytes
    return found


def drop(session: Session, last: int) -> int:
    """Delete the exchanges up to the one numbered `last`; return about how much they took."""
    return sum(size for (size,) in session.all(_DROP, first=last + 1))


def generations(session: Session) -> list[int]:
    """Return the generations that have exchanges."""
    return [generation for (generation,) in session.all(_GENERATIONS)]


def last_request(session: Session) -> tuple[Any, ...] | None:
    """Return status, method, path and request body of the newest exchange, as the journal keeps them."""
    return session.one(_LAST)


def _only(filters: Filters) -> dict[str, Any]:
    return {f"only_{name}": filters.get(name) for name in FILTERS}


def _listed(rows: list[tuple[Any, ...]]) -> list[ListedExchange]:
    return [cast(ListedExchange, dict(zip(_LISTED, row, strict=True))) for row in rows]


def _shown(row: Mapping[str, Any]) -> ShownExchange:
    return {
        "number": row["number"],
        "received_at": row["received_at"],
        "duration_ms": row["duration_ms"],
        "operation": row["operation"],
        "request": {
            "method": row["method"],
            "path": row["path"],
            "headers": row["request_headers"],
            "body": row["request_body"],
            "bytes": row["request_bytes"],
        },
        "answer": {
            "status": row["status"],
            "headers": row["response_headers"],
            "body": row["response_body"],
            "bytes": row["response_bytes"],
        },
        "findings": [cast(ShownFinding, {**finding, "operation": row["operation"]}) for finding in row["findings"]],
        "fault": row["fault"],
        "monotonic_ms": row["monotonic_ms"],
        "stored": row["stored"],
        "abandoned_ms": row["abandoned_ms"],
        "call_site": row["call_site"],
    }
