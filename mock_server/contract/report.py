"""What a run of the contract suite came to, as a terminal shows it."""

import os
import shutil
import sys
import textwrap
from collections import Counter
from typing import Any

_PHASES = ("examples", "coverage", "fuzzing")
_OPERATIONS = 10
_MARKS = {"held": "32", "not reached": "33", "broken": "31"}


class Report:
    """The events of a run: how far it is, what failed, and at its end what was claimed of each rule."""

    def __init__(self) -> None:
        self.calls = 0
        self.phase = ""
        self.operation = ""
        self.scenarios: dict[tuple[str, str], int] = {}
        self.failures: list[dict[str, Any]] = []
        self.end: dict[str, Any] | None = None

    def take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "progress":
                self.calls = event["calls"]
                self.phase, self.operation = event["phase"], event["operation"]
                self.scenarios[self.phase, self.operation] = self.calls
            case "failure":
                self.failures.append(event)
            case "end":
                self.end = event
                self.calls = event["calls"]

    def state(self, rule: dict[str, Any]) -> str:
        if rule["broken"]:
            return "broken"
        return "held" if rule["held"] else "not reached"

    def text(self, seconds: float, errors: str, *, colour: bool) -> str:
        """Verdict, failures by operation, assumptions. `errors`: what was said of calls without an answer."""
        assert self.end is not None
        paint = _Paint(colour)
        judged = sum(bool(rule["held"] or rule["broken"]) for rule in self.end["rules"])
        told = f"{self.calls:,} cases and {self.end['further']:,} further calls, {judged} rules, {seconds:.0f} s"
        if self.failures or errors:
            operations = len({failure["operation"] for failure in self.failures})
            found = f"{_counted(len(self.failures), 'finding')} in {_counted(operations, 'operation')}"
            head = paint.mark("broken", f"BROKEN: {found}; {told}.")
        else:
            head = paint.mark("held", f"HELD: {told}.")
        parts = [head, *self._findings(paint)]
        if errors:
            parts.append(f"{paint.bold('calls without an answer')}\n{textwrap.indent(errors, '  ')}")
        return "\n" + "\n\n".join([*parts, self._assumptions(paint), self._left()])

    def _findings(self, paint: "_Paint") -> list[str]:
        assert self.end is not None
        rules = {rule["name"]: rule for rule in self.end["rules"]}
        times = {(operation, check): count for operation, check, count in self.end["seen"]}
        shown = []
        for operation in dict.fromkeys(failure["operation"] for failure in self.failures):
            lines = [paint.bold(operation)]
            for failure in self.failures:
                if failure["operation"] == operation:
                    lines += self._finding(failure, times.get((operation, failure["check"]), 1), rules, paint)
            shown.append("\n".join(lines))
        return shown

    def _finding(
        self, failure: dict[str, Any], times: int, rules: dict[str, dict[str, Any]], paint: "_Paint"
    ) -> list[str]:
        often = f" ({times:,} times)" if times > 1 else ""
        lines = [f"  {paint.mark('broken', '✗')} {failure['title']}{often}"]
        for name in failure["rules"]:
            rule = rules[name]
            lines.append(f"      rule      {name}: {rule['text']} ({rule['kind']}: {rule['note']})")
        lines += [f"      {line}" for line in failure["message"].splitlines() if line.strip()]
        if failure["curl"]:
            lines.append(f"      again     {failure['curl']}")
        return lines

    def _assumptions(self, paint: "_Paint") -> str:
        """Every rule that is not documented: broken ones first, then those that were not reached."""
        assert self.end is not None
        guesses = [rule for rule in self.end["rules"] if rule["kind"] != "documented"]
        counted = Counter(map(self.state, guesses))
        summary = ", ".join(f"{counted[state]} {state}" for state in _MARKS)
        lines = [paint.bold(f"Assumptions: {len(guesses)} rules that are not documented; {summary}.")]
        width = max(len(rule["name"]) for rule in guesses)
        for state in reversed(_MARKS):
            for rule in guesses:
                if self.state(rule) == state:
                    judged = rule["held"] + rule["broken"]
                    told = f"{judged:,} times" if judged else rule["unseen"] or "no case came to it"
                    shown = paint.mark(state, f"{state:11}")
                    lines.append(f"  {shown}  {rule['name']:{width}}  {rule['kind']:10}  {told}")
        return "\n".join(lines)

    def _left(self) -> str:
        assert self.end is not None
        made, left, prefix = self.end["made"], self.end["left"], self.end["prefix"]
        gone = "All contacts, orders and subscriptions that it made are deleted" if not left else (
            f"{left} of {made} contacts, orders and subscriptions that it made could not be deleted"
        )  # fmt: skip
        return f"{gone}; tags, products and ads stay, each with an id that starts with '{prefix}'."


class Progress:
    """How far a run is: a bar on a terminal, else a line for each phase."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal
        self._phase = ""

    def show(self, report: Report) -> None:
        if not report.phase:
            return
        if self._terminal:
            total = len(_PHASES) * _OPERATIONS
            done = min(len(report.scenarios), total)
            bar = "█" * (done * 30 // total) + "░" * (30 - done * 30 // total)
            line = f"{bar} {report.phase:9} {report.operation:22} {report.calls:6,} calls"
            line += f"  {len(report.failures)} findings" if report.failures else ""
            print("\r" + line[: shutil.get_terminal_size().columns - 1] + "\x1b[K", end="", flush=True)
        elif report.phase != self._phase:
            print(f"{report.phase} …", flush=True)
        self._phase = report.phase

    def finish(self) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stdout, flush=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class _Paint:
    def __init__(self, colour: bool) -> None:
        self._on = colour and not os.environ.get("NO_COLOR")

    def mark(self, state: str, text: str) -> str:
        return f"\x1b[{_MARKS[state]}m{text}\x1b[0m" if self._on else text

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._on else text
