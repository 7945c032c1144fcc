"""Write the report as Markdown, for the summary page of a CI job. GitHub takes at most 1 MiB of a step."""

import re
from collections.abc import Iterator, Sequence

from mock_server.check.mistakes import call_sites, excerpt_lines, occurrence
from mock_server.check.reports import CheckedRun
from mock_server.findings import EVIDENCE_MEANINGS
from mock_server.journal.masking import kept_text
from mock_server.text import counted, printable
from mock_server.verdict.coverage import OperationCoverage, all_points, exercised_points
from mock_server.verdict.report import counts_line
from mock_server.verdict.reported_findings import ReportedFinding

_MARKUP = re.compile(r"[&<>|`\\*_~\[\]!:@#]")  # `:` and `@` too, which make links and mentions
_MAX_CELL = 300
_MAX_ROWS = 150
_MAX_EXCERPTS = 20
_MAX_REASONS = 20
_MAX_LINE = 200


def markdown_summary(run: CheckedRun) -> str:
    """Return verdict, a table of the findings without those that the baseline knows, excerpts, and the coverage.

    At most some 600 KB: the rest is counted.
    """
    document = run.document
    verdict, unknown = document["verdict"], [finding for finding in document["findings"] if not finding["known"]]
    parts = [
        f"### segmetrics-mock check: {_cell(verdict['headline'])}",
        *([_cell(verdict["caveat"])] if verdict["caveat"] else []),
        counts_line(document["summary"]),
        "\n".join(f"- {_cell(reason)}" for reason in verdict["reasons"][:_MAX_REASONS]),
        *([_cell(f"Next: {verdict['advice']}")] if verdict["advice"] else []),
        "\n".join(_findings_table(unknown)),
        *(_excerpt(finding, run) for finding in unknown[:_MAX_EXCERPTS]),
        f"Coverage of {document['coverage']['of']} operations: {document['coverage']['percent']} %",
        "\n".join(_coverage_table(document["coverage"]["operations"])),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _findings_table(findings: Sequence[ReportedFinding]) -> Iterator[str]:
    if not findings:
        return
    yield _row("severity", "code", "operation", "where", "what", "calls", "from")
    yield _row(*["---"] * 7)
    for finding in findings[:_MAX_ROWS]:
        cells = (
            finding["severity"],
            finding["code"],
            finding["operation"] or "-",
            finding["pointer"],
            finding["message"],
            occurrence(finding),
            call_sites(finding) or "-",
        )
        yield _row(*map(_cell, cells))
    if (more := len(findings) - _MAX_ROWS) > 0:
        yield f"\nand {counted(more, 'more finding')}"


def _excerpt(finding: ReportedFinding, run: CheckedRun) -> str:
    """Return the excerpt of a finding, folded; its lines that are marked begin with `>`."""
    lines = [f"{'>' if line.mark else ' '} {line.text}" for line in excerpt_lines(finding, run)]
    if not lines:
        return ""
    text = "\n".join(kept_text(printable(line), _MAX_LINE) for line in lines)
    # A fence longer than any in the text.
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 3)
    head = _cell(f"{finding['code']} at {finding['pointer']} in #{finding['requests'][0]}")
    expected = _cell(f"Expected: {finding['expected']}")
    evidence = _cell(f"Evidence: {EVIDENCE_MEANINGS[finding['evidence']]}")
    quoted = f"{fence}text\n{text}\n{fence}"
    return f"<details><summary>{head}</summary>\n\n{quoted}\n\n{expected}\n\n{evidence}\n\n</details>"


def _coverage_table(operations: dict[str, OperationCoverage]) -> Iterator[str]:
    yield _row("operation", "requests", "responses", "exercised")
    yield _row(*["---"] * 4)
    for name, covered in operations.items():
        responses = ", ".join(f"{status} × {count}" for status, count in covered["statuses"].items() if count)
        share = f"{len(exercised_points(covered))} of {len(all_points(covered))}"
        yield _row(_cell(name), str(covered["requests"]), responses or "-", share)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Return a text on one line, escaped so that it is neither markup nor the end of a cell."""
    line = printable(kept_text(text, _MAX_CELL), keep="\t\r\n")
    return " ".join(_MARKUP.sub(lambda found: f"&#{ord(found[0])};", line).split())
