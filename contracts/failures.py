"""What a check that does not hold says, rule by rule."""

import json
from collections.abc import Iterator
from typing import Any

from requests import PreparedRequest
from schemathesis.core.failures import Failure

from contracts.checks import Assertion, Check

# How many further broken assertions of a rule a failure names.
_MOST_ALSO = 5


class CheckFailure(Failure):
    """A check whose assertions did not all hold for a step. `before`: the object as it was until then."""

    def __init__(self, operation: str, check: Check, broken: list[Assertion], before: Any) -> None:
        message = "\n".join(_described(assertion) for assertion in broken)
        super().__init__(operation=operation, title=f"{check.name}: {check.text}", message=message)
        self.check = check.name
        self._broken = broken
        self._before = before

    def by_rule(self) -> Iterator[tuple[str, str, PreparedRequest | None]]:
        """Yield each broken rule with its first assertion, what else broke it, and the request of the first."""
        for rule in sorted({assertion.rule for assertion in self._broken}):
            first, *others = [assertion for assertion in self._broken if assertion.rule == rule]
            lines = [_described(first)]
            lines += [f"before     {_as_json(self._before)}"] if self._before else []
            lines += [f"also       {other.subject}: got {_as_json(other.actual)}" for other in others[:_MOST_ALSO]]
            lines += [f"and {len(others) - _MOST_ALSO} more"] if len(others) > _MOST_ALSO else []
            yield rule, "\n".join(lines), first.request

    @property
    def _unique_key(self) -> str:
        return self.check


def _described(assertion: Assertion) -> str:
    expected, actual = _as_json(assertion.expected), _as_json(assertion.actual)
    return f"{assertion.subject}\n  expected {expected}\n  got      {actual}"


def _as_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) < 400 else f"{text[:399]}…"
