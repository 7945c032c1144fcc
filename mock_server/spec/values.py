"""How the values of a valid body are read, by the document's `x-value`.

| `x-value` | sent as                        | read as                             |
| --------- | ------------------------------ | ----------------------------------- |
| id        | `249`, `249.0` or `"249"`      | `"249"`                             |
| integer   | `1250` or `1250.0`             | `1250`                              |
| flag      | `0`, `1`, `false`, `true`      | `False`, `True`                     |
| instant   | `2018-10-02 18:15:00+0200`, …  | `"2018-10-02T16:15:00+00:00"`, UTC  |
| day       | the same                       | `"2018-10-02"`, the day in UTC      |
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from mock_server.errors import SpecError
from mock_server.spec.shape import Shape

_INSTANTS_KEPT = 1024
"""How many are read once; suites and backfills send the same ones again and again."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def read(shape: Shape, value: Any) -> Any:
    """A valid value as handlers want it; properties that the contract does not know are left out."""
    if shape.kind:
        return _READERS[shape.kind](value)
    if shape.properties:
        known, plain = shape.properties, shape.plain
        return {
            name: entry if name in plain else read(known[name], entry) for name, entry in value.items() if name in known
        }
    if shape.items:
        return [read(shape.items, entry) for entry in value]
    if form := shape.forms.get(type(value)):
        return read(form, value)
    return value


def check_kinds(shape: Shape) -> None:
    """Raises SpecError for an `x-value` that is not known."""
    if shape.kind is not None and shape.kind not in _READERS:
        raise SpecError(f"{shape.place}: x-value '{shape.kind}' is unknown; use one of {', '.join(_READERS)}")
    for part in [*shape.properties.values(), *shape.forms.values(), *filter(None, [shape.items, shape.extra])]:
        check_kinds(part)


def _read_id(value: str | int | float) -> str:
    return value if isinstance(value, str) else str(int(value))


@lru_cache(_INSTANTS_KEPT)
def _read_instant(value: str) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC).isoformat()
    return moment.astimezone(UTC).isoformat()


def _read_day(value: str) -> str:
    return _read_instant(value)[:10]


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "id": _read_id,
    "integer": int,
    "flag": bool,
    "instant": _read_instant,
    "day": _read_day,
}
