"""JSON as it was sent, indented, with the place of a value in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_MAX_INDENT_LEVELS = 40


@dataclass(slots=True)
class _Open:
    """An object or list that is not closed yet. `step`: to the current entry; None where a key comes next."""

    is_list: bool
    start: int
    step: str | None
    entries: int = 0


class JsonFormatter:
    """Indent JSON by two blanks a level, and leave each token as it was sent, unlike a parser and a serializer.

    `span`: of the value at `steps`, or of the innermost object or list on the way to it, which is `depth` steps down.
    """

    def __init__(self, text: str, steps: Sequence[str]) -> None:
        self._steps = list(steps)
        self._pieces: list[str] = []
        self._size = 0
        self._open: list[_Open] = []
        self.span = (0, 0)
        self.depth = 0
        for token in TOKEN.findall(text):
            self._add(token)
        while self._open:
            self._end(self._open.pop().start)

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def _add(self, token: str) -> None:
        inner = self._open[-1] if self._open else None
        match token:
            case "}" | "]" if inner:
                self._open.pop()
                self._write(f"{self._indent() if inner.entries else ''}{token}")
                self._end(inner.start)
            case "," if inner:
                inner.step = str(inner.entries) if inner.is_list else None
                self._write(token)
            case ":":
                self._write(": ")
            case _:
                self._begin(token, inner)

    def _begin(self, token: str, inner: _Open | None) -> None:
        """Write a key, a value, or the bracket that opens one."""
        if inner and (inner.is_list or inner.step is None):
            inner.entries += 1
            self._write(self._indent())
        start = self._size
        self._write(token)
        if token in ("{", "["):
            self._open.append(_Open(token == "[", start, "0" if token == "[" else None))
        elif inner and inner.step is None:
            inner.step = _unquoted(token)
        else:
            self._end(start)

    def _end(self, start: int) -> None:
        """Make the value just written the span if it contains the target, and no inner value did."""
        depth = len(self._open)
        if self.depth <= depth <= len(self._steps) and [one.step for one in self._open] == self._steps[:depth]:
            self.span, self.depth = (start, self._size), depth

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
