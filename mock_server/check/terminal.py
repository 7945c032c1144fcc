"""Print the report; colours on a terminal, else plain text."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from io import TextIOWrapper
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mock_server.text import counted, printable
from mock_server.verdict.comparison import Comparison
from mock_server.verdict.coverage import CALL, OperationCoverage, exercised_points
from mock_server.verdict.report import ReportDocument, counts_line
from mock_server.verdict.reported_findings import ReportedFinding
from mock_server.verdict.retries import FaultOutcome, Outcome
from mock_server.verdict.verdict import HOLDS

_PLAIN_WIDTH = 120
_NAMED_REQUESTS = 5
_MAX_FINDINGS = 30  # of an operation
_OUTCOMES: Mapping[Outcome, str] = {
    "converged": "sent the same call again and converged",
    "doubled": "sent the data again under another id",
    "changed": "sent other data under the same id",
    "gave up": "gave up",
}
_STYLES = {"violation": "bold red", "warning": "yellow", "notice": "dim"}


def print_report(document: ReportDocument, again: str) -> None:
    """Print verdict, findings by operation, coverage and the command line that repeats the run, `again`."""
    verdict = document["verdict"]
    if isinstance(sys.stdout, TextIOWrapper):
        # A command and what a client sent may hold characters that the terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_PLAIN_WIDTH)
    console.print()
    colour = "bold green" if verdict["headline"] == HOLDS else "bold red" if verdict["exit_code"] else "bold yellow"
    console.print(Text(f"segmetrics-mock check: {verdict['headline']}", colour))
    if verdict["caveat"]:
        console.print(Text(printable(verdict["caveat"]), "yellow"), soft_wrap=True)
    console.print(counts_line(document["summary"]))
    for reason in verdict["reasons"]:
        console.print("\n".join(map(printable, f"- {reason}".split("\n"))), soft_wrap=True)
    if comparison := document["baseline"]:
        console.print(_baseline(comparison))
    unknown = [finding for finding in document["findings"] if not finding["known"]]
    for operation, group in groupby(_by_operation(unknown), key=_operation_of):
        findings = list(group)
        console.print()
        console.print(Text(operation, "bold"))
        for finding in findings[:_MAX_FINDINGS]:
            _print_finding(console, finding)
        if (more := len(findings) - _MAX_FINDINGS) > 0:
            console.print(f"  and {counted(more, 'more finding')}; --report-json FILE has all of them")
    if document["faults"]:
        console.print()
        for outcome in document["faults"]:
            console.print(_outcome(outcome), soft_wrap=True)
    console.print()
    _print_coverage(console, document["coverage"]["operations"])
    console.print()
    console.print(f"Again: {again}", soft_wrap=True)


def _baseline(comparison: Comparison) -> str:
    not_met = (
        f", {len(comparison['not_met'])} not met any more (--baseline-prune drops them)"
        if comparison["not_met"]
        else ""
    )
    return f"baseline: {counted(comparison['known'], 'known finding')}, not shown here{not_met}"


def _outcome(outcome: FaultOutcome) -> str:
    retry = f" in #{outcome['retry']}" if outcome["retry"] else ""
    lost = "" if outcome["stored"] else ": the write is lost"
    call = f"after the lost answer to #{outcome['request']} ({outcome['operation']})"
    return f"{call} the client {_OUTCOMES[outcome['outcome']]}{retry}{lost}"


def _by_operation(findings: Iterable[ReportedFinding]) -> list[ReportedFinding]:
    return sorted(findings, key=_operation_of)


def _operation_of(finding: ReportedFinding) -> str:
    return finding["operation"] or "no operation"


def _print_finding(console: Console, finding: ReportedFinding) -> None:
    head = Text("  ")
    head.append(finding["severity"], _STYLES[finding["severity"]])
    head.append(f" {printable(finding['pointer'])}", "bold")
    head.append(f"  {finding['code']}, {finding['evidence']}, {_occurrence(finding)}", "dim")
    console.print(head, soft_wrap=True)
    console.print(Text(f"    {printable(finding['message'])}"), soft_wrap=True)


def _occurrence(finding: ReportedFinding) -> str:
    named = ", ".join(f"#{number}" for number in finding["requests"][:_NAMED_REQUESTS])
    return f"{finding['count']} × in {named}{', …' if finding['count'] > _NAMED_REQUESTS else ''}"


def _print_coverage(console: Console, operations: Mapping[str, OperationCoverage]) -> None:
    table = Table("operation", "requests", "responses", "exercised", box=None, pad_edge=False, header_style="dim")
    for name, covered in operations.items():
        responses = ", ".join(f"{status} × {count}" for status, count in covered["statuses"].items() if count)
        share = _share(covered)
        table.add_row(
            name, str(covered["requests"]), responses or "-", share, style=None if covered["requests"] else "dim"
        )
    console.print(table)
    for line in _missing(operations):
        console.print(Text(line, "dim"), soft_wrap=True)


def _share(covered: OperationCoverage) -> str:
    found = len(exercised_points(covered))
    return f"{found} of {found + len(covered['missing'])}"


def _missing(operations: Mapping[str, OperationCoverage]) -> Iterator[str]:
    """Return what was not exercised: the points of operations that succeeded, and the names of the others."""
    never = [name for name, covered in operations.items() if CALL in covered["missing"]]
    for name, covered in operations.items():
        if name not in never and covered["missing"]:
            yield f"not exercised in {name}: {', '.join(_outermost(covered['missing']))}"
    if never:
        yield f"never accepted: {', '.join(never)}"


def _outermost(points: list[str]) -> list[str]:
    """Return the points without those that are part of another, such as the forms of a tag when no tags were sent."""
    return [point for point in points if not any(point.startswith((f"{other}/", f"{other}=")) for other in points)]
