"""The lines of a body around what is highlighted in it, for where a page cannot be shown."""

from mock_server.printing import MarkedLine
from mock_server.verdict.presentation.excerpts import Highlighted

_CONTEXT = 2  # lines around the marked ones
_MAX_MARKED = 5
_CUT = "…"


def marked_lines(body: Highlighted, *, missing: str = "") -> list[MarkedLine]:
    """Return the lines of an excerpt around what is highlighted in it.

    `missing`: the field that the highlighted object lacks, which gets a line of its own.
    """
    if not body.highlight:
        return []
    whole = body.before + body.highlight + body.after
    start, end = len(body.before), len(body.before) + len(body.highlight)
    lines, at = [], 0
    for text in whole.split("\n"):
        first, last = max(start - at, 0), min(end - at, len(text))
        if first < last and not missing:
            first += len(text[first:last]) - len(text[first:last].lstrip())
            lines.append(MarkedLine(text, (first, last)))
        else:
            lines.append(MarkedLine(text))
        at += len(text) + 1
    opening = whole.count("\n", 0, start)
    if missing:
        indent = len(lines[opening].text) - len(lines[opening].text.lstrip()) + 2
        lines.insert(opening + 1, MarkedLine(f"{' ' * indent}(no {missing})", (indent, indent + len(missing) + 5)))
    marked = [position for position, line in enumerate(lines) if line.mark]
    shown = lines[max(marked[0] - _CONTEXT, 0) : marked[:_MAX_MARKED][-1] + 1]
    if len(marked) > _MAX_MARKED:
        return [*shown, MarkedLine(_CUT)]
    return shown + lines[marked[-1] + 1 : marked[-1] + 1 + _CONTEXT]
