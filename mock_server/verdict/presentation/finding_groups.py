"""Choose the findings of a report that a page has room for, and put them into groups by operation.

A finding that the page has no room for is counted and not shown.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import escape

from mock_server.findings import SEVERITIES
from mock_server.journal import ShownExchange
from mock_server.spec import Contract, Operation
from mock_server.verdict.presentation.excerpts import MAX_LINE, Excerpt, Highlighted, excerpt_of, truncate
from mock_server.verdict.presentation.spec_excerpts import SpecExcerpt, SpecExcerpts, definition_of
from mock_server.verdict.presentation.templates import visible
from mock_server.verdict.reported_findings import ReportedFinding

_MAX_FINDINGS = 200  # of an operation
_MAX_EXCERPTS = 3  # of a finding
_MARKUP_BYTES = 60  # of a text
_MAX_BYTES = 4_200_000  # of all findings, so that the page stays under 5 MB


@dataclass(slots=True)
class PresentedFinding:
    """A finding of the report with what a page shows of it."""

    finding: ReportedFinding
    message: Highlighted
    spec_excerpt: SpecExcerpt
    excerpts: list[Excerpt] = field(default_factory=list)
    fits: bool = False

    @property
    def other_requests(self) -> str:
        """Return the numbers of the requests that no excerpt shows, such as `3, 7` or a range."""
        excerpted = {excerpt.number for excerpt in self.excerpts}
        return _ranges(number for number in self.finding["requests"] if number not in excerpted)


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of an operation, or of requests that match none. `more`: how many of them are not shown.

    `counts`: how often each severity occurred.
    """

    operation: Operation | None
    summary: str
    findings: Sequence[PresentedFinding]
    more: int
    counts: Mapping[str, int]


def finding_groups(
    findings: Sequence[ReportedFinding], exchanges: Mapping[int, ShownExchange], contract: Contract
) -> list[FindingGroup]:
    """Return the groups, those with the gravest findings first, that of no operation last.

    `exchanges`: the journal's, by their number. Only the first requests of each finding are read; any may be absent.
    """
    presented = _candidates(findings, contract)
    _add_excerpts(presented, exchanges, contract)
    groups = [
        _group(name, of_operation, presented, contract)
        for name in [*contract.operations, None]
        if (of_operation := [finding for finding in findings if finding["operation"] == name])
    ]
    return sorted(groups, key=lambda group: [not group.operation, *(not group.counts[it] for it in SEVERITIES)])


def _candidates(findings: Sequence[ReportedFinding], contract: Contract) -> list[PresentedFinding]:
    """Return the gravest and most frequent findings of each operation, the operations in turns."""
    ranks: Counter[str | None] = Counter()
    ranked = []
    for finding in sorted(findings, key=lambda finding: (SEVERITIES.index(finding["severity"]), -finding["count"])):
        ranked.append((ranks[finding["operation"]], finding))
        ranks[finding["operation"]] += 1
    ranked.sort(key=lambda entry: entry[0])
    spec_excerpts = SpecExcerpts(contract)
    return [
        PresentedFinding(finding, truncate(finding["message"], limit=MAX_LINE), spec_excerpts.of(finding))
        for rank, finding in ranked
        if rank < _MAX_FINDINGS
    ]


def _add_excerpts(
    presented: Sequence[PresentedFinding], exchanges: Mapping[int, ShownExchange], contract: Contract
) -> None:
    """Give each finding its excerpts, the first one to all before the second one to any, while there is room."""
    room = _MAX_BYTES
    for position in range(_MAX_EXCERPTS):
        for one in presented:
            texts: list[Any] = [] if position else [one.finding["pointer"], one.message, one.spec_excerpt]
            numbers = list(dict.fromkeys(one.finding["requests"]))[position : position + 1]
            excerpts = [excerpt_of(exchanges[n], one.finding, contract) for n in numbers if n in exchanges]
            room -= _size_bytes([*texts, *excerpts])
            if room < 0:
                return
            one.fits = True
            one.excerpts += excerpts


def _group(
    name: str | None, findings: Sequence[ReportedFinding], presented: Sequence[PresentedFinding], contract: Contract
) -> FindingGroup:
    operation = contract.operations.get(name or "")
    shown = [one for one in presented if one.fits and one.finding["operation"] == name]
    counts = Counter[str]()
    for finding in findings:
        counts[finding["severity"]] += finding["count"]
    summary = definition_of(contract, operation).get("summary", "")
    return FindingGroup(operation, summary, shown, len(findings) - len(shown), counts)


def _size_bytes(value: Any) -> int:
    """Estimate how many bytes a value takes on the page."""
    if isinstance(value, str):
        return len(str(escape(visible(value))).encode()) + _MARKUP_BYTES
    if isinstance(value, Mapping):
        return sum(map(_size_bytes, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_size_bytes, value))
    if dataclasses.is_dataclass(value):
        return sum(_size_bytes(getattr(value, part.name)) for part in dataclasses.fields(value))
    return 0


def _ranges(numbers: Iterable[int]) -> str:
    """Return numbers in order, three or more in a row as their first and last."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(f"{row[0]}–{row[-1]}" if len(row) > 2 else ", ".join(map(str, row)) for row in ranges)
