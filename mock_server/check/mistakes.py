"""What is printed of each mistake: what was sent, the spot marked, what is expected, how to repeat the call."""

from collections.abc import Sequence

from mock_server.check.reports import CheckedRun
from mock_server.findings import EVIDENCE_MEANINGS
from mock_server.journal.masking import kept_text
from mock_server.printing import STYLES, Block, MarkedLine
from mock_server.spec.pointers import steps_of
from mock_server.text import counted, printable
from mock_server.verdict.presentation.excerpts import Excerpt, excerpt_of
from mock_server.verdict.presentation.marked_lines import marked_lines
from mock_server.verdict.reported_findings import ReportedFinding

MAX_TEXT = 600
_NAMED_CALLS = 5
_MAX_AGAIN = 1_500


def block_of(finding: ReportedFinding, run: CheckedRun) -> Block:
    """Return the block of a finding. Its excerpt and its command are those of the first call that has it."""
    expected = finding["expected"]
    return Block(
        style=STYLES[finding["severity"]],
        kind=finding["severity"],
        head=f"{finding['code']}: {place_of(finding)}",
        message=kept_text(finding["message"], MAX_TEXT),
        excerpt=excerpt_lines(finding, run),
        facts=[
            *([] if expected in finding["message"] else [("expected", expected)]),
            ("evidence", EVIDENCE_MEANINGS[finding["evidence"]]),
            ("calls", occurrence(finding)),
            *([("from", sites)] if (sites := call_sites(finding)) else []),
        ],
        again=again_of(finding, run),
    )


def place_of(finding: ReportedFinding) -> str:
    """Return operation and pointer."""
    return kept_text(f"{finding['operation'] or 'no operation'} {finding['pointer']}", MAX_TEXT)


def occurrence(finding: ReportedFinding) -> str:
    """Return in which calls a finding was, such as `#2, #5, and 7 more times`."""
    numbers = list(dict.fromkeys(finding["requests"]))[:_NAMED_CALLS]
    named = ", ".join(f"#{number}" for number in numbers)
    return named if finding["count"] == len(numbers) else f"{named}, {counted(finding['count'], 'time')} in all"


def call_sites(finding: ReportedFinding) -> str:
    """Return where the client's own code made the calls."""
    sites = finding["call_sites"]
    more = f" and {counted(len(sites) - _NAMED_CALLS, 'further place')}" if len(sites) > _NAMED_CALLS else ""
    return ", ".join(sites[:_NAMED_CALLS]) + more


def again_of(finding: ReportedFinding, run: CheckedRun) -> str:
    """Return the command that repeats the first call.

    Empty where it is not known whole, too long to be read, or has characters that a terminal does not show.
    """
    curl = run.curl(finding["requests"][0])
    is_readable = len(curl) <= _MAX_AGAIN and printable(curl, keep="\n\t") == curl
    return curl if is_readable else ""


def excerpt_lines(finding: ReportedFinding, run: CheckedRun) -> Sequence[MarkedLine]:
    """Return the part of the first call that a finding points to."""
    exchange = run.exchanges.get(finding["requests"][0])
    if exchange is None:
        return []
    excerpt = excerpt_of(exchange, finding, run.contract)
    part, *steps = steps_of(finding["pointer"]) or [""]
    if part == "body":
        return marked_lines(excerpt.body, missing=excerpt.missing)
    if part == "headers":
        return _header_lines(excerpt, steps[0] if steps else "")
    start = MarkedLine(f"{excerpt.facts['method']} {excerpt.path.before}{excerpt.path.highlight}{excerpt.path.after}")
    if not excerpt.path.highlight:
        return [start]
    first = len(excerpt.facts["method"]) + 1 + len(excerpt.path.before)
    return [MarkedLine(start.text, (first, first + len(excerpt.path.highlight)))]


def _header_lines(excerpt: Excerpt, name: str) -> list[MarkedLine]:
    values = [value for header, value in excerpt.headers if header == name]
    if not values:
        return []
    text = values[-1].before + values[-1].highlight + values[-1].after
    return [MarkedLine(f"{name}: {text}", (len(name) + 2, len(name) + 2 + max(len(text), 1)))]
