"""Measure what of the contract a run has exercised.

A *point* is a field of a body or a parameter of a query, a value of an enum, a form of a tag or an ad, or null where it
means something; each operation has one more, `call`. They are exercised when an accepted call had them. The error
responses that a client can meet without a mistake of its own are points too, `answer=404`: exercised when the client
got one, from the API itself or from an injected fault, so that a run with a fault plan covers more. See `spec.points`.

An operation's share is its exercised points by all its points, and the percentage is the mean of the shares of the
operations that the client used, with at least one request: what it does not use it need not exercise. On demand it is
that of all operations.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import orjson

from mock_server.journal import ShownExchange
from mock_server.journal.shown import ShownRequest
from mock_server.settings import CoverageOf
from mock_server.spec import Contract, Operation
from mock_server.spec.points import answer_point, exercised

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


class CoverageDocument(TypedDict):
    """The coverage of a run. `operations`: all of them, by name; `of`: which of them `percent` counts."""

    percent: float
    of: CoverageOf
    operations: dict[str, OperationCoverage]


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

    def count(self, exchange: ShownExchange) -> None:
        """Count an exchange. A body that the journal has cut counts for its operation alone."""
        if (operation := exchange["operation"]) is not None:
            self._operations[operation].count(exchange)

    def document(self, of: CoverageOf = "used") -> CoverageDocument:
        """Return the coverage of each operation, and the percentage of those that are used, or of all."""
        operations = {name: counter.document() for name, counter in self._operations.items()}
        return {"percent": percent_of(operations.values(), of), "of": of, "operations": operations}


def percent_of(operations: Iterable[OperationCoverage], of: CoverageOf = "used") -> float:
    """Return the mean of the shares of the operations that were used, or of all."""
    return mean_percent(
        (len(exercised_points(covered)), len(all_points(covered)))
        for covered in operations
        if covered["requests"] or of == "all"
    )


def mean_percent(counts: Iterable[tuple[int, int]]) -> float:
    """Return the mean of the shares of operations, each given as its exercised points and all its points."""
    shares = [found / every for found, every in counts]
    return round(100 * sum(shares) / len(shares), 1) if shares else 0.0


def exercised_points(covered: OperationCoverage) -> dict[str, int]:
    """Return how often each exercised point occurred, `call` first."""
    accepted = sum(count for status, count in covered["statuses"].items() if status.startswith("2"))
    return ({} if CALL in covered["missing"] else {CALL: accepted}) | covered["fields"]


def all_points(covered: OperationCoverage) -> list[str]:
    """Return the points of an operation, exercised or not."""
    return [*exercised_points(covered), *covered["missing"]]


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

    def count(self, exchange: ShownExchange) -> None:
        status = exchange["answer"]["status"]
        self._statuses[status] += 1
        if 200 <= status < 300:
            self._count_accepted(exchange["request"])
        elif answer_point(status) in self._points and _is_answered(exchange):
            self._found[answer_point(status)] += 1

    def _count_accepted(self, request: ShownRequest) -> None:
        self._found[CALL] += 1
        if self._operation.shape and (sent := self._sent(request)) is not None:
            # Validated again because the journal keeps what was sent, not the values that lenient mode read from it.
            accepted, _ = self._contract.validate(self._operation, sent, lenient=True)
            self._found.update(set(exercised(self._operation.shape, accepted)))

    def _sent(self, request: ShownRequest) -> Any:
        """Return the values of a body or a query; None for a body that the journal has cut."""
        if self._operation.takes_query:
            return self._contract.read_query(self._operation, request["path"], request["body"].encode())[0]
        return _parse(request["body"])

    def document(self) -> OperationCoverage:
        return {
            "requests": self._statuses.total(),
            "statuses": {str(status): count for status, count in sorted(self._statuses.items())},
            "fields": {point: self._found[point] for point in self._points if point in self._found and point != CALL},
            "missing": [point for point in self._points if point not in self._found],
        }


def _is_answered(exchange: ShownExchange) -> bool:
    """Return whether the client got a status: a reset sends none, and a client that left has not waited for it."""
    return exchange["abandoned_ms"] is None and not (exchange["fault"] or {}).get("reset")


def _parse(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
