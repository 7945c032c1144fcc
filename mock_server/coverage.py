"""What of the contract a run has exercised.

A *point* is a field of a body, a value of an enum, a form of a tag or an ad, or null where it means something (see
`spec.points`); beside these each operation has one point of its own, `call`. A point is exercised when an accepted
call had it. An operation's share is its exercised points by all its points, and the percentage is the mean of the
shares of all operations: a client that never records ads cannot reach 100.
"""

from collections import Counter
from typing import Any

import orjson

from mock_server.spec import Contract, Operation
from mock_server.spec.points import exercised

CALL = "call"


class Coverage:
    """Counts what exchanges exercise, one after another."""

    def __init__(self, contract: Contract) -> None:
        self._operations = {
            name: _OperationCoverage(contract, operation) for name, operation in contract.operations.items()
        }

    def count(self, operation: str | None, status: int, body: str) -> None:
        """One exchange; `body` as the journal keeps it. A body that was cut counts for its operation alone."""
        if operation is not None:
            self._operations[operation].count(status, body)

    @property
    def percent(self) -> float:
        shares = [covered.share for covered in self._operations.values()]
        return round(100 * sum(shares) / len(shares), 1)

    def document(self) -> dict[str, Any]:
        """`{NAME: {requests, statuses: {STATUS: count}, fields: {POINT: count}, missing: [POINT]}}`."""
        return {name: covered.document() for name, covered in self._operations.items()}


class _OperationCoverage:
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
            accepted, _ = self._contract.settle(self._operation, sent, lenient=True)
            self._found.update(set(exercised(self._operation.shape, accepted)))

    @property
    def share(self) -> float:
        return sum(point in self._found for point in self._points) / len(self._points)

    def document(self) -> dict[str, Any]:
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
