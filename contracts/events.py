"""The events of a run, written as lines of JSON for the process that started it.

`mock_server/contract/events.py` describes the same documents for the reader; a test compares the two.
"""

import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Literal, TypedDict

from contracts.checks import Assertion, unobservable
from contracts.run import Run, Step

# A progress event at least every so many calls.
_CALLS_PER_PROGRESS = 25

_SERVER_ERROR = "server-error"


class StartEvent(TypedDict):
    """How many operations the run covers, and the phases that go through all of them."""

    event: Literal["start"]
    operations: int
    phases: list[str]


class ProgressEvent(TypedDict):
    """What the run is working on; `calls`: generated so far."""

    event: Literal["progress"]
    phase: str
    operation: str
    calls: int


class FailureEvent(TypedDict):
    """The first failure of a check for an operation and a rule.

    `code`: what a baseline knows it by, together with the operation; several checks may share it.
    `curl`: repeats the call that shows it; empty where no single call does, or where no command line can hold it.
    """

    event: Literal["failure"]
    code: str
    operation: str
    check: str
    rule: str
    title: str
    message: str
    curl: str


class ErrorEvent(TypedDict):
    """An error that Schemathesis met in testing, such as a lost connection. `operation`: empty for the whole run."""

    event: Literal["error"]
    operation: str
    text: str


class RuleSummary(TypedDict):
    """A rule of the document with the assertions that were made of it. `unobservable`: why no call can prove it."""

    name: str
    text: str
    kind: str
    note: str
    operation: str
    held: int
    broken: int
    unobservable: str


class FailureCount(TypedDict):
    """How often a check failed for an operation and a rule."""

    operation: str
    check: str
    rule: str
    count: int


class ReachedRule(TypedDict):
    """A rule that was asserted of calls of an operation."""

    operation: str
    rule: str


class EndEvent(TypedDict):
    """The whole run. `created`, `remaining`: objects that it made, and those that it could not delete."""

    event: Literal["end"]
    prefix: str
    calls: int
    follow_up_calls: int
    created: int
    remaining: int
    rules: list[RuleSummary]
    failure_counts: list[FailureCount]
    reached: list[ReachedRule]


Event = StartEvent | ProgressEvent | FailureEvent | ErrorEvent | EndEvent


def failure_code(check: str, rule: str) -> str:
    """Return what a baseline knows a failure by.

    It is the rule alone: which check finds that a rule is broken, and by which call, differs from seed to seed. An
    error of the server is one, whatever the rule of that call.
    """
    return f"contract/{_SERVER_ERROR if check == 'ServerError' else rule}"


class EventLog:
    """Counts what happens in a run and writes its events to a file, without one to nowhere.

    Schemathesis calls hooks in a thread of its own, event handlers in the main thread.
    """

    def __init__(self, path: Path | None) -> None:
        self.calls = 0
        self.succeeded: set[str] = set()
        self._file = (path or Path(os.devnull)).open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self._reached: set[tuple[str, str]] = set()
        self._held: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._failures: Counter[tuple[str, str, str]] = Counter()
        self._errors: set[tuple[str, str]] = set()
        self._phase = self._operation = ""

    def start(self, operations: int, phases: list[str]) -> None:
        self._write({"event": "start", "operations": operations, "phases": phases})

    def scenario(self, phase: str, operation: str) -> None:
        self._phase, self._operation = phase, operation
        self._progress()

    def call(self, step: Step) -> None:
        self.calls += 1
        if step.applied or (step.uncertain and step.status == 200):
            self.succeeded.add(step.operation.name)
        if self.calls % _CALLS_PER_PROGRESS == 0:
            self._progress()

    def assertion(self, operation: str, assertion: Assertion) -> None:
        self._reached.add((operation, assertion.rule))
        (self._held if assertion.held else self._broken)[assertion.rule] += 1

    def failure(self, operation: str, check: str, rule: str, *, title: str, message: str, curl: str = "") -> None:
        self._failures[operation, check, rule] += 1
        if self._failures[operation, check, rule] == 1:
            self._write(
                {
                    "event": "failure",
                    "code": failure_code(check, rule),
                    "operation": operation,
                    "check": check,
                    "rule": rule,
                    "title": title,
                    "message": message,
                    "curl": curl,
                }
            )

    def error(self, operation: str, kind: str, text: str) -> None:
        """Write the first error of a kind for an operation."""
        if (operation, kind) not in self._errors:
            self._errors.add((operation, kind))
            self._write({"event": "error", "operation": operation, "text": text})

    def end(self, run: Run, remaining: int) -> None:
        without_proof = unobservable(run)
        rules: list[RuleSummary] = [
            {
                "name": rule.name,
                "text": rule.text,
                "kind": rule.kind,
                "note": rule.note,
                "operation": rule.operation,
                "held": self._held[rule.name],
                "broken": self._broken[rule.name],
                "unobservable": without_proof.get(rule.name, ""),
            }
            for rule in run.document.rules.values()
        ]
        self._write(
            {
                "event": "end",
                "prefix": run.prefix,
                "calls": self.calls,
                "follow_up_calls": run.follow_up_calls,
                "created": len(run.created),
                "remaining": remaining,
                "rules": rules,
                "failure_counts": [
                    {"operation": operation, "check": check, "rule": rule, "count": count}
                    for (operation, check, rule), count in self._failures.items()
                ],
                "reached": [{"operation": operation, "rule": rule} for operation, rule in sorted(self._reached)],
            }
        )
        self._file.close()

    def _progress(self) -> None:
        self._write({"event": "progress", "phase": self._phase, "operation": self._operation, "calls": self.calls})

    def _write(self, event: Event) -> None:
        with self._lock:
            self._file.write(json.dumps(event) + "\n")
