"""What the tests of a session found and exercised, gathered from all workers, and judged beside a baseline."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import pytest

from mock_server.errors import UsageError
from mock_server.findings import FailOn, fails
from mock_server.pytest_plugin.exercised import Exercised, ExercisedRow
from mock_server.pytest_plugin.unattributed import Row
from mock_server.text import counted

if TYPE_CHECKING:
    from mock_server.pytest_plugin.known_findings import KnownFindings


class WorkerOutput(TypedDict):
    """What a worker of xdist sends. `found`: code, operation and pointer of each finding.

    `failed`: how many tests findings have failed. `deselects`: whether tests were deselected.
    """

    exercised: list[ExercisedRow]
    found: list[tuple[str, str | None, str]]
    failed: int
    deselects: bool


class SessionRecord:
    """The record of a session. `deselects`: whether tests were deselected.

    `lines`: what there is to say of the baseline, in the end.
    """

    def __init__(self, known: "KnownFindings | None") -> None:
        self.exercised = Exercised()
        self.deselects = False
        self.lines: list[str] = []
        self._known = known
        self._failed = 0

    @classmethod
    def of(cls, config: pytest.Config) -> "SessionRecord":
        """Return an empty record. Raises UsageError that says what is wrong with the baseline."""
        return cls(_known_findings(config))

    def failing(self, findings: Sequence[Row], fail_on: FailOn) -> list[Row]:
        """Record the findings of a test, and return those that fail it."""
        if self._known:
            failing = self._known.failing(findings, fail_on)
        else:
            failing = [finding for finding in findings if fails(finding["severity"], fail_on)]
        self._failed += bool(failing)
        return failing

    def worker_output(self) -> WorkerOutput:
        """Return the record for the process that controls the workers."""
        return {
            "exercised": self.exercised.rows(),
            "found": sorted(self._known.found, key=str) if self._known else [],
            "failed": self._failed,
            "deselects": self.deselects,
        }

    def add_worker(self, output: WorkerOutput) -> None:
        """Add what a worker has sent."""
        self.exercised.add_worker(output["exercised"])
        self._failed += output["failed"]
        self.deselects |= output["deselects"]
        if self._known:
            self._known.found.update((code, operation, pointer) for code, operation, pointer in output["found"])

    def finish(self, session: pytest.Session) -> None:
        """Compare the session with its baseline, or write that; a fallen coverage fails the session."""
        if not self._known or not self.exercised.requests.total():
            return
        is_part = self.deselects or _names_a_part(session.config)
        try:
            self.lines, failed = self._known.finish(
                self.exercised.operations(), is_part=is_part, trouble=self._trouble(session)
            )
        except UsageError as error:
            self.lines, failed = [str(error)], True
        if failed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _trouble(self, session: pytest.Session) -> str:
        """Return why the session shows too little of the client, if it does."""
        if session.shouldstop or session.shouldfail or session.exitstatus not in (0, 1):
            return "the session was stopped"
        if failed := session.testsfailed - self._failed:
            return f"{counted(failed, 'test')} failed by {'itself' if failed == 1 else 'themselves'}"
        return ""


def _known_findings(config: pytest.Config) -> "KnownFindings | None":
    file: str = config.getini("segmetrics_baseline")
    update, prune = (config.getoption(f"segmetrics_baseline_{change}") for change in ("update", "prune"))
    if not file:
        if update or prune:
            raise pytest.UsageError("name the baseline to change: segmetrics_baseline = FILE in pytest's settings")
        return None
    from mock_server.pytest_plugin.known_findings import KnownFindings
    from mock_server.verdict.baseline import baseline_of

    path = str(config.rootpath / file)
    try:
        baseline = baseline_of(path, "check", changes=update or prune)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    assert baseline is not None
    return KnownFindings(path, file, baseline, update, prune)


def _names_a_part(config: pytest.Config) -> bool:
    """Return whether the command line names a part of the tests, or ignores one."""
    options = config.option
    if getattr(options, "lf", False) or options.ignore or options.ignore_glob:
        return True
    named = [config.invocation_params.dir / argument for argument in config.args]
    tests = [config.rootpath / path for path in config.getini("testpaths")]
    if tests:
        return not all(any(path.is_relative_to(folder) for folder in named) for path in tests)
    return not all(_is_whole(folder, config.rootpath) for folder in named)


def _is_whole(path: Path, root: Path) -> bool:
    """Return whether a path is the project's folder, or one in it, such as `tests`: then it has all tests."""
    return path.is_dir() and root in (path, path.parent)
