"""What a wrong value stands for, where that is plain. Lenient mode reads it so, and a finding's text advises it."""

import copy
import math
from collections.abc import Iterable
from typing import Any, Final

from mock_server.spec.mistakes import Mistake, Path

# How far from a whole number a float may be to be one that lost its last digits: 1998.9999999999998.
_TAIL = 1e-6
_LARGEST = 2**63
_FLAGS = {"0": 0, "1": 1, "false": False, "true": True}

# Stands for a field that is left out.
LEFT_OUT: Final = object()


def coerced(body: Any, mistakes: Iterable[Mistake]) -> Any:
    """Return a copy of `body` with each wrong value replaced by the one that it stands for, `body` where none does.

    Copied are only the objects and lists on the way to a wrong value.
    """
    copies: dict[Path, Any] = {}
    for mistake in mistakes:
        intended = intended_value(mistake)
        if intended is mistake.value or not mistake.path or mistake.missing:
            continue
        copies = copies or {(): copy.copy(body)}
        parent, last = _copied(copies, mistake.path[:-1]), mistake.path[-1]
        if intended is LEFT_OUT:
            parent.pop(last, None)
        else:
            parent[last] = intended
    return copies.get((), body)


def _copied(copies: dict[Path, Any], way: Path) -> Any:
    """Return the copy of what the way leads to, in the copy of what holds it."""
    if way not in copies:
        parent, last = _copied(copies, way[:-1]), way[-1]
        parent[last] = copies[way] = copy.copy(parent[last])
    return copies[way]


def intended_value(mistake: Mistake) -> Any:
    """Return the value that a wrong one stands for, LEFT_OUT for null in a field, or the value itself."""
    value, schema = mistake.value, mistake.schema
    if value is None:
        return LEFT_OUT if mistake.path and isinstance(mistake.path[-1], str) else value
    match schema.get("x-value") or schema.get("type"):
        case "integer" | "money":
            return _whole(value)
        case "flag" if isinstance(value, str | int | float):
            return _FLAGS.get(str(value).lower(), value)
        case "string" | "name" if isinstance(value, int | float) and not isinstance(value, bool):
            return repr(value)
        case "object" if value == []:
            return {}
        case "array" if not isinstance(value, list):
            return [value]
    return value


def _whole(value: Any) -> Any:
    """Return 4500 for `"4500"` and 1999 for 1998.9999999999998; 12.5 stays what it is, and so does 1e30."""
    try:
        number = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        return value
    # JSON of this API has integers of 64 bits at most; this is also false for infinities and NaN.
    if not abs(number) < _LARGEST:
        return value
    return round(number) if abs(number - round(number)) < _TAIL else value
