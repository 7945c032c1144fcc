"""The result of a run of the contract suite, and its progress."""

import shutil
import sys
from collections.abc import Collection
from typing import Literal

from mock_server.contract.events import EndEvent, ErrorEvent, Event, FailureEvent, RuleSummary
from mock_server.output import may_stay_unread
from mock_server.text import counted

State = Literal["held", "not reached", "broken"]

_BAR_WIDTH = 18  # the whole line fits 80 columns


class Report:
    """The events of a run: its progress, its failures and errors, and in the end the assertions of each rule.

    `known`: operation and code of each failure that a baseline has. `scenarios`: the pairs of phase and operation that
    the run has come to.
    """

    def __init__(self, known: Collection[tuple[str, str]] = ()) -> None:
        self.known = known
        self.calls = 0
        self.phase = ""
        self.operation = ""
        self.total_scenarios = 0
        self.scenarios: set[tuple[str, str]] = set()
        self.failures: list[FailureEvent] = []
        self.errors: list[ErrorEvent] = []
        self.end: EndEvent | None = None

    def add(self, event: Event) -> None:
        if event["event"] == "start":
            self.total_scenarios = event["operations"] * len(event["phases"])
        elif event["event"] == "progress":
            self.calls = event["calls"]
            self.phase, self.operation = event["phase"], event["operation"]
            self.scenarios.add((self.phase, self.operation))
        elif event["event"] == "failure":
            self.failures.append(event)
        elif event["event"] == "error":
            self.errors.append(event)
        else:
            self.end = event
            self.calls = event["calls"]

    def kind_of(self, rule: str) -> str:
        """Return how a rule is known: `documented`, `integrator`, `client` or `assumed`."""
        assert self.end is not None
        return next(one["kind"] for one in self.end["rules"] if one["name"] == rule)

    @property
    def new_failures(self) -> list[FailureEvent]:
        """Return the failures that no baseline has."""
        return [failure for failure in self.failures if (failure["operation"], failure["code"]) not in self.known]

    @property
    def violations(self) -> list[FailureEvent]:
        """Return the new failures of what the vendor documents."""
        return [failure for failure in self.new_failures if self.kind_of(failure["rule"]) == "documented"]

    @property
    def broken_assumptions(self) -> dict[str, list[FailureEvent]]:
        """Return the new failures of what nobody documents, by their rules."""
        broken: dict[str, list[FailureEvent]] = {}
        for failure in self.new_failures:
            if self.kind_of(failure["rule"]) != "documented":
                broken.setdefault(failure["rule"], []).append(failure)
        return broken

    @property
    def known_failures(self) -> int:
        """Return how many failures a baseline has."""
        return len({(failure["operation"], failure["code"]) for failure in self.failures} & {*self.known})


def state_of(rule: RuleSummary) -> State:
    if rule["broken"]:
        return "broken"
    return "held" if rule["held"] else "not reached"


class Progress:
    """Shows the progress of a run: a bar on a terminal, else a line for each phase."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal
        self._phase = ""

    def show(self, report: Report) -> None:
        if report.phase:
            with may_stay_unread():
                self._print(report)

    def _print(self, report: Report) -> None:
        if self._terminal:
            total = max(report.total_scenarios, 1)
            filled = min(len(report.scenarios), total) * _BAR_WIDTH // total
            line = f"{'█' * filled}{'░' * (_BAR_WIDTH - filled)}"
            line += f" {report.phase:9} {report.operation:22} {report.calls:6,} calls"
            line += f"  {counted(len(report.new_failures), 'finding')}" if report.new_failures else ""
            print("\r" + line[: shutil.get_terminal_size().columns - 1] + "\x1b[K", end="", flush=True)
        elif report.phase != self._phase:
            print(f"{report.phase} …", flush=True)
        self._phase = report.phase

    def finish(self) -> None:
        if self._terminal:
            with may_stay_unread():
                print("\r\x1b[K", end="", file=sys.stdout, flush=True)
