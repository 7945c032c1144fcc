"""Measure what of the contract a run has exercised.

A *point* is a field of a body, a value of an enum, a form of a tag or an ad, or null where it means something (see
`spec.points`); each operation has one more point, `call`. A point is exercised when an accepted call had it. An
operation's share is its exercised points by all its points, and the percentage is the mean of the shares of all
operations: a client that never records ads cannot reach 100.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import orjson

from mock_server.spec import Contract, Operation
from mock_server.spec.points import exercised

CALL = "call"


class OperationCoverage(TypedDict):
    """What a run exercised of an operation, as the report has it.

    `statuses`: how often each status was seen, the documented ones with 0 too.
    `fields`: how often each exercised point occurred, without `call`. `missing`: the points that were not exercised.
    """

    requests: int
    statuses: dict[str, int]
    fields: dict[str, int]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """The coverage of an operation as pages show it.

    `documented`: the statuses that the contract names. `found`: how often each exercised point occurred.
    """

    operation: Operation
    requests: int
    statuses: Mapping[str, int]
    documented: frozenset[str]
    found: Mapping[str, int]
    missing: list[str]

    @property
    def is_accepted(self) -> bool:
        """Return whether any call of the operation was accepted."""
        return CALL in self.found

    @property
    def points(self) -> int:
        """Return how many points the operation has."""
        return len(self.found) + len(self.missing)


class Coverage:
    """Count what exchanges exercise, one after another."""

    def __init__(self, contract: Contract) -> None:
        self._operations = {
            name: _OperationCounter(contract, operation) for name, operation in contract.operations.items()
        }

    def count(self, operation: str | None, status: int, body: str) -> None:
        """Count an exchange; `body` as the journal keeps it. A body that was cut counts for its operation alone."""
        if operation is not None:
            self._operations[operation].count(status, body)

    @property
    def percent(self) -> float:
        shares = [counter.share for counter in self._operations.values()]
        return round(100 * sum(shares) / len(shares), 1)

    def document(self) -> dict[str, OperationCoverage]:
        """Return the coverage of each operation, by its name."""
        return {name: counter.document() for name, counter in self._operations.items()}


def exercised_points(covered: OperationCoverage) -> dict[str, int]:
    """Return how often each exercised point occurred, `call` first."""
    accepted = sum(count for status, count in covered["statuses"].items() if status.startswith("2"))
    return ({} if CALL in covered["missing"] else {CALL: accepted}) | covered["fields"]


def coverage_rows(operations: Mapping[str, OperationCoverage], contract: Contract) -> Iterator[CoverageRow]:
    """Return a row for each operation of a report."""
    for name, covered in operations.items():
        operation = contract.operations[name]
        yield CoverageRow(
            operation=operation,
            requests=covered["requests"],
            statuses=covered["statuses"],
            documented=frozenset(map(str, operation.answers)),
            found=exercised_points(covered),
            missing=covered["missing"],
        )


class _OperationCounter:
    def __init__(self, contract: Contract, operation: Operation) -> None:
        self._contract = contract
        self._operation = operation
        self._points = (CALL, *operation.points)
        self._found: Counter[str] = Counter()
        self._statuses = Counter(dict.fromkeys(operation.answers, 0))

    def count(self, status: int, body: str) -> None:
        self._statuses[status] += 1
        if not 200 <= status < 300:
            return
        self._found[CALL] += 1
        if self._operation.shape and (sent := _parse(body)) is not None:
            # Validated again because the journal keeps what was sent, not the values that lenient mode read from it.
            accepted, _ = self._contract.validate(self._operation, sent, lenient=True)
            self._found.update(set(exercised(self._operation.shape, accepted)))

    @property
    def share(self) -> float:
        return sum(point in self._found for point in self._points) / len(self._points)

    def document(self) -> OperationCoverage:
        return {
            "requests": self._statuses.total(),
            "statuses": {str(status): count for status, count in sorted(self._statuses.items())},
            "fields": {point: self._found[point] for point in self._points if point in self._found and point != CALL},
            "missing": [point for point in self._points if point not in self._found],
        }


def _parse(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
