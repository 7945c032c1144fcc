"""The report of a run: what was found and what was exercised. One document for JSON, pages and terminals.

`docs/report.schema.json` describes it as JSON Schema. The numbers of requests are the journal's own, or with `check`
those of the run, in the order in which the requests came.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Literal, TypedDict

from mock_server import __version__
from mock_server.findings import SEVERITIES, FailOn, Severity
from mock_server.journal import ShownExchange
from mock_server.spec import Contract
from mock_server.text import counted
from mock_server.verdict.baseline import is_known
from mock_server.verdict.comparison import Comparison, compare
from mock_server.verdict.coverage import Coverage, CoverageDocument
from mock_server.verdict.reported_exchanges import ReportedExchange, reported_exchanges
from mock_server.verdict.reported_findings import ReportedFinding, reported_findings
from mock_server.verdict.retries import FaultOutcome, retry_outcomes
from mock_server.verdict.verdict import Counts, ForeignHost, Isolation, Run, Verdict, judge


class Summary(TypedDict):
    """The figures of a run. `accepted`: calls that were carried out. `exit_code`: of `check`.

    `known`: how many of the findings the baseline knows.
    `lost_writes`: calls that a fault kept from being stored, and that were not stored later either.
    """

    requests: int
    accepted: int
    violations: int
    warnings: int
    notices: int
    known: int
    lost_writes: int
    coverage_percent: float
    exit_code: int


class ReportDocument(TypedDict):
    """The report. `version`: of this form; `generator`: the program and its version.

    `command`: the words of what was checked; None where no command was run. `mode`, `dataset`: of the sandbox;
    `started_at`, `duration_seconds`: of the run. All of these are None where they are not known.
    `fail_on`: the least severity that fails the run.
    `findings`: gravest first. `exchanges`: those that findings name; `exchanges_left_out`: how many there was no room
    for. `faults`: what the client did after each answer that it did not get.
    `baseline`: how the run compares with it; None where there is none.
    """

    version: Literal[2]
    generator: str
    command: list[str] | None
    mode: str | None
    dataset: str | None
    isolation: Isolation
    fail_on: FailOn
    started_at: str | None
    duration_seconds: float | None
    verdict: Verdict
    summary: Summary
    findings: list[ReportedFinding]
    exchanges: list[ReportedExchange]
    exchanges_left_out: int
    coverage: CoverageDocument
    faults: list[FaultOutcome]
    foreign_hosts: list[ForeignHost]
    baseline: Comparison | None


def report_on(contract: Contract, exchanges: Iterable[ShownExchange], run: Run | None = None) -> ReportDocument:
    """Make the report on exchanges as the journal presents them, oldest first; `run`: what else the verdict counts."""
    run = run or Run()
    exchanges = list(exchanges)
    outcomes = retry_outcomes(exchanges)
    counted_coverage = Coverage(contract)
    for exchange in exchanges:
        counted_coverage.count(exchange)
    coverage = counted_coverage.document(run.coverage_of)
    findings = reported_findings(contract, exchanges, outcomes)
    comparison = None
    if run.baseline:
        for finding in findings:
            finding["known"] = is_known(run.baseline, finding, run.today)
        comparison = compare(run.baseline, findings, coverage["operations"], run.today)
    unknown = [finding for finding in findings if not finding["known"]]
    counts = Counts(
        requests=len(exchanges),
        accepted=sum(exchange["stored"] for exchange in exchanges),
        found={severity: _count(unknown, severity) for severity in SEVERITIES},
        known=len(findings) - len(unknown),
        lost_writes=[outcome.exchange["number"] for outcome in outcomes if outcome.is_lost_write],
        coverage_percent=coverage["percent"],
    )
    verdict = judge(counts, run, comparison)
    named, left_out = reported_exchanges(findings, {exchange["number"]: exchange for exchange in exchanges})
    return {
        "version": 2,
        "generator": f"segmetrics-mock {__version__}",
        "command": list(run.command) or None,
        "mode": run.mode,
        "dataset": run.dataset,
        "isolation": run.isolation,
        "fail_on": run.fail_on,
        "started_at": run.started_at,
        "duration_seconds": run.duration_seconds,
        "verdict": verdict,
        "summary": {
            "requests": counts.requests,
            "accepted": counts.accepted,
            "violations": _count(findings, "violation"),
            "warnings": _count(findings, "warning"),
            "notices": _count(findings, "notice"),
            "known": sum(finding["count"] for finding in findings if finding["known"]),
            "lost_writes": len(counts.lost_writes),
            "coverage_percent": counts.coverage_percent,
            "exit_code": verdict["exit_code"],
        },
        "findings": findings,
        "exchanges": named,
        "exchanges_left_out": left_out,
        "coverage": coverage,
        "faults": [outcome.document() for outcome in outcomes],
        "foreign_hosts": sorted(run.foreign_hosts, key=itemgetter("host", "port", "address")),
        "baseline": comparison,
    }


def counts_line(summary: Summary) -> str:
    """Return how much was found, as a line of text."""
    counts = [
        counted(summary["requests"], "request"),
        counted(summary["violations"], "violation"),
        counted(summary["warnings"], "warning"),
        counted(summary["notices"], "notice"),
    ]
    known = f", {summary['known']:,} of them known" if summary["known"] else ""
    return ", ".join(counts) + known


def _count(findings: Iterable[ReportedFinding], severity: Severity) -> int:
    return sum(finding["count"] for finding in findings if finding["severity"] == severity)
