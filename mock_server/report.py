"""The report of a run: what was found, what was exercised. One document for JSON, pages and terminals.

    {"version": "0.1.0",
     "summary": {"requests", "violations", "warnings", "notices", "coverage_percent", "exit_code"},
     "findings": [{"code", "severity", "operation", "pointer", "message", "evidence", "count", "requests": [n, ...]}],
     "coverage": {"operations": {NAME: {"requests", "statuses": {}, "fields": {POINT: count}, "missing": [POINT]}}},
     "faults": [{"request", "operation", "fault", "outcome", "retry"}],
     "foreign_hosts": [{"host", "count"}]}

`faults`: what the client did after each fault that kept an answer from it, see `mock_server.resilience`.
`requests` of a finding are numbers of requests, the first hundred of them; `count` is how often it occurred. They are
the journal's own, or with `check` those of the run, in the order in which the requests came.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mock_server import __version__
from mock_server.coverage import Coverage
from mock_server.errors import SEVERITIES
from mock_server.journal import Journal
from mock_server.resilience import judge, reactions
from mock_server.spec import Contract
from mock_server.store.database import Session

NAMED_REQUESTS = 100
_GROUPED_BY = ("code", "severity", "operation", "pointer", "evidence")


def exchanges_of(journal: Journal, session: Session, account_ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The exchanges of some accounts, oldest first within each; the empty account has the calls of none."""
    for account_id in account_ids:
        after = 0
        while True:
            page = journal.page(session, account_id, after=after)
            yield from page["requests"]
            if "next" not in page:
                break
            after = int(page["next"])


def report_on(
    contract: Contract,
    exchanges: Iterable[Mapping[str, Any]],
    *,
    foreign_hosts: Mapping[str, int] | None = None,
    exit_code: int = 0,
) -> dict[str, Any]:
    """The document for exchanges as the journal presents them, gravest findings first."""
    exchanges = list(exchanges)
    coverage = Coverage(contract)
    for exchange in exchanges:
        coverage.count(exchange["operation"], exchange["answer"]["status"], exchange["request"]["body"])
    findings = _grouped(exchanges)
    counts = {
        f"{severity}s": sum(finding["count"] for finding in findings if finding["severity"] == severity)
        for severity in SEVERITIES
    }
    return {
        "version": __version__,
        "summary": {"requests": len(exchanges), **counts, "coverage_percent": coverage.percent, "exit_code": exit_code},
        "findings": findings,
        "coverage": {"operations": coverage.document()},
        "faults": [reaction.described() for reaction in reactions(exchanges)],
        "foreign_hosts": [{"host": host, "count": count} for host, count in sorted((foreign_hosts or {}).items())],
    }


def _grouped(exchanges: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each kind of finding once, with its count and the numbers of its requests."""
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for exchange, finding in _all_findings(exchanges):
        kind = tuple(finding[name] for name in _GROUPED_BY)
        group = groups.setdefault(kind, {**finding, "count": 0, "requests": []})
        group["count"] += 1
        if len(group["requests"]) < NAMED_REQUESTS:
            group["requests"].append(exchange["number"])
    return sorted(groups.values(), key=lambda finding: SEVERITIES.index(finding["severity"]))


def _all_findings(exchanges: list[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    for exchange in exchanges:
        yield from ((exchange, finding) for finding in exchange["findings"])
    for reaction in reactions(exchanges):
        for finding in judge(reaction):
            yield reaction.exchange, {**dataclasses.asdict(finding), "operation": reaction.exchange["operation"]}
