"""The baseline of a session: the same file and the same rules as for `check`, see `verdict.baseline`.

It is imported only where a project has one: it loads YAML and JSON Schema.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from mock_server.findings import FailOn, fails
from mock_server.pytest_plugin.unattributed import Row
from mock_server.text import counted
from mock_server.verdict.baseline import (
    Baseline,
    Identity,
    Place,
    expiry,
    has_expired,
    identity,
    is_known,
    write_baseline,
)
from mock_server.verdict.comparison import Comparison, compare, fallen_coverage, updated
from mock_server.verdict.coverage import OperationCoverage


@dataclass(slots=True)
class KnownFindings:
    """The baseline of a session, and what its tests have found so far.

    `path`: of the file; `name`: the same as the project's settings have it. `today`: the day by which entries expire.
    """

    path: str
    name: str
    baseline: Baseline
    update: bool
    prune: bool
    today: date = field(default_factory=date.today)
    found: set[Identity] = field(default_factory=set)

    @property
    def is_to_be_written(self) -> bool:
        return self.baseline.is_new or self.update or self.prune

    def failing(self, findings: Iterable[Row], fail_on: FailOn) -> list[Row]:
        """Return the findings of a test that fail it: what is new, unless the session adds it, and what has expired."""
        failing = []
        for finding in findings:
            place: Place = {
                "code": finding["code"],
                "operation": finding["operation"],
                "pointer": finding["pointer"],
            }
            self.found.add(identity(place))
            entry = self.baseline.entries.get(identity(place))
            if entry and has_expired(entry, self.today):
                failing.append({**finding, "message": f"{finding['message']} ({expiry(entry)})"})
            elif fails(finding["severity"], fail_on) and not (
                self.is_to_be_written or is_known(self.baseline, place, self.today)
            ):
                failing.append(finding)
        return failing

    def finish(
        self, operations: Mapping[str, OperationCoverage], *, is_part: bool, trouble: str
    ) -> tuple[list[str], bool]:
        """Write the baseline, if the session is to; return what to say of it, and whether the coverage fell.

        `is_part`: not all tests were run. `trouble`: why the session says too little to be written or compared.
        """
        places: list[Place] = [
            {"code": code, "operation": operation, "pointer": pointer} for code, operation, pointer in self.found
        ]
        lines = []
        if trouble and self.is_to_be_written:
            lines.append(f"{self.name} is not written: {trouble}")
        elif self.is_to_be_written:
            prune = self.prune and not is_part
            self.baseline = updated(self.baseline, places, operations, prune=prune, is_part=is_part)
            write_baseline(self.path, self.baseline)
            kept = "; nothing is dropped from it, because not all tests were run" if self.prune and is_part else ""
            lines.append(f"{self.name} is written{kept}")
        comparison = compare(self.baseline, places, operations, self.today)
        is_whole = not is_part and not trouble
        fallen = fallen_coverage(comparison) if is_whole else ""
        lines.append(self._summary(comparison, is_whole=is_whole))
        lines += map(expiry, comparison["expired"])
        return [*lines, *filter(None, [fallen])], bool(fallen)

    def _summary(self, comparison: Comparison, *, is_whole: bool) -> str:
        parts = [counted(comparison["known"], "known finding")]
        if new := len(self.found - self.baseline.entries.keys()):
            parts.append(f"{new} new (--segmetrics-baseline-update adds them)")
        if comparison["not_met"] and is_whole:
            parts.append(f"{len(comparison['not_met'])} not met any more (--segmetrics-baseline-prune drops them)")
        return f"{self.name}: {', '.join(parts)}"
