"""How the values of a valid body are read, by the document's `x-value`.

| `x-value` | sent as                        | read as                             |
| --------- | ------------------------------ | ----------------------------------- |
| id        | `249`, `249.0` or `"249"`      | `"249"`                             |
| integer   | `1250` or `1250.0`             | `1250`                              |
| money     | the same                       | `1250`, whole cents                 |
| flag      | `0`, `1`, `false`, `true`      | `False`, `True`                     |
| instant   | `2018-10-02 18:15:00+0200`, …  | `"2018-10-02T16:15:00+00:00"`, UTC  |
| day       | the same                       | `"2018-10-02"`, the day in UTC      |
| account   | text                           | as it is                            |
| email     | text                           | as it is                            |
| name      | text, of a tag                 | as it is                            |
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

# Returns a valid value as handlers want it.
Reader = Callable[[Any], Any]


def utc_now() -> str:
    """Return the time in ISO 8601, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _read_id(value: str | int | float) -> str:
    return value if isinstance(value, str) else str(int(value))


def _read_instant(value: str) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat()}+00:00"


def _read_day(value: str) -> str:
    return _read_instant(value)[:10]


READERS: Mapping[str, Reader] = {
    "account": str,
    "email": str,
    "id": _read_id,
    "integer": int,
    "money": int,
    "name": str,
    "flag": bool,
    "instant": _read_instant,
    "day": _read_day,
}
