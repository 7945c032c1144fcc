"""JSON as it was sent, indented, with the places of the values in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_MAX_INDENT_LEVELS = 40

Span = tuple[int, int]


@dataclass(slots=True)
class _Value:
    """A value. `parts`: of an object or list, by key or place."""

    start: int
    is_list: bool = False
    end: int = 0
    parts: "dict[str, _Value]" = field(default_factory=dict)
    # The step to the current entry of an object or list that is not closed yet; None where a key comes next.
    step: str | None = None
    entries: int = 0


class IndentedJson:
    """JSON indented by two blanks a level, with each token as it was sent, unlike a parser and a serializer.

    It may end early, as what was cut off does.
    """

    def __init__(self, json: str) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._root = _Value(0)
        self._open: list[_Value] = []
        for token in TOKEN.findall(json):
            self._add(token)
        for value in self._open:
            value.end = self._size
        self.text = "".join(self._pieces)

    def find(self, steps: Iterable[str]) -> tuple[Span, int]:
        """Return the span of the value at `steps`, or of the last one on the way to it, and how many steps that is."""
        value, depth = self._root, 0
        for step in steps:
            part = value.parts.get(step)
            if part is None:
                break
            value, depth = part, depth + 1
        return (value.start, value.end), depth

    def _add(self, token: str) -> None:
        inner = self._open[-1] if self._open else None
        match token:
            case "}" | "]" if inner:
                self._open.pop()
                self._write(f"{self._indent() if inner.entries else ''}{token}")
                inner.end = self._size
            case "," if inner:
                inner.step = str(inner.entries) if inner.is_list else None
                self._write(token)
            case ":":
                self._write(": ")
            case _:
                self._begin(token, inner)

    def _begin(self, token: str, inner: _Value | None) -> None:
        """Write a key, a value, or the bracket that opens one."""
        if inner and (inner.is_list or inner.step is None):
            inner.entries += 1
            self._write(self._indent())
        start = self._size
        self._write(token)
        if inner and inner.step is None:
            inner.step = _unquoted(token)
            return
        value = _Value(start, is_list=token == "[", end=self._size)
        if inner and inner.step is not None:
            inner.parts[inner.step] = value
        else:
            self._root = value
        if token in ("{", "["):
            value.step = "0" if value.is_list else None
            self._open.append(value)

    def _indent(self) -> str:
        return "\n" + "  " * min(len(self._open), _MAX_INDENT_LEVELS)

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._size += len(piece)


def _unquoted(token: str) -> str:
    """Return a key without its quotes and escapes."""
    try:
        return str(orjson.loads(token))
    except orjson.JSONDecodeError:
        return token
