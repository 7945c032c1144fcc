"""What lenient mode reads as it was meant: only where the schema says what that is, and nothing is guessed."""

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema_rs import ValidationError

# How far from a whole number a float may be to be one that lost its last digits: 1998.9999999999998.
_TAIL = 1e-6
_FLAGS = {"0": False, "1": True, "false": False, "true": True}


def coerced(body: Any, errors: Iterable[ValidationError], document: Mapping[str, Any]) -> Any:
    """A copy of `body` with each wrong value replaced by the right one that it stands for, where there is one."""
    result = copy.deepcopy(body)
    for error in errors:
        if error.instance_path:
            *way, last = error.instance_path
            parent: Any = result
            for step in way:
                parent = parent[step]
            parent[last] = _meant(parent[last], _schema_of(error, document))
    return result


def _meant(value: Any, schema: Mapping[str, Any]) -> Any:
    match schema.get("x-value") or schema.get("type"):
        case "integer":
            return _whole(value)
        case "flag":
            return _FLAGS.get(str(value).lower(), value)
        case "array" if not isinstance(value, list | None):
            return [value]
    return value


def _whole(value: Any) -> Any:
    """`"4500"` is 4500 and 1998.9999999999998 is 1999; 12.5 stays what it is."""
    try:
        number = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        return value
    return round(number) if math.isfinite(number) and abs(number - round(number)) < _TAIL else value


def _schema_of(error: ValidationError, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema whose keyword failed; `schema_path` leads from the document's root to that keyword."""
    node: Any = document
    for step in error.schema_path[:-1]:
        node = node[step]
    return node if isinstance(node, Mapping) else {}
