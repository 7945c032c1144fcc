"""The report as one HTML page, complete in itself: no network, no script but its own.

What clients sent is hostile. It is escaped and shown as text, control characters as `\\u001b`, long texts only in
part. A finding that the page has no more room for is counted and not shown.
"""

import base64
import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import escape

from mock_server.check.verdict import NOTHING_CAPTURED
from mock_server.coverage import CALL
from mock_server.errors import SEVERITIES
from mock_server.exhibits.clauses import Clause, Clauses, definition_of
from mock_server.exhibits.examples import CLIPPED_LINE, Example, Shown, clip, example_of
from mock_server.exhibits.templates import environment, visible
from mock_server.journal import KEPT_BYTES
from mock_server.spec import Contract

_MAX_KINDS = 200
"""How many kinds of finding are shown of an operation."""
_MAX_EXAMPLES = 3
_MAX_HOSTS = 50
_MARKUP_BYTES = 60
_MAX_BYTES = 4_200_000
"""How much the findings may take together, so that the page stays under 5 MB."""


@dataclass(slots=True)
class Kind:
    """A finding of the document with what is shown of it. `others`: the numbers of the other requests."""

    finding: Mapping[str, Any]
    message: Shown
    clause: Clause
    examples: list[Example] = field(default_factory=list)
    is_shown: bool = False

    @property
    def others(self) -> str:
        shown = {example.number for example in self.examples}
        return _ranges(number for number in self.finding["requests"] if number not in shown)


def html_report(
    document: dict[str, Any], exchanges: Mapping[int, Mapping[str, Any]], contract: Contract, *, command: str
) -> str:
    """The page. `document`: as `mock_server.report` makes it; `exchanges`: the journal's, by their number.

    Of `exchanges` only the first numbers of each finding are looked up, and any may be absent.
    `command`: the shell text of what was checked.
    """
    kinds = _kinds(document["findings"], contract)
    _fill(kinds, exchanges, contract)
    hosts = document["foreign_hosts"]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            version=document["version"],
            summary=document["summary"],
            verdict=_verdict(document["summary"]),
            nothing_captured=NOTHING_CAPTURED,
            command=clip(command),
            hosts=hosts[:_MAX_HOSTS],
            more_hosts=len(hosts) - _MAX_HOSTS,
            groups=_groups(document["findings"], kinds, contract),
            coverage=_coverage(document["coverage"]["operations"], contract),
            severities=SEVERITIES,
            kept_bytes=KEPT_BYTES,
        )
    )


def _environment() -> Environment:
    made = environment(Path(__file__).parent)
    made.filters["csp_hash"] = _csp_hash
    return made


def _csp_hash(text: str) -> str:
    """How a Content-Security-Policy allows this very style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _verdict(summary: Mapping[str, Any]) -> str:
    if not summary["requests"]:
        return "nothing"
    if summary["violations"]:
        return "broken"
    return "failed" if summary["exit_code"] else "passed"


def _kinds(findings: Sequence[Mapping[str, Any]], contract: Contract) -> list[Kind]:
    """The findings that may be shown: the gravest and most frequent of each operation, in turns."""
    seen: Counter[str | None] = Counter()
    ranked = []
    for finding in sorted(findings, key=lambda finding: (SEVERITIES.index(finding["severity"]), -finding["count"])):
        ranked.append((seen[finding["operation"]], finding))
        seen[finding["operation"]] += 1
    ranked.sort(key=lambda entry: entry[0])
    clauses = Clauses(contract)
    return [
        Kind(finding, clip(finding["message"], limit=CLIPPED_LINE), clauses.of(finding))
        for rank, finding in ranked
        if rank < _MAX_KINDS
    ]


def _fill(kinds: Sequence[Kind], exchanges: Mapping[int, Mapping[str, Any]], contract: Contract) -> None:
    """Gives each kind its examples, first one to all, then further ones, while there is room."""
    room = _MAX_BYTES
    for position in range(_MAX_EXAMPLES):
        for kind in kinds:
            parts: list[Any] = [] if position else [kind.finding["pointer"], kind.message, kind.clause]
            numbers = list(dict.fromkeys(kind.finding["requests"]))[position : position + 1]
            examples = [example_of(exchanges[n], kind.finding, contract) for n in numbers if n in exchanges]
            room -= _weight([*parts, *examples])
            if room < 0:
                return
            kind.is_shown = True
            kind.examples += examples


def _weight(value: Any) -> int:
    """About how many bytes a value takes on the page."""
    if isinstance(value, str):
        return len(str(escape(visible(value))).encode()) + _MARKUP_BYTES
    if isinstance(value, Mapping):
        return sum(map(_weight, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_weight, value))
    if dataclasses.is_dataclass(value):
        return sum(_weight(getattr(value, part.name)) for part in dataclasses.fields(value))
    return 0


def _groups(findings: Sequence[Mapping[str, Any]], kinds: Sequence[Kind], contract: Contract) -> list[dict[str, Any]]:
    """The findings of each operation; those with the gravest first, those of no operation last."""
    groups: list[dict[str, Any]] = []
    for name in [*contract.operations, None]:
        all = [finding for finding in findings if finding["operation"] == name]
        if not all:
            continue
        shown = [kind for kind in kinds if kind.is_shown and kind.finding["operation"] == name]
        counts = Counter[str]()
        for finding in all:
            counts[finding["severity"]] += finding["count"]
        operation = contract.operations.get(name or "")
        groups.append(
            {
                "operation": operation,
                "summary": definition_of(contract, operation).get("summary", ""),
                "kinds": shown,
                "more": len(all) - len(shown),
                "counts": counts,
            }
        )
    return sorted(groups, key=lambda group: [not group["operation"], *(not group["counts"][it] for it in SEVERITIES)])


def _coverage(operations: Mapping[str, Mapping[str, Any]], contract: Contract) -> list[dict[str, Any]]:
    """A row an operation, with its points: `found` with how often, `missing`, and how many there are of both."""
    rows = []
    for name, covered in operations.items():
        called = {} if CALL in covered["missing"] else {CALL: _accepted(covered["statuses"])}
        found = {**called, **covered["fields"]}
        operation = contract.operations[name]
        rows.append(
            {
                "operation": operation,
                "requests": covered["requests"],
                "statuses": covered["statuses"],
                "documented": {str(status) for status in operation.answers},
                "found": found,
                "missing": covered["missing"],
                "points": len(found) + len(covered["missing"]),
            }
        )
    return rows


def _accepted(statuses: Mapping[str, int]) -> int:
    return sum(count for status, count in statuses.items() if status.startswith("2"))


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers in order, three or more in a row as their first and last."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(f"{row[0]}–{row[-1]}" if len(row) > 2 else ", ".join(map(str, row)) for row in ranges)
