"""The result of a run of the contract suite, as a terminal shows it."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal

from mock_server.contract.events import EndEvent, ErrorEvent, Event, FailureEvent, RuleSummary

State = Literal["held", "not reached", "broken"]

_COLOURS: dict[State, str] = {"held": "32", "not reached": "33", "broken": "31"}
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

    def text(self, seconds: float, *, colour: bool, beside: Sequence[str] = ()) -> str:
        """Return the verdict, failures by operation, errors and assumptions of a run that has ended.

        `beside`: what a baseline says of the run, a line each.
        """
        assert self.end is not None
        style = _Style(colour)
        verdict = "\n".join([self._verdict(self.end, seconds, style), *beside])
        parts = [verdict, *self._findings(self.end, style)]
        if broken := self._broken_assumptions():
            parts.append(_described_assumptions(broken, self.end, style))
        if self.errors:
            parts.append(self._errors(style))
        return "\n" + "\n\n".join([*parts, _assumptions(self.end, style), _remaining(self.end)])

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

    def _broken_assumptions(self) -> dict[str, list[FailureEvent]]:
        """Return the new failures of what nobody documents, by their rules."""
        broken: dict[str, list[FailureEvent]] = {}
        for failure in self.new_failures:
            if self.kind_of(failure["rule"]) != "documented":
                broken.setdefault(failure["rule"], []).append(failure)
        return broken

    def _verdict(self, end: EndEvent, seconds: float, style: "_Style") -> str:
        proved = sum(bool(rule["held"] or rule["broken"]) for rule in end["rules"])
        extent = f"{self.calls:,} cases and {end['follow_up_calls']:,} follow-up calls, {proved} rules, {seconds:.0f} s"
        found = []
        if self.violations:
            operations = len({failure["operation"] for failure in self.violations})
            found.append(f"{_counted(len(self.violations), 'finding')} in {_counted(operations, 'operation')}")
        if self.errors:
            found.append(_counted(len(self.errors), "error"))
        assumptions = len(self._broken_assumptions())
        hold = "assumption does not hold" if assumptions == 1 else "assumptions do not hold"
        if found:
            found += [f"{assumptions} {hold}"] if assumptions else []
            return style.state("broken", f"BROKEN: {', '.join(found)}; {extent}.")
        if assumptions:
            text = f"DIFFERENT: every documented rule that was reached held, {assumptions} {hold}; {extent}."
            return style.state("not reached", text)
        if known := len({(failure["operation"], failure["code"]) for failure in self.failures}):
            return style.state("held", f"KNOWN: nothing new beside {_counted(known, 'known finding')}; {extent}.")
        return style.state("held", f"HELD: {extent}.")

    def _findings(self, end: EndEvent, style: "_Style") -> list[str]:
        """Return a text for each operation that breaks a documented rule."""
        rules = {rule["name"]: rule for rule in end["rules"]}
        counts = {(one["operation"], one["check"], one["rule"]): one["count"] for one in end["failure_counts"]}
        parts = []
        for operation in dict.fromkeys(failure["operation"] for failure in self.violations):
            lines = [style.bold(operation)]
            for failure in self.violations:
                if failure["operation"] == operation:
                    count = counts.get((operation, failure["check"], failure["rule"]), 1)
                    lines += _finding(failure, count, rules[failure["rule"]], style)
            parts.append("\n".join(lines))
        return parts

    def _errors(self, style: "_Style") -> str:
        lines = [style.bold("Errors: calls without a response, and whatever else could not be tested")]
        for error in self.errors:
            lines.append(f"  {style.state('broken', '✗')} {error['operation'] or 'the whole run'}")
            lines += [f"      {line}" for line in error["text"].splitlines() if line.strip()]
        return "\n".join(lines)


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
        if not report.phase:
            return
        if self._terminal:
            total = max(report.total_scenarios, 1)
            filled = min(len(report.scenarios), total) * _BAR_WIDTH // total
            line = f"{'█' * filled}{'░' * (_BAR_WIDTH - filled)}"
            line += f" {report.phase:9} {report.operation:22} {report.calls:6,} calls"
            line += f"  {_counted(len(report.new_failures), 'finding')}" if report.new_failures else ""
            print("\r" + line[: shutil.get_terminal_size().columns - 1] + "\x1b[K", end="", flush=True)
        elif report.phase != self._phase:
            print(f"{report.phase} …", flush=True)
        self._phase = report.phase

    def finish(self) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stdout, flush=True)


def _finding(failure: FailureEvent, count: int, rule: RuleSummary, style: "_Style") -> list[str]:
    times = f" ({count:,} times)" if count > 1 else ""
    return [
        f"  {style.state('broken', '✗')} {failure['title']}{times}",
        f"      rule      {rule['name']}: {rule['text']} ({rule['kind']}: {rule['note']})",
        *_case(failure),
    ]


def _case(failure: FailureEvent) -> list[str]:
    """Return what was expected of a call and what it got, and the line that repeats it."""
    lines = [f"      {line}" for line in failure["message"].splitlines() if line.strip()]
    return [*lines, f"      again     {failure['curl']}"] if failure["curl"] else lines


def _described_assumptions(broken: dict[str, list[FailureEvent]], end: EndEvent, style: "_Style") -> str:
    """Return each assumption that does not hold once, with the first call that shows it."""
    rules = {rule["name"]: rule for rule in end["rules"]}
    counts: Counter[str] = Counter()
    for entry in end["failure_counts"]:
        counts[entry["rule"]] += entry["count"]
    lines = [
        style.bold("Assumptions that do not hold"),
        "  The vendor documents none of these: the server breaks no promise, and a client must not rely on them there.",
    ]
    for name, failures in broken.items():
        operations = ", ".join(dict.fromkeys(failure["operation"] for failure in failures))
        # What the suite's own checks say is shorter than what Schemathesis says.
        first = min(failures, key=lambda failure: failure["title"].startswith("Schemathesis"))
        times = "once" if counts[name] == 1 else f"{counts[name]:,} times"
        rule = rules[name]
        lines += [
            f"  {style.state('not reached', '≠')} {name} ({rule['kind']}: {rule['note']})",
            f"      rule      {rule['text']}",
            f"      seen      {times}, in {operations}; such as in {first['title'].partition(':')[0]}:",
            *_case(first),
        ]
    return "\n".join(lines)


def _assumptions(end: EndEvent, style: "_Style") -> str:
    """List every rule that is not documented: broken ones first, then those that were not reached."""
    assumptions = [rule for rule in end["rules"] if rule["kind"] != "documented"]
    counts = Counter(map(state_of, assumptions))
    summary = ", ".join(f"{counts[state]} {state}" for state in _COLOURS)
    lines = [style.bold(f"Assumptions: {len(assumptions)} rules that are not documented; {summary}.")]
    width = max(len(rule["name"]) for rule in assumptions)
    for state in reversed(_COLOURS):
        for rule in assumptions:
            if state_of(rule) == state:
                asserted = rule["held"] + rule["broken"]
                detail = f"{asserted:,} times" if asserted else rule["unobservable"] or "no case reached it"
                lines.append(
                    f"  {style.state(state, f'{state:11}')}  {rule['name']:{width}}  {rule['kind']:10}  {detail}"
                )
    return "\n".join(lines)


def _remaining(end: EndEvent) -> str:
    if end["remaining"]:
        deleted = (
            f"{end['remaining']} of {end['created']} contacts, orders and subscriptions that it created"
            " could not be deleted"
        )
    else:
        deleted = "All contacts, orders and subscriptions that it created are deleted"
    return f"{deleted}; tags, products and ads stay, each with an id that starts with '{end['prefix']}'."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class _Style:
    def __init__(self, colour: bool) -> None:
        self._on = colour and not os.environ.get("NO_COLOR")

    def state(self, state: State, text: str) -> str:
        return f"\x1b[{_COLOURS[state]}m{text}\x1b[0m" if self._on else text

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._on else text
