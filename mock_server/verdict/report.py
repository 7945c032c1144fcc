"""The report of a run: what was found and what was exercised. One document for JSON, pages and terminals.

    {"version": "0.2.0",
     "isolation": "namespaces" | "none",
     "verdict": {"headline", "caveat", "reasons": [...], "exit_code"},
     "summary": {"requests", "accepted", "violations", "warnings", "notices", "lost_writes", "coverage_percent",
                 "exit_code"},
     "findings": [{"code", "severity", "operation", "pointer", "message", "evidence", "count", "requests": [n, ...],
                   "known"}],
     "coverage": {"operations": {NAME: {"requests", "statuses": {}, "fields": {POINT: count}, "missing": [POINT]}}},
     "faults": [{"request", "operation", "fault", "cause", "outcome", "retry", "stored"}],
     "foreign_hosts": [{"host", "port", "address", "count"}],
     "baseline": {"known", "expired": [ENTRY], "not_met": [ENTRY], "lost_points": {OPERATION: [POINT]}} | null}

The numbers of requests are the journal's own, or with `check` those of the run, in the order in which the requests
came.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypedDict

from mock_server import __version__
from mock_server.findings import SEVERITIES, Evidence, Finding, Severity
from mock_server.journal import ShownExchange
from mock_server.journal.shown import ShownFinding
from mock_server.spec import Contract
from mock_server.text import counted
from mock_server.verdict.baseline import Comparison, compare, is_known
from mock_server.verdict.coverage import Coverage, OperationCoverage
from mock_server.verdict.retries import FaultOutcome, RetryOutcome, retry_outcomes
from mock_server.verdict.verdict import Counts, ForeignHost, Isolation, Run, Verdict, judge

MAX_REQUESTS_NAMED = 100
# Findings in one place that differ in their texts alone. The rest are one finding: a text may quote what was sent, and
# a client may send another value each time.
MAX_TEXTS = 5


class Summary(TypedDict):
    """The figures of a run. `accepted`: calls that were carried out. `exit_code`: of `check`.

    `lost_writes`: calls that a fault kept from being stored, and that were not stored later either.
    """

    requests: int
    accepted: int
    violations: int
    warnings: int
    notices: int
    lost_writes: int
    coverage_percent: float
    exit_code: int


class ReportedFinding(TypedDict):
    """All findings that are alike: `count` is how many; `requests` are the numbers of their first hundred requests.

    Where one place has more than a few texts, the last finding of it stands for all further ones, and its `message`
    is the first of these and says how many there are. `known`: whether the run's baseline has it.
    """

    code: str
    severity: Severity
    operation: str | None
    pointer: str
    message: str
    evidence: Evidence
    count: int
    requests: list[int]
    known: bool


class CoverageSection(TypedDict):
    """The coverage of each operation, by its name."""

    operations: dict[str, OperationCoverage]


class ReportDocument(TypedDict):
    """The report. `findings`: gravest first. `faults`: what the client did after each answer that it did not get.

    `baseline`: how the run compares with it; None where there is none.
    """

    version: str
    isolation: Isolation
    verdict: Verdict
    summary: Summary
    findings: list[ReportedFinding]
    coverage: CoverageSection
    faults: list[FaultOutcome]
    foreign_hosts: list[ForeignHost]
    baseline: Comparison | None


def report_on(contract: Contract, exchanges: Iterable[ShownExchange], run: Run | None = None) -> ReportDocument:
    """Make the report on exchanges as the journal presents them, oldest first; `run`: what else the verdict counts."""
    run = run or Run()
    exchanges = list(exchanges)
    outcomes = retry_outcomes(exchanges)
    coverage = Coverage(contract)
    for exchange in exchanges:
        coverage.count(exchange["operation"], exchange["answer"]["status"], exchange["request"]["body"])
    findings = _grouped(exchanges, outcomes)
    comparison = None
    if run.baseline:
        for finding in findings:
            finding["known"] = is_known(run.baseline, finding, run.today)
        comparison = compare(run.baseline, findings, coverage.document(), run.today)
    unknown = [finding for finding in findings if not finding["known"]]
    counts = Counts(
        requests=len(exchanges),
        accepted=sum(exchange["stored"] for exchange in exchanges),
        found={severity: _count(unknown, severity) for severity in SEVERITIES},
        known=len(findings) - len(unknown),
        lost_writes=[outcome.exchange["number"] for outcome in outcomes if outcome.is_lost_write],
        coverage_percent=coverage.percent,
    )
    verdict = judge(counts, run, comparison)
    return {
        "version": __version__,
        "isolation": run.isolation,
        "verdict": verdict,
        "summary": {
            "requests": counts.requests,
            "accepted": counts.accepted,
            "violations": _count(findings, "violation"),
            "warnings": _count(findings, "warning"),
            "notices": _count(findings, "notice"),
            "lost_writes": len(counts.lost_writes),
            "coverage_percent": counts.coverage_percent,
            "exit_code": verdict["exit_code"],
        },
        "findings": findings,
        "coverage": {"operations": coverage.document()},
        "faults": [outcome.document() for outcome in outcomes],
        "foreign_hosts": sorted(run.foreign_hosts, key=itemgetter("host", "port", "address")),
        "baseline": comparison,
    }


def counts_line(summary: Summary) -> str:
    """Return the figures of a run as a line of text."""
    counts = [
        counted(summary["requests"], "request"),
        counted(summary["violations"], "violation"),
        counted(summary["warnings"], "warning"),
        counted(summary["notices"], "notice"),
    ]
    return f"{', '.join(counts)}, coverage {summary['coverage_percent']} %"


def _grouped(exchanges: Sequence[ShownExchange], outcomes: Sequence[RetryOutcome]) -> list[ReportedFinding]:
    """Return the findings that differ, gravest first."""
    places: dict[tuple[str | None, ...], _Place] = {}
    for number, finding in _all_findings(exchanges, outcomes):
        key = (finding["code"], finding["severity"], finding["operation"], finding["pointer"], finding["evidence"])
        places.setdefault(key, _Place()).add(number, finding)
    found = [finding for place in places.values() for finding in place.findings()]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding["severity"]))


class _Place:
    """The findings of one code in one place, by their texts; those of the last texts are one."""

    def __init__(self) -> None:
        self._by_text: dict[str, ReportedFinding] = {}
        self._further: ReportedFinding | None = None
        self._further_texts: set[str] = set()

    def add(self, number: int, finding: ShownFinding) -> None:
        text = finding["message"]
        if text in self._by_text or len(self._by_text) < MAX_TEXTS:
            group = self._by_text.setdefault(text, _uncounted(finding))
        else:
            self._further_texts.add(text)
            group = self._further = self._further or _uncounted(finding)
        group["count"] += 1
        if len(group["requests"]) < MAX_REQUESTS_NAMED:
            group["requests"].append(number)

    def findings(self) -> Iterator[ReportedFinding]:
        yield from self._by_text.values()
        if self._further:
            if len(self._further_texts) > 1:
                self._further["message"] += f" (one of {len(self._further_texts):,} further texts)"
            yield self._further


def _all_findings(
    exchanges: Sequence[ShownExchange], outcomes: Sequence[RetryOutcome]
) -> Iterator[tuple[int, ShownFinding]]:
    """Return each finding, as the journal presents it, with the number of its request."""
    repeated_deletions = {outcome.retry["number"] for outcome in outcomes if outcome.retry and outcome.is_repeated}
    for exchange in exchanges:
        for finding in exchange["findings"]:
            # What a call deleted whose answer was lost is rightly deleted again, and is not there any more.
            if finding["code"] != "not-found" or exchange["number"] not in repeated_deletions:
                yield exchange["number"], finding
    for outcome in outcomes:
        for found in outcome.findings():
            yield outcome.exchange["number"], _presented(found, outcome.exchange["operation"])


def _presented(finding: Finding, operation: str | None) -> ShownFinding:
    """Return a finding as the journal presents one."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "operation": operation,
        "pointer": finding.pointer,
        "message": finding.message,
        "evidence": finding.evidence,
    }


def _uncounted(finding: ShownFinding) -> ReportedFinding:
    return {
        "code": finding["code"],
        "severity": finding["severity"],
        "operation": finding["operation"],
        "pointer": finding["pointer"],
        "message": finding["message"],
        "evidence": finding["evidence"],
        "count": 0,
        "requests": [],
        "known": False,
    }


def _count(findings: Iterable[ReportedFinding], severity: Severity) -> int:
    return sum(finding["count"] for finding in findings if finding["severity"] == severity)
