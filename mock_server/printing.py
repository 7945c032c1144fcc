"""Print text so that it fits: wrapped at words, with hanging indents, coloured only where that is wanted.

On a terminal lines are as wide as it is. Elsewhere they are not wrapped, unless COLUMNS says how wide they may be.
NO_COLOR and FORCE_COLOR count.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper

from mock_server.findings import Severity
from mock_server.styled import Text, columns_of, is_coloured, is_terminal, terminal_width
from mock_server.text import printable

STYLES: dict[Severity, str] = {"violation": "bold red", "warning": "yellow", "notice": "cyan"}
_UNWRAPPED = 10_000
_MAX_QUOTED = 160  # columns of a line of an excerpt
_CUT = "…"


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line of an excerpt. `mark`: the columns that are marked, from and to."""

    text: str
    mark: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """What is printed of one mistake.

    `facts`: pairs such as `("evidence", "seen in public clients")`. `again`: the command that repeats the call.
    """

    style: str
    kind: str
    head: str
    message: str
    excerpt: Sequence[MarkedLine] = ()
    facts: Sequence[tuple[str, str]] = field(default=())
    again: str = ""


class Printer:
    """Prints to stdout. `lines`: how many lines it has printed so far."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            # A command and what a client sent may hold characters that the terminal's encoding lacks.
            sys.stdout.reconfigure(errors="backslashreplace")
        self._in_colour = is_coloured(sys.stdout)
        is_wide = not (is_terminal(sys.stdout) or os.environ.get("COLUMNS", "").isdecimal())
        self._width = _UNWRAPPED if is_wide else terminal_width()
        self.lines = 0

    def blank(self) -> None:
        self.verbatim("")

    def verbatim(self, text: str | Text, style: str = "") -> None:
        """Print one line as it is."""
        shown = text if isinstance(text, Text) else Text.of((printable(text), style))
        print(shown.shown(in_colour=self._in_colour))
        self.lines += 1

    def prose(self, text: str | Text, style: str = "", *, indent: int = 0, hanging: int = 0) -> None:
        """Print a paragraph, its lines indented, those after the first by `hanging` more.

        A line break stays one; an entry of a list, which begins with a hyphen, hangs below its own beginning.
        """
        whole = text if isinstance(text, Text) else Text.of((printable(text, keep="\n"), style))
        for number, part in enumerate(whole.lines()):
            plain = part.plain
            blanks = len(plain) - len(plain.lstrip())
            first = indent + blanks
            rest = first + 2 if plain.startswith("- ", blanks) else indent + hanging
            if number and not blanks:
                first = rest
            self._wrapped(part.between(blanks, len(plain)), first, max(first, rest))

    def _wrapped(self, text: Text, first: int, rest: int) -> None:
        """Print a text wrapped at words, its first line and the others indented by so many columns."""
        for position, line in enumerate(text.wrapped(max(self._width - rest, 20))):
            self.verbatim(Text.of(" " * (rest if position else first), *line.parts))

    def table(self, rows: Sequence[Sequence[str]], styles: Sequence[str]) -> None:
        """Print a line for each row, with its style, in columns of equal width."""
        widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
        for row, style in zip(rows, styles, strict=True):
            cells = [cell + " " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True)]
            self.prose("  ".join(cells).rstrip(), style, hanging=2)

    def block(self, block: Block) -> None:
        """Print a mistake after a blank line."""
        self.blank()
        self.prose(Text.of((block.kind, block.style), " ", (printable(block.head), "bold")), hanging=2)
        self.prose(block.message, indent=2)
        if block.excerpt:
            self.blank()
            for line in block.excerpt:
                self._quoted(line, block.style)
            self.blank()
        for name, value in block.facts:
            self.prose(Text.of((f"{name}: ", "dim"), printable(value)), indent=2, hanging=2)
        if block.again:
            self.verbatim(Text.of(("  again: ", "dim"), printable(block.again, keep="\n\t")))

    def _quoted(self, line: MarkedLine, style: str) -> None:
        text, mark = _cut(printable(line.text), line.mark, min(self._width, _MAX_QUOTED) - 6)
        if mark is None:
            self.verbatim(f"      {text}", "dim")
            return
        start, end = mark
        self.verbatim(Text.of("  >   ", text[:start], (text[start:end], style), text[end:]))
        self.verbatim(f"      {' ' * mark[0]}{'^' * max(mark[1] - mark[0], 1)}", style)


def _cut(text: str, mark: tuple[int, int] | None, width: int) -> tuple[str, tuple[int, int] | None]:
    """Return a line cut to a width around what is marked in it, and where that is then."""
    if len(text) <= width:
        return text, mark
    start, end = mark or (0, 0)
    first = max(0, min(start - width // 4, len(text) - width))
    before, after = _CUT if first else "", _CUT if first + width < len(text) else ""
    shown = before + text[first + len(before) : first + width - len(after)] + after
    if mark is None:
        return shown, None
    return shown, (start - first, max(min(end - first, len(shown)), start - first + 1))
