"""A run of a client beside its baseline: what is new, and what its coverage has lost.

The coverage points of a baseline may only become more. It keeps none of error responses: these come with fault plans
and mistakes, and a client that mends one loses them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from mock_server.spec.points import is_answer_point
from mock_server.text import counted
from mock_server.verdict.baseline import (
    Baseline,
    BaselineEntry,
    EntryComparison,
    Place,
    compare_entries,
    entries_with,
)
from mock_server.verdict.coverage import (
    OperationCoverage,
    all_points,
    exercised_points,
    mean_percent,
    percent_of,
)

_NAMED_OPERATIONS = 5
_NAMED_POINTS = 5


class Comparison(EntryComparison):
    """A run beside its baseline.

    `known`: how many entries the run met, apart from those that have `expired`. `not_met`: the entries that it did not
    meet. `lost_points`: what the baseline has covered and the run has not, by operation. `coverage_percent`,
    `coverage_was`: the coverage of the run, and that of the baseline's points with the run's error responses, both of
    used operations.
    """

    lost_points: dict[str, list[str]]
    coverage_percent: float
    coverage_was: float


def compare(
    baseline: Baseline, findings: Iterable[Place], operations: Mapping[str, OperationCoverage], today: date
) -> Comparison:
    """Compare a run with what is known. `operations`: the coverage of the run."""
    lost = {name: _lost(points, operations[name]) for name, points in baseline.coverage.items() if name in operations}
    before = [_counts_before(points, operations[name]) for name, points in baseline.coverage.items() if name in lost]
    return {
        **compare_entries(baseline, findings, today),
        "lost_points": {name: points for name, points in lost.items() if points},
        "coverage_percent": percent_of(operations.values()),
        "coverage_was": mean_percent(before),
    }


def updated(
    baseline: Baseline,
    findings: Iterable[Place],
    operations: Mapping[str, OperationCoverage],
    *,
    prune: bool = False,
    is_part: bool = False,
) -> Baseline:
    """Return a baseline that knows all findings of a run, and what it covered.

    `prune`: drop the entries that the run did not meet though it could have, because it called their operation; those
    without an operation any run could have met. `is_part`: the run was a part of the client's tests, and says nothing
    of what it did not exercise.
    """

    def drops(entry: BaselineEntry) -> bool:
        return prune and (entry["operation"] is None or entry["operation"] in covered)

    covered = _kept_points(operations)
    if is_part:
        covered = {name: [*baseline.coverage.get(name, ()), *points] for name, points in covered.items()}
    return replace(
        baseline,
        entries=entries_with(baseline, findings, drops),
        coverage={**baseline.coverage, **{name: sorted({*points}) for name, points in covered.items()}},
    )


def fallen_coverage(comparison: Comparison) -> str:
    """Return a sentence on what the run has lost of the baseline's coverage, empty where it has lost nothing."""
    lost = [f"{name} lost {_named(points)}" for name, points in comparison["lost_points"].items()]
    if not lost:
        return ""
    more = len(lost) - _NAMED_OPERATIONS
    named = [*lost[:_NAMED_OPERATIONS], *([f"and {counted(more, 'more operation')}"] if more > 0 else [])]
    return f"coverage {comparison['coverage_percent']}, was {comparison['coverage_was']}: {'; '.join(named)}"


def _named(points: Sequence[str]) -> str:
    more = len(points) - _NAMED_POINTS
    return ", ".join(points[:_NAMED_POINTS]) + (f" and {more} more" if more > 0 else "")


def _kept_points(operations: Mapping[str, OperationCoverage]) -> dict[str, list[str]]:
    """Return the exercised points of each used operation, without those of error responses."""
    return {
        name: [point for point in exercised_points(covered) if not is_answer_point(point)]
        for name, covered in operations.items()
        if covered["requests"]
    }


def _lost(points: Iterable[str], covered: OperationCoverage) -> list[str]:
    """Return which of the points the contract still has and the run has not exercised."""
    return sorted({*points} & {*covered["missing"]})


def _counts_before(points: Iterable[str], covered: OperationCoverage) -> tuple[int, int]:
    """Return how many points of an operation were exercised, the run's error responses included, and all its points."""
    every = {*all_points(covered)}
    answers = filter(is_answer_point, exercised_points(covered))
    return len({*points, *answers} & every), len(every)
