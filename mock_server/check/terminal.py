"""Print the report, so that the last screen says everything: mistakes, coverage, and at the end the verdict."""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mock_server.check.annotations import annotations
from mock_server.check.mistakes import MAX_TEXT, block_of
from mock_server.check.reports import CheckedRun
from mock_server.journal.masking import kept_text
from mock_server.printing import Printer
from mock_server.text import counted
from mock_server.verdict.comparison import Comparison
from mock_server.verdict.coverage import CALL, OperationCoverage, all_points, exercised_points
from mock_server.verdict.report import ReportDocument, counts_line
from mock_server.verdict.reported_findings import ReportedFinding
from mock_server.verdict.retries import FaultOutcome, Outcome
from mock_server.verdict.verdict import HOLDS

# So that a run of any size is read on a few screens.
_MAX_BLOCKS_LINES = 100
_MAX_BLOCKS_ALIKE = 3  # of one code in one operation
_MAX_LISTED = 10  # of whatever else a run may have very many
_OUTCOMES: Mapping[Outcome, str] = {
    "converged": "sent the same call again and converged",
    "doubled": "sent the data again under another id",
    "changed": "sent other data under the same id",
    "gave up": "gave up",
}


def print_report(run: CheckedRun, again: str, *, verbose: bool = False) -> None:
    """Print mistakes, coverage, the command line that repeats the run, `again`, and the verdict.

    `verbose`: also the coverage of each operation, and all mistakes.
    """
    document, printer = run.document, Printer()
    if os.environ.get("GITHUB_ACTIONS") == "true":
        printer.verbatim("")  # the client's last line may be without its end, and a command begins a line
        for command in annotations(document):
            printer.verbatim(command)
    _print_mistakes(printer, run, verbose=verbose)
    _print_outcomes(printer, document["faults"])
    printer.blank()
    if verbose:
        _print_coverage(printer, document["coverage"]["operations"])
        printer.blank()
    _print_verdict(printer, document, again)


def _print_mistakes(printer: Printer, run: CheckedRun, *, verbose: bool) -> None:
    found = [finding for finding in run.document["findings"] if not finding["known"]]
    alike: Counter[tuple[str, str | None]] = Counter()
    repeated = set()
    left_out = []
    for finding in found:
        kind = (finding["code"], finding["operation"])
        alike[kind] += 1
        if verbose or (alike[kind] <= _MAX_BLOCKS_ALIKE and printer.lines < _MAX_BLOCKS_LINES):
            block = block_of(finding, run)
            # The command that repeats a call stands once.
            printer.block(dataclasses.replace(block, again="") if block.again in repeated else block)
            repeated.add(block.again)
        else:
            left_out.append(finding)
    if left_out:
        _print_left_out(printer, left_out)


def _print_left_out(printer: Printer, findings: Sequence[ReportedFinding]) -> None:
    printer.blank()
    printer.prose(f"and {counted(len(findings), 'more mistake')}; --verbose and --report-html FILE show them:")
    kinds = Counter((finding["severity"], finding["code"], finding["operation"]) for finding in findings)
    for (severity, code, operation), count in list(kinds.items())[:_MAX_LISTED]:
        printer.prose(f"{severity} {code}: {operation or 'no operation'}, {count:,} more", indent=2, hanging=2)
    if (more := len(kinds) - _MAX_LISTED) > 0:
        printer.prose(f"and {counted(more, 'further kind')}", indent=2)


def _print_outcomes(printer: Printer, outcomes: Sequence[FaultOutcome]) -> None:
    if not outcomes:
        return
    printer.blank()
    for outcome in outcomes[:_MAX_LISTED]:
        printer.prose(_outcome(outcome), hanging=2)
    if (more := len(outcomes) - _MAX_LISTED) > 0:
        printer.prose(f"and {counted(more, 'further lost answer')}")


def _outcome(outcome: FaultOutcome) -> str:
    retry = f" in #{outcome['retry']}" if outcome["retry"] else ""
    lost = "" if outcome["stored"] else ": the write is lost"
    call = f"after the lost answer to #{outcome['request']} ({outcome['operation']})"
    return f"{call} the client {_OUTCOMES[outcome['outcome']]}{retry}{lost}"


def _print_verdict(printer: Printer, document: ReportDocument, again: str) -> None:
    verdict = document["verdict"]
    if document["summary"]["requests"]:
        printer.prose(_coverage_line(document), hanging=2)
    if comparison := document["baseline"]:
        printer.prose(_baseline(comparison), hanging=2)
    for reason in verdict["reasons"][:_MAX_LISTED]:
        printer.prose(f"- {kept_text(reason, 2 * MAX_TEXT)}", hanging=2)
    if (more := len(verdict["reasons"]) - _MAX_LISTED) > 0:
        printer.prose(f"- and {counted(more, 'further reason')}")
    printer.verbatim(f"Again: {again}", "dim")
    colour = "bold green" if verdict["headline"] == HOLDS else "bold red" if verdict["exit_code"] else "bold yellow"
    printer.blank()
    printer.prose(counts_line(document["summary"]))
    if verdict["caveat"]:
        printer.prose(verdict["caveat"], "yellow", hanging=2)
    advice = f"; {verdict['advice']}" if verdict["advice"] else ""
    printer.prose(f"segmetrics-mock check: {verdict['headline']}{advice}", colour, hanging=2)


def _coverage_line(document: ReportDocument) -> str:
    coverage = document["coverage"]
    counts_all = coverage["of"] == "all"
    measured = [covered for covered in coverage["operations"].values() if covered["requests"] or counts_all]
    exercised = sum(len(exercised_points(covered)) for covered in measured)
    every = sum(len(all_points(covered)) for covered in measured)
    operations = f"all {len(measured)} operations" if counts_all else f"{counted(len(measured), 'operation')} used"
    return (
        f"coverage {coverage['percent']} % of {operations}: {exercised} of {counted(every, 'point')};"
        " --verbose lists the others"
    )


def _baseline(comparison: Comparison) -> str:
    not_met = (
        f", {len(comparison['not_met'])} not met any more (--baseline-prune drops them)"
        if comparison["not_met"]
        else ""
    )
    return f"baseline: {counted(comparison['known'], 'known finding')}, not shown here{not_met}"


def _print_coverage(printer: Printer, operations: Mapping[str, OperationCoverage]) -> None:
    rows, styles = [("operation", "requests", "responses", "exercised")], ["dim"]
    for name, covered in operations.items():
        responses = ", ".join(f"{status} × {count}" for status, count in covered["statuses"].items() if count)
        share = _share(covered)
        rows.append((name, str(covered["requests"]), responses or "-", share))
        styles.append("" if covered["requests"] else "dim")
    printer.table(rows, styles)
    for line in _missing(operations):
        printer.prose(line, "dim", hanging=2)


def _share(covered: OperationCoverage) -> str:
    return f"{len(exercised_points(covered))} of {len(all_points(covered))}"


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
