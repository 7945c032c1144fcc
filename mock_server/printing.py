"""Print text so that it fits: wrapped at words, with hanging indents, coloured only where that is wanted.

On a terminal lines are as wide as it is. Elsewhere they are not wrapped, unless COLUMNS says how wide they may be. Rich
decides about colours: NO_COLOR and FORCE_COLOR count.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mock_server.findings import Severity
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


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the error through; rich would end the process."""
        raise BrokenPipeError


class Printer:
    """Prints to stdout. `lines`: how many lines it has printed so far."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            # A command and what a client sent may hold characters that the terminal's encoding lacks.
            sys.stdout.reconfigure(errors="backslashreplace")
        self._console = _Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        is_wide = not (self._console.is_terminal or os.environ.get("COLUMNS", "").isdecimal())
        self._width = _UNWRAPPED if is_wide else self._console.width
        self.lines = 0

    def blank(self) -> None:
        self.verbatim("")

    def verbatim(self, text: str | Text, style: str = "") -> None:
        """Print one line as it is."""
        self._console.print(text if isinstance(text, Text) else Text(printable(text), style))
        self.lines += 1

    def prose(self, text: str | Text, style: str = "", *, indent: int = 0, hanging: int = 0) -> None:
        """Print a paragraph, its lines indented, those after the first by `hanging` more.

        A line break stays one; an entry of a list, which begins with a hyphen, hangs below its own beginning.
        """
        whole = text if isinstance(text, Text) else Text(printable(text, keep="\n"), style)
        for number, part in enumerate(whole.split("\n")):
            blanks = len(part.plain) - len(part.plain.lstrip())
            first = indent + blanks
            rest = first + 2 if part.plain.startswith("- ", blanks) else indent + hanging
            if number and not blanks:
                first = rest
            self._wrapped(part[blanks:], first, max(first, rest))

    def _wrapped(self, text: Text, first: int, rest: int) -> None:
        """Print a text wrapped at words, its first line and the others indented by so many columns."""
        lines = text.wrap(self._console, max(self._width - rest, 20)) or [Text()]
        for position, line in enumerate(lines):
            line.rstrip()
            self.verbatim(Text(" " * (rest if position else first)) + line)

    def table(self, table: Table) -> None:
        self._console.print(table, soft_wrap=False, width=min(self._width, _MAX_QUOTED))
        self.lines += table.row_count + 1

    def block(self, block: Block) -> None:
        """Print a mistake after a blank line."""
        self.blank()
        self.prose(Text.assemble((block.kind, block.style), " ", (printable(block.head), "bold")), hanging=2)
        self.prose(block.message, indent=2)
        if block.excerpt:
            self.blank()
            for line in block.excerpt:
                self._quoted(line, block.style)
            self.blank()
        for name, value in block.facts:
            self.prose(Text.assemble((f"{name}: ", "dim"), printable(value)), indent=2, hanging=2)
        if block.again:
            self.verbatim(Text.assemble(("  again: ", "dim"), printable(block.again, keep="\n\t")))

    def _quoted(self, line: MarkedLine, style: str) -> None:
        text, mark = _cut(printable(line.text), line.mark, min(self._width, _MAX_QUOTED) - 6)
        if mark is None:
            self.verbatim(Text(f"      {text}", "dim"))
            return
        shown = Text(f"  >   {text}")
        shown.stylize(style, 6 + mark[0], 6 + mark[1])
        self.verbatim(shown)
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
