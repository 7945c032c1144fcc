"""JSON as it arrives: what cannot be read, and what would lose digits or overflow, is refused."""

import codecs
import json
from array import array
from itertools import accumulate
from typing import Any

import orjson

from mock_server.errors import ApiError
from mock_server.findings import Finding

MAX_DEPTH = 64
_GZIP = b"\x1f\x8b"
_INTEGERS = range(-(2**63), 2**64)
# Makes all digits one, and lists and objects too.
_ALIKE = bytes.maketrans(b"123456789{}", b"000000000[]")
_MANY_DIGITS = b"0" * 19
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
# As signed bytes: one level down, one level up.
_STEPS = bytes.maketrans(b"[]", b"\x01\xff")


def parse_json(raw: bytes, content_encoding: str = "") -> Any:
    """Return the JSON value of a body. Raises ApiError 400 that says what is wrong and where.

    `content_encoding`: the header, which is not obeyed, but explains a body that cannot be read.
    """
    if not raw or raw.isspace():
        raise _broken("empty")
    alike = raw.translate(_ALIKE)
    # Before it is read: half a million lists are made in no time, and take long to be taken apart again.
    if alike.count(b"[") > MAX_DEPTH and raw.lstrip().startswith((b"{", b"[")) and _is_too_deep(raw):
        raise _broken("too-deep", most=MAX_DEPTH)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _explained(raw, content_encoding, error) from None
    if _MANY_DIGITS in alike:
        json.loads(raw, parse_int=_refuse_long_integer)
    return value


def _explained(raw: bytes, content_encoding: str, error: orjson.JSONDecodeError) -> ApiError:
    """Return why a body is not JSON: compressed, in another encoding than UTF-8, or badly written."""
    encoding = content_encoding.strip().lower()
    if encoding not in ("", "identity"):
        return _broken("encoded", sent=content_encoding.strip())
    if raw.startswith(_GZIP):
        return _broken("gzip")
    if raw.startswith(codecs.BOM_UTF8):
        return _broken("byte-order-mark")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw[:2]:
        return _broken("utf-16")
    try:
        raw.decode()
    except UnicodeDecodeError as wrong:
        byte = raw[wrong.start]
        return _broken("not-utf-8", byte=f"0x{byte:02X}", position=wrong.start, latin_1=chr(byte))
    return _broken(reason=error)


def _is_too_deep(raw: bytes) -> bool:
    """Whether JSON nests deeper than MAX_DEPTH."""
    without_escapes = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_of_texts = b"".join(without_escapes.split(b'"')[::2])
    # Without its empty lists, of which there may be very many, it is one level less deep.
    brackets = outside_of_texts.translate(_ALIKE, _NOT_BRACKETS).replace(b"[]", b"")
    return max(accumulate(array("b", brackets.translate(_STEPS))), default=0) > MAX_DEPTH - 1


def _refuse_long_integer(digits: str) -> None:
    shown = digits if len(digits) <= 30 else f"{digits[:30]}…"
    if len(digits) > 20 or int(digits) not in _INTEGERS:
        raise _broken("long-integer", sent=shown)


def _broken(case: str = "", **data: object) -> ApiError:
    return ApiError.violation(400, Finding.of("broken-json", "/body", "assumed", case=case, **data))
