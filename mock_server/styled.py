"""Text in parts with styles of their own, wrapped at words; coloured only where that is wanted."""

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text for a terminal. `parts`: each with its style, words such as `bold red`, or without one."""

    parts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, *parts: str | tuple[str, str]) -> "Text":
        return cls(tuple((part, "") if isinstance(part, str) else part for part in parts))

    @property
    def plain(self) -> str:
        return "".join(text for text, _ in self.parts)

    def between(self, start: int, end: int) -> "Text":
        """Return the characters from `start` up to `end`."""
        ends = accumulate(len(text) for text, _ in self.parts)
        cut = (
            (text[max(start - last + len(text), 0) : max(end - last + len(text), 0)], style)
            for (text, style), last in zip(self.parts, ends, strict=True)
        )
        return Text(tuple(part for part in cut if part[0]))

    def lines(self) -> Iterator["Text"]:
        """Yield the parts between line breaks."""
        at = 0
        for line in self.plain.split("\n"):
            yield self.between(at, at + len(line))
            at += len(line) + 1

    def wrapped(self, width: int) -> Iterator["Text"]:
        """Yield lines of at most `width` columns, broken at blanks where that is possible."""
        for start, end in _broken(self.plain, width):
            yield self.between(start, end)

    def shown(self, *, in_colour: bool) -> str:
        """Return the text, with the codes of a terminal if it is in colour."""
        if not in_colour:
            return self.plain
        return "".join(f"\x1b[{_codes(style)}m{text}\x1b[0m" if style else text for text, style in self.parts)


def _codes(style: str) -> str:
    return ";".join(_CODES[word] for word in style.split())


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _broken(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield the beginning and end of each line; a word that is too long is broken too."""
    start = end = used = 0
    for word in re.finditer(r"\S+", text):
        added = columns_of(text[end : word.end()])
        if end > start and used + added > width:
            yield start, end
            start, used, added = word.start(), 0, columns_of(word[0])
        end = word.end()
        used += added
        while used > width:
            cut, taken = start, 0
            while taken + _columns(text[cut]) <= width:
                taken += _columns(text[cut])
                cut += 1
            yield start, cut
            start, used = cut, used - taken
    yield start, end


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal, or FORCE_COLOR says that it counts as one."""
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def is_coloured(stream: TextIO) -> bool:
    """Return whether a stream takes colours, and NO_COLOR does not forbid them."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown") or not is_terminal(stream):
        return False
    if sys.platform == "win32":
        import colorama

        colorama.just_fix_windows_console()
    return True


def terminal_width() -> int:
    """Return the columns of the terminal; COLUMNS wins over what it says itself."""
    return shutil.get_terminal_size().columns
