"""What the tests of a session have exercised of the contract."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.verdict.coverage import OperationCoverage

# Of an operation: its name, its requests, the points found and those missing.
ExercisedRow = tuple[str, int, list[str], list[str]]


class Exercised:
    """What the tests of a session have exercised, by operation: requests, exercised points, all points."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.found: dict[str, set[str]] = {}
        self.every: dict[str, set[str]] = {}

    def add_report(self, operations: Mapping[str, "OperationCoverage"]) -> None:
        """Add the `coverage.operations` of a report."""
        from mock_server.verdict.coverage import exercised_points

        for name, covered in operations.items():
            self._add(name, covered["requests"], exercised_points(covered), covered["missing"])

    def add_worker(self, rows: Iterable[ExercisedRow]) -> None:
        """Add the rows of a worker."""
        for row in rows:
            self._add(*row)

    @property
    def percent(self) -> float:
        """Return the coverage of the operations that were used."""
        from mock_server.verdict.coverage import percent_of

        return percent_of(self.operations().values())

    def operations(self) -> dict[str, "OperationCoverage"]:
        """Return the coverage of each operation as a report has it, each point once and without statuses."""
        from mock_server.verdict.coverage import CALL

        return {
            name: {
                "requests": self.requests[name],
                "statuses": {},
                "fields": dict.fromkeys(sorted(self.found[name] - {CALL}), 1),
                "missing": sorted(every - self.found[name]),
            }
            for name, every in self.every.items()
        }

    def rows(self) -> list[ExercisedRow]:
        """Return rows that xdist can send: operation, requests, points found, points missing."""
        return [
            (name, self.requests[name], sorted(self.found[name]), sorted(every - self.found[name]))
            for name, every in self.every.items()
        ]

    def _add(self, name: str, requests: int, found: Iterable[str], missing: Iterable[str]) -> None:
        self.requests[name] += requests
        self.found.setdefault(name, set()).update(found)
        self.every.setdefault(name, set()).update(found, missing)
