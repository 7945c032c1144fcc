"""Texts of any size, each as hard to read as its kind can be: what a place of a body or of a head is filled with."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count


@dataclass(frozen=True, slots=True)
class Room:
    """What a filling is made for: about `size` bytes. `number`: makes it differ from others.

    `known`: the names of the operation's fields. `longest`: the characters that a text may have, 0 for any number.
    """

    size: int
    number: int = 0
    known: Sequence[str] = ("field",)
    longest: int = 0


# Returns the text of a JSON value, or of members of an object, such as `"a":0,"b":0`.
Filling = Callable[[Room], bytes]
# How many of a long filling differ: to make a thousand of them takes longer than to read them.
_DIFFERENT = 16


def _kept(filling: Filling) -> Filling:
    """Return a filling that is made a few times only."""
    kept = lru_cache(4 * _DIFFERENT)(filling)
    return lambda room: kept(replace(room, number=room.number % _DIFFERENT))


def _text(unit: str, characters: int = 0) -> Filling:
    """Return texts that repeat a part, `unit` as it is written in JSON. `characters`: that it stands for."""
    part = unit.encode()

    def fill(room: Room) -> bytes:
        start = str(room.number).encode()
        times = (room.size - len(start) - 2) // len(part)
        if room.longest:
            times = min(times, (room.longest - len(start)) // (characters or len(unit)))
        return b'"' + start + part * times + b'"'

    return fill


def _wrapped(before: str, unit: str, after: str) -> Filling:
    """Return what begins and ends so, and repeats a part between."""
    rest = len(before) + len(after)
    return lambda room: (before + unit * ((room.size - rest) // len(unit)) + after).encode()


def _list(entry: Callable[[int], str]) -> Filling:
    """Return lists of these entries, by their number in the list."""
    return _kept(lambda room: b"[" + _joined((entry(number).encode() for number in count()), room.size - 2) + b"]")


def _members(name: Callable[[int, Room], str]) -> Filling:
    """Return members with these names, by their number in the object."""
    return _kept(
        lambda room: _joined((f'"{name(number, room)}":0'.encode() for number in count(room.number)), room.size)
    )


def _joined(parts: Iterable[bytes], size: int) -> bytes:
    found: list[bytes] = []
    for part in parts:
        size -= len(part) + 1
        if found and size < 0:
            break
        found.append(part)
    return b",".join(found)


def _object(members: Filling) -> Filling:
    return lambda room: b"{" + members(room) + b"}"


def _letters(number: int) -> str:
    """Return a number in letters: only these count where names are compared."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 8)
        digits += "qwxzjkvy"[digit]
    return digits


def _like(number: int, room: Room) -> str:
    return f"{room.known[number % len(room.known)]}{_letters(number // len(room.known) % 64)}"


def _backwards(number: int, room: Room) -> str:
    """Return a name with the letters of a known one that is unlike it: no quick test sees that."""
    return f"{room.known[number % len(room.known)][::-1]}{_letters(number)}"


MEMBERS: Mapping[str, Filling] = {
    "distinct fields": _members(lambda number, _: f"f{number}"),
    "one field": _members(lambda _, room: f"f{room.number}"),
    "a known field": _members(lambda _, room: room.known[0]),
    "fields like known ones": _members(_like),
    "fields of their letters": _members(_backwards),
    "a long field": lambda room: b'"' + b"f" * (room.size - 4) + b'":0',
    "fields with slashes": _members(lambda number, _: f"{number}{'~/' * 10}"),
}

VALUES: Mapping[str, Filling] = {
    "text": _text("a"),
    "blanks": _text(" "),
    "escapes": _text("\\u0041", 1),
    "quotes": _text('\\"', 1),
    "control characters": _text("\\u0000", 1),
    "invisible characters": _text("\u200b"),
    "escaped invisible characters": _text("\\u200b", 1),
    "joiners between letters": _text("a\u200d"),
    "combining characters": _text("\u0301\u0323"),
    "ligatures": _text("\ufdfa"),
    "emoji": _text("\\ud83d\\ude00", 1),
    "digits": _text("1"),
    "hyphens": _text("-"),
    "almost an email": _text("a@b."),
    "almost a host": _wrapped('"a@b', ".b", '."'),
    "mailto": _wrapped('"mailto:', "mailto:", '"'),
    "almost a date": _wrapped('"2018-10-02 16:15:00.', "0", '"'),
    "almost an offset": _wrapped('"2018-10-02 16:15:00', " +00:00", '"'),
    "a long integer": _wrapped("-1", "1", "1"),
    "a long fraction": _wrapped("1.1", "1", "1"),
    "a long exponent": _wrapped("1e-1", "0", "1"),
    "deep lists": lambda room: b"[" * (room.size // 2) + b"0" + b"]" * (room.size // 2),
    "deep objects": lambda room: b'{"a":' * (room.size // 6) + b"0" + b"}" * (room.size // 6),
    "zeros": _list(lambda _: "0"),
    "integers": _list(lambda number: f"{2**63 + number}"),
    "fractions": _list(lambda number: f"0.{number}12345678901234567"),
    "nulls": _list(lambda _: "null"),
    "lists": _list(lambda _: "[]"),
    "objects": _list(lambda _: "{}"),
    "distinct texts": _list(lambda number: f'"{number}"'),
    "one text": _list(lambda _: '"a"'),
    "distinct ids": _list(lambda number: f'{{"id":{number}}}'),
    **{f"an object of {name}": _object(members) for name, members in MEMBERS.items()},
}

# What a segment of a path, a query or a header is filled with; those of headers may have blanks.
SEGMENTS: Mapping[str, bytes] = {
    "letters": b"a",
    "words": b"contct-",
    "capitals": b"aB",
    "digits": b"1",
    "escapes": b"%41",
    "escaped slashes": b"%2F",
    "invisible characters": b"%E2%80%8B",
    "broken characters": b"%FF",
    "bytes": "\u200b".encode(),
    "segments": b"/a",
    "empty segments": b"/",
    "versions": b"/v1",
    "words of their own": b"/contct",
    "dots": b"/..",
    "fields": b"a=1&",
    "almost an email": b"a@b.",
}
HEADERS: Mapping[str, bytes] = {
    "letters": b"a",
    "blanks": b" ",
    "words": b"a ",
    "words and many blanks": b"a" + b" " * 500,
    "schemes": b"key: ",
    "quotes": b'"',
    "equal signs": b"a=",
    "list": b"a,",
    "parameters": b";a=1",
    "colons": b"a:",
    "slashes": b"a/",
    "base64": b"OmE6",
    "bytes": "\u200b".encode(),
}
