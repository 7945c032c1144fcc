"""Bodies that are broken: as bytes, as JSON, and by the types of the contract."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from contracts.model import dumps

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30,
    "", " ", "0", "null", "a\0b", "a\nb", "\x7f", "\u202e", "\ufeff", "\ud800", "\U0001f600", "é" * 200, "x" * 256,
    "x" * 70_000, "2026-13-45", "2026-02-30 25:61:61", "9999-12-31T23:59:59-12:00", "0000-00-00", "@", "a@b",
    "a@example.org\r\nX: 1", "{{7*7}}", "' OR 1=1 --", "<script>", "../../etc/passwd", "%00", [], {}, [[]], [None],
    [{}], {"id": {}}, {"id": None, "name": []}, {"": ""}, {"id": 1, "name": "x", "date": 7}, [1, "1", {"id": "1"}] * 50,
)  # fmt: skip
_TOKENS = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud800", b"\\udc00\\ud800", b"\x00", b"\xff", b"\xc3",
    b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xef\xbb\xbf", b"NaN", b"-Infinity", b"1e999", b"-", b"00", b"0x1", b"1.",
    b"9" * 400, b"1" + b"0" * 5000, b"nul", b"//", b"/**/", b"'", b"\r\n\r\n", b"\xe2\x80\xa8", b'"":', b"{}", b"[[",
)  # fmt: skip


def broken(body: dict[str, Any], rng: random.Random) -> bytes:
    """Return the body, broken in one to three ways; by chance it may still be valid."""
    how = rng.random()
    if how < 0.4:
        for _ in range(rng.randrange(1, 4)):
            _put(body, rng)
        return _dumps(body)
    if how < 0.5:
        return _with_keys_twice(body, rng)
    if how < 0.55:
        return _nested(body, rng)
    if how < 0.6:
        return rng.choice(_as_other_text)(_dumps(body))
    raw = bytearray(_dumps(body))
    for _ in range(rng.randrange(1, 4)):
        _scratch(raw, rng)
    return bytes(raw)


def _put(body: dict[str, Any], rng: random.Random) -> None:
    """Replace, remove or add a value somewhere in the body."""
    places = list(_places(body))
    if not places or rng.random() < 0.1:
        body[rng.choice(("", "extra", "id", "email", "contact_id", "__proto__", "x" * 300))] = _value(rng)
        return
    holder, place = rng.choice(places)
    if rng.random() < 0.15:
        del holder[place]
    else:
        holder[place] = _value(rng)


def _value(rng: random.Random) -> Any:
    return deepcopy(rng.choice(_VALUES))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _with_keys_twice(body: dict[str, Any], rng: random.Random) -> bytes:
    pairs = [*body.items(), *((name, rng.choice((body[name], _value(rng)))) for name in body)]
    rng.shuffle(pairs)
    return b"{" + b",".join(_dumps(name) + b":" + _dumps(value) for name, value in pairs) + b"}"


def _nested(body: dict[str, Any], rng: random.Random) -> bytes:
    levels = rng.choice((10, 62, 63, 64, 65, 200, 5000))
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    deep = opening * levels + b"1" + closing * rng.choice((levels, levels, levels - 1))
    name = rng.choice((*body, "extra"))
    return _dumps(body)[:-1] + b"," * bool(body) + _dumps(name) + b":" + deep + b"}"


def _scratch(raw: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(raw) + 1)
    match rng.randrange(6):
        case 0:
            raw[at : at + 1] = bytes([rng.randrange(256)])
        case 1:
            raw[at:at] = rng.choice(_TOKENS)
        case 2:
            del raw[at : at + rng.randrange(1, 20)]
        case 3:
            raw[at:at] = raw[at : at + rng.randrange(1, 40)]
        case 4:
            del raw[at:]
        case 5:
            raw += rng.choice(_TOKENS)


_as_other_text = (
    lambda raw: raw.decode().encode("utf-16"),
    lambda raw: raw.decode().encode("utf-32-le"),
    lambda raw: b"\xef\xbb\xbf" + raw,
    lambda raw: raw.replace(b'"', b"'"),
    lambda _: b"",
    lambda _: b" \t\r\n" * 100,
    lambda raw: raw + raw,
    lambda raw: b"[" + raw + b"]",
    lambda raw: json.dumps(raw.decode()).encode(),
)


def _dumps(value: Any) -> bytes:
    """Return JSON in UTF-8; half a surrogate pair is written as its escape."""
    try:
        return dumps(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()
