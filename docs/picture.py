"""Draws docs/check.svg: what `check` prints about docs/examples/shop.py, run as a user runs it.

python -m docs.picture
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parent
PICTURE = DOCS / "check.svg"
COMMAND = "segmetrics-mock check --fail-on warning -- python shop.py"
COLUMNS = 96
_COLUMN, _LINE, _MARGIN = 8.4, 19, 20
_COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff", "2": "#9198a1"}
_STYLE = (
    "text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;"
    " fill: #e6edf3; white-space: pre }"
)


class Part(NamedTuple):
    """A part of a line. `codes`: those of a terminal, such as `1;31` for bold red."""

    text: str
    codes: str


def printed() -> str:
    """Run the command on the example; return what it prints, in colour."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "SEGMETRICS_"))}
    variables = kept | {"PATH": path, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    variables.pop("NO_COLOR", None)
    ended = subprocess.run(
        COMMAND.split(), cwd=DOCS / "examples", env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    if ended.returncode != 1:
        raise SystemExit(f"{COMMAND} ended with {ended.returncode}, not with 1:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def drawn(output: str) -> str:
    """Return the picture of a terminal in which the command printed `output`."""
    lines = [[Part("$ ", "2"), Part(COMMAND, "1")]]
    for text in output.rstrip().split("\n"):
        lines += _wrapped(list(_parts(text)))
    width, height = round(COLUMNS * _COLUMN) + 2 * _MARGIN, len(lines) * _LINE + 2 * _MARGIN
    rows = "\n".join(_row(parts, _MARGIN + (number + 0.75) * _LINE) for number, parts in enumerate(lines) if parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{escape(COMMAND)}">\n<style>{_STYLE}</style>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="#0d1117" stroke="#6e7681"/>\n'
        f"{rows}\n</svg>\n"
    )


def _parts(line: str) -> Iterator[Part]:
    codes = ""
    for text, code in re.findall(r"([^\x1b]*)(?:\x1b\[([\d;]*)m)?", line):
        if text:
            yield Part(text, codes)
        codes = "" if code in ("", "0") else code


def _wrapped(parts: list[Part]) -> Iterator[list[Part]]:
    """Yield the lines in which a terminal shows a line: it breaks them at its last column."""
    line: list[Part] = []
    free = COLUMNS
    for text, codes in parts:
        while text:
            line.append(Part(text[:free], codes))
            free, text = free - len(text[:free]), text[free:]
            if not free:
                yield line
                line, free = [], COLUMNS
    if line or not parts:
        yield line


def _row(parts: list[Part], y: float) -> str:
    column, spans = 0, []
    for text, codes in parts:
        if text.strip():
            indent = len(text) - len(text.lstrip())
            spans.append(_span(text.strip(), codes, column + indent))
        column += len(text)
    return f'<text y="{y:g}">{"".join(spans)}</text>'


def _span(text: str, codes: str, column: int) -> str:
    """Return a text at a column, as wide as its columns whatever the font."""
    colours = [colour for code in codes.split(";") if (colour := _COLOURS.get(code))]
    style = "".join(f' fill="{colour}"' for colour in colours) + ' font-weight="bold"' * ("1" in codes.split(";"))
    x, width = _MARGIN + column * _COLUMN, len(text) * _COLUMN
    return (
        f'<tspan x="{x:g}" textLength="{width:g}" lengthAdjust="spacingAndGlyphs"{style}>'
        f"{escape(text, quote=False)}</tspan>"
    )


if __name__ == "__main__":
    PICTURE.write_text(drawn(printed()), "utf-8")
