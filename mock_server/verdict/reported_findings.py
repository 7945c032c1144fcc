"""The findings of a run as the report has them: alike ones together, gravest first."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from mock_server.findings import SEVERITIES, Evidence, FailOn, Finding, Severity, fails
from mock_server.journal import ShownExchange
from mock_server.journal.shown import ShownFinding
from mock_server.spec import Contract
from mock_server.verdict.quotes import expected_at, sent_at
from mock_server.verdict.retries import RetryOutcome

MAX_REQUESTS_NAMED = 100
# Findings in one place that differ in their texts alone. The rest are one finding: a text may quote what was sent, and
# a client may send another value each time.
MAX_TEXTS = 5
_MAX_CALL_SITES = 20


class ReportedFinding(TypedDict):
    """All findings that are alike: `count` is how many; `requests` are the numbers of their first hundred requests.

    Where one place has more than a few texts, the last finding of it stands for all further ones, and its `message`
    is the first of these and says how many there are.
    `sent`: what the first of the requests has there, JSON for a value of the body; None where it has nothing there.
    `call_sites`: where the client's own code made the calls, `file:line` each, as far as that is known.
    `known`: whether the run's baseline has it.
    """

    code: str
    severity: Severity
    operation: str | None
    pointer: str
    message: str
    sent: str | None
    expected: str
    evidence: Evidence
    count: int
    requests: list[int]
    call_sites: list[str]
    known: bool


def is_failing(finding: ReportedFinding, fail_on: FailOn) -> bool:
    """Return whether a finding fails its run."""
    return not finding["known"] and fails(finding["severity"], fail_on)


def reported_findings(
    contract: Contract, exchanges: Sequence[ShownExchange], outcomes: Sequence[RetryOutcome]
) -> list[ReportedFinding]:
    """Return the findings that differ, gravest first. `outcomes`: of the lost answers among the exchanges."""
    places: dict[tuple[str | None, ...], _Place] = {}
    for exchange, finding in _all_findings(exchanges, outcomes):
        key = (finding["code"], finding["severity"], finding["operation"], finding["pointer"], finding["evidence"])
        places.setdefault(key, _Place(contract)).add(exchange, finding)
    found = [finding for place in places.values() for finding in place.findings()]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding["severity"]))


class _Place:
    """The findings of one code in one place, by their texts; those of the last texts are one."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._by_text: dict[str, ReportedFinding] = {}
        self._further: ReportedFinding | None = None
        self._further_texts: set[str] = set()

    def add(self, exchange: ShownExchange, finding: ShownFinding) -> None:
        group = self._group(exchange, finding)
        group["count"] += 1
        if len(group["requests"]) < MAX_REQUESTS_NAMED:
            group["requests"].append(exchange["number"])
        site, sites = exchange["call_site"], group["call_sites"]
        if site and site not in sites and len(sites) < _MAX_CALL_SITES:
            sites.append(site)

    def findings(self) -> Iterator[ReportedFinding]:
        yield from self._by_text.values()
        if self._further:
            if len(self._further_texts) > 1:
                self._further["message"] += f" (one of {len(self._further_texts):,} further texts)"
            yield self._further

    def _group(self, exchange: ShownExchange, finding: ShownFinding) -> ReportedFinding:
        text = finding["message"]
        if text in self._by_text:
            return self._by_text[text]
        if len(self._by_text) < MAX_TEXTS:
            self._by_text[text] = self._uncounted(exchange, finding)
            return self._by_text[text]
        self._further_texts.add(text)
        self._further = self._further or self._uncounted(exchange, finding)
        return self._further

    def _uncounted(self, exchange: ShownExchange, finding: ShownFinding) -> ReportedFinding:
        return {
            "code": finding["code"],
            "severity": finding["severity"],
            "operation": finding["operation"],
            "pointer": finding["pointer"],
            "message": finding["message"],
            "sent": sent_at(exchange, finding["pointer"]),
            "expected": expected_at(self._contract, finding),
            "evidence": finding["evidence"],
            "count": 0,
            "requests": [],
            "call_sites": [],
            "known": False,
        }


def _all_findings(
    exchanges: Sequence[ShownExchange], outcomes: Sequence[RetryOutcome]
) -> Iterator[tuple[ShownExchange, ShownFinding]]:
    """Return each finding, as the journal presents it, with its exchange."""
    repeated_deletions = {outcome.retry["number"] for outcome in outcomes if outcome.retry and outcome.is_repeated}
    for exchange in exchanges:
        for finding in exchange["findings"]:
            # What a call deleted whose answer was lost is rightly deleted again, and is not there any more.
            if finding["code"] != "not-found" or exchange["number"] not in repeated_deletions:
                yield exchange, finding
    for outcome in outcomes:
        for found in outcome.findings():
            yield outcome.exchange, _presented(found, outcome.exchange["operation"])


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
