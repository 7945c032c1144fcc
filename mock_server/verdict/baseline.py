"""A baseline: the findings of a client that are known, so that a run fails on what is new.

A finding is known by its code, its operation and its pointer, with `*` for the places in lists; its text, which quotes
what was sent, does not count. The file also keeps the coverage points that a run exercised: they may only become more.
It keeps none of error responses: these come with fault plans and mistakes, and a client that mends one loses them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NotRequired, TypedDict

import jsonschema_rs
import yaml

from mock_server.errors import UsageError
from mock_server.spec.points import is_answer_point
from mock_server.text import counted
from mock_server.verdict.coverage import (
    OperationCoverage,
    all_points,
    exercised_points,
    mean_percent,
    percent_of,
)

_HEADER = """\
# Known findings, written by segmetrics-mock. A run fails on findings that are not listed here.
# `reason`, `ticket` and `expires` (a day, such as 2027-01-31) are yours to add to a finding; other comments are lost
# when the file is updated.
"""
_INDEX = re.compile(r"/[0-9]+(?=/|$)")
_VERSION = 1
_NAMED_OPERATIONS = 5
_NAMED_POINTS = 5
_SCHEMA = jsonschema_rs.validator_for(
    {
        "type": "object",
        "required": ["version", "findings"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": _VERSION},
            "findings": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["code", "operation", "pointer"],
                    "additionalProperties": False,
                    "properties": {
                        "code": {"type": "string"},
                        "operation": {"type": ["string", "null"]},
                        "pointer": {"type": "string"},
                        "reason": {"type": "string"},
                        "ticket": {"type": "string"},
                        "expires": {"type": "string", "format": "date"},
                    },
                },
            },
            "coverage": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
    validate_formats=True,
)

# Code, operation, pointer.
Identity = tuple[str, str | None, str]


class Place(TypedDict):
    """What distinguishes a finding from others."""

    code: str
    operation: str | None
    pointer: str


class BaselineEntry(Place):
    """A known finding. `expires`: the last day on which it is accepted."""

    reason: NotRequired[str]
    ticket: NotRequired[str]
    expires: NotRequired[str]


class _Loader(yaml.SafeLoader):
    """YAML in which a day stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known of a client. `coverage`: the points that it exercised, by operation."""

    entries: Mapping[Identity, BaselineEntry]
    coverage: Mapping[str, Sequence[str]]


class Comparison(TypedDict):
    """A run beside its baseline.

    `known`: how many entries the run met, apart from those that have `expired`. `not_met`: the entries that it did not
    meet. `lost_points`: what the baseline has covered and the run has not, by operation. `coverage_percent`,
    `coverage_was`: the coverage of the run, and that of the baseline's points with the run's error responses, both of
    used operations.
    """

    known: int
    expired: list[BaselineEntry]
    not_met: list[BaselineEntry]
    lost_points: dict[str, list[str]]
    coverage_percent: float
    coverage_was: float


def identity(place: Place) -> Identity:
    """Return what distinguishes a finding from others, as a key."""
    return place["code"], place["operation"], _INDEX.sub("/*", place["pointer"])


def is_known(baseline: Baseline, place: Place, today: date) -> bool:
    """Return whether a finding is in the baseline, and its entry has not expired."""
    entry = baseline.entries.get(identity(place))
    return entry is not None and not _has_expired(entry, today)


def compare(
    baseline: Baseline, findings: Iterable[Place], operations: Mapping[str, OperationCoverage], today: date
) -> Comparison:
    """Compare a run with what is known. `operations`: the coverage of the run."""
    found = set(map(identity, findings))
    met = [entry for key, entry in baseline.entries.items() if key in found]
    expired = [entry for entry in met if _has_expired(entry, today)]
    lost = {name: _lost(points, operations[name]) for name, points in baseline.coverage.items() if name in operations}
    before = [_counts_before(points, operations[name]) for name, points in baseline.coverage.items() if name in lost]
    return {
        "known": len(met) - len(expired),
        "expired": expired,
        "not_met": [entry for key, entry in baseline.entries.items() if key not in found],
        "lost_points": {name: points for name, points in lost.items() if points},
        "coverage_percent": percent_of(operations.values()),
        "coverage_was": mean_percent(before),
    }


def updated(
    baseline: Baseline | None,
    findings: Iterable[Place],
    operations: Mapping[str, OperationCoverage],
    *,
    prune: bool = False,
) -> Baseline:
    """Return a baseline that knows all findings of a run, and what it covered.

    Entries keep their reason, ticket and day. `prune`: drop those that the run did not meet though it could have,
    because it called their operation.
    """
    found: dict[Identity, BaselineEntry] = {
        (code, operation, pointer): {"code": code, "operation": operation, "pointer": pointer}
        for code, operation, pointer in map(identity, findings)
    }
    before = baseline or Baseline({}, {})
    called = {name for name, covered in operations.items() if covered["requests"]}
    kept = {key: entry for key, entry in before.entries.items() if not prune or key in found or key[1] not in called}
    return Baseline({**found, **kept}, {**before.coverage, **_kept_points(operations)})


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


def _has_expired(entry: BaselineEntry, today: date) -> bool:
    return "expires" in entry and date.fromisoformat(entry["expires"]) < today


def read_baseline(path: str) -> Baseline | None:
    """Return the baseline in a file; None when there is no such file.

    Raises UsageError that says what is wrong with the file.
    """
    try:
        document = yaml.load(Path(path).read_text("utf-8"), _Loader)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the baseline {path} is not YAML: {' '.join(str(error).split())}") from error
    mistakes = [
        f"{'/'.join(map(str, error.instance_path)) or 'the file'}: {error.message}"
        for error in _SCHEMA.iter_errors(document)
    ]
    if mistakes:
        raise UsageError(f"the baseline {path} cannot be used: {'; '.join(mistakes[:5])}")
    entries: Iterable[BaselineEntry] = document["findings"]
    return Baseline({identity(entry): entry for entry in entries}, document.get("coverage", {}))


def write_baseline(path: str, baseline: Baseline) -> None:
    """Write a baseline to a file, sorted, so that a change of it reads well in a review. Raises UsageError."""
    entries = [baseline.entries[key] for key in sorted(baseline.entries, key=lambda key: (key[1] or "", *key))]
    coverage = {name: sorted(baseline.coverage[name]) for name in sorted(baseline.coverage)}
    document = {"version": _VERSION, "findings": [dict(entry) for entry in entries], "coverage": coverage}
    text = _HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be written: {error.strerror}") from error
