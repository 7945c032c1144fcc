"""The events that a run of the suite writes, a line of JSON each, as `contracts/events.py` makes them.

They are declared here once more, because neither side may import the other; a test compares the two.
"""

from typing import Literal, TypedDict


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
