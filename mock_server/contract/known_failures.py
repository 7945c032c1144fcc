"""The failures of a run beside a baseline: the same file and the same rules as for a client, see `verdict.baseline`."""

from dataclasses import dataclass, field, replace
from datetime import date

from mock_server.contract.events import FailureEvent
from mock_server.contract.report import Report
from mock_server.text import counted
from mock_server.verdict.baseline import (
    CONTRACT_CODE,
    Baseline,
    BaselineEntry,
    Place,
    baseline_of,
    compare_entries,
    entries_with,
    expiry,
    has_expired,
    write_baseline,
)

# Which rule an error of the server breaks differs from call to call: any call of the operation could show one.
_SERVER_ERROR = f"{CONTRACT_CODE}server-error"


@dataclass(slots=True)
class KnownFailures:
    """The baseline of a run. `today`: the day by which its entries expire."""

    path: str
    baseline: Baseline
    update: bool
    prune: bool
    today: date = field(default_factory=date.today)

    @classmethod
    def of(cls, path: str, *, update: bool, prune: bool) -> "KnownFailures | None":
        """Return what a baseline knows; None without one. Raises UsageError that says what is wrong with the file."""
        baseline = baseline_of(path, "contract", changes=update or prune)
        return None if baseline is None else cls(path, baseline, update, prune)

    @property
    def is_to_be_written(self) -> bool:
        return self.baseline.is_new or self.update or self.prune

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Return operation and code of each failure that is known."""
        accepted = [entry for entry in self.baseline.entries.values() if not has_expired(entry, self.today)]
        return frozenset((entry["operation"] or "", entry["code"]) for entry in accepted)

    def compare(self, report: Report, *, is_whole: bool, reaches_all: bool) -> list[str]:
        """Write the baseline if the run is to; then mark in the report what is known, and return what to say of it.

        `is_whole`: the run was not interrupted. `reaches_all`: whatever a rule is about, the run comes to it in each of
        its operations; one that is quick or stops early, only to the rules that it has asserted.
        """
        places = list(map(_place, report.failures))
        lines = []
        if self.is_to_be_written and is_whole and not report.errors:
            entries = entries_with(
                self.baseline, places, lambda entry: self.prune and _could_meet(entry, report, reaches_all=reaches_all)
            )
            self.baseline = replace(self.baseline, entries=entries)
            write_baseline(self.path, self.baseline)
        elif self.is_to_be_written:
            why = "calls got no response" if report.errors else "the run was interrupted"
            lines.append(f"- the baseline {self.path} is not written: {why}")
        report.known = self.pairs
        comparison = compare_entries(self.baseline, places, self.today)
        known = counted(comparison["known"], "known finding")
        not_met = [entry for entry in comparison["not_met"] if _could_meet(entry, report, reaches_all=reaches_all)]
        more = f", {len(not_met)} not met any more (--baseline-prune drops them)" if not_met else ""
        return [*lines, *(f"- {expiry(entry)}" for entry in comparison["expired"]), f"baseline: {known}{more}"]


def _place(failure: FailureEvent) -> Place:
    return {"code": failure["code"], "operation": failure["operation"], "pointer": "/"}


def _could_meet(entry: BaselineEntry, report: Report, *, reaches_all: bool) -> bool:
    """Return whether the run could have found a failure again."""
    assert report.end is not None
    operation, rule = entry["operation"], entry["code"].removeprefix(CONTRACT_CODE)
    if reaches_all:
        return operation in {reached for _, reached in report.scenarios}
    return any(
        reached["operation"] == operation and (reached["rule"] == rule or entry["code"] == _SERVER_ERROR)
        for reached in report.end["reached"]
    )
