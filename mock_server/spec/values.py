"""How the values of a valid body are read, by the document's `x-value`.

| `x-value` | sent as                        | read as                             |
| --------- | ------------------------------ | ----------------------------------- |
| id        | `249`, `249.0` or `"249"`      | `"249"`                             |
| integer   | `1250` or `1250.0`             | `1250`                              |
| flag      | `0`, `1`, `false`, `true`      | `False`, `True`                     |
| instant   | `2018-10-02 18:15:00+0200`, …  | `"2018-10-02T16:15:00+00:00"`, UTC  |
| day       | the same                       | `"2018-10-02"`, the day in UTC      |
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Reader = Callable[[Any], Any]
"""Gives a valid value as handlers want it."""

_INSTANTS_KEPT = 1024
"""How many are read once; suites and backfills send the same ones again and again."""


def utc_now() -> str:
    """The time in ISO 8601, to the microsecond. A tenth of what `datetime` takes for it."""
    nanoseconds = str(time.time_ns())
    return f"{_second(nanoseconds[:-9])}.{nanoseconds[-9:-3]}+00:00"


@lru_cache(1)
def _second(seconds: str) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%S}"


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


READERS: Mapping[str, Reader] = {
    "id": _read_id,
    "integer": int,
    "flag": bool,
    "instant": _read_instant,
    "day": _read_day,
}
