"""JSON as it arrives: what cannot be read, and what would lose digits or overflow, is refused."""

import json
from typing import Any

import orjson

from mock_server.errors import ApiError

MAX_DEPTH = 64
_INTEGERS = range(-(2**63), 2**64)
_ALIKE = bytes.maketrans(b"123456789{", b"000000000[")
"""Makes all digits one, and the beginnings of lists and objects too."""
_MANY_DIGITS = b"0" * 19


def parse_json(raw: bytes) -> Any:
    """The JSON value of a body. Raises ApiError 400 that says what is wrong and where."""
    if not raw or raw.isspace():
        raise _broken("the body is empty; send a JSON object")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _broken(f"the body is not JSON: {error}") from None
    alike = raw.translate(_ALIKE)
    if alike.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise _broken(f"the body nests deeper than {MAX_DEPTH} levels; flatten it")
    if _MANY_DIGITS in alike:
        json.loads(raw, parse_int=_refuse_long_integer)
    return value


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [entry for entry in level if isinstance(entry, list | dict)]:
        depth += 1
        level = [child for entry in level for child in (entry.values() if isinstance(entry, dict) else entry)]
    return depth


def _refuse_long_integer(digits: str) -> None:
    shown = digits if len(digits) <= 30 else f"{digits[:30]}…"
    if len(digits) > 20 or int(digits) not in _INTEGERS:
        raise _broken(f"the integer {shown} has more than 64 bits; send it as a string")


def _broken(message: str) -> ApiError:
    return ApiError.violation(400, "broken-json", "/body", message)
