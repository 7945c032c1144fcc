"""Fault plans: what goes wrong on purpose, for which calls.

A plan is `{"rules": [RULE, ...]}`; the first rule that applies to a call acts. A rule:

    operation      which operation; any when left out
    match          fields of the body that must be equal, such as {"email": "ada@example.org"}
    nth            which of the calls that fit so far it acts on, from 1, such as [1, 3]
    rate, seed     the share of them it acts on, from 0 to 1, drawn from the seed
    when           "before": nothing is stored (default); "after": stored, and the answer is lost
    seen           how many calls have fitted it so far; 0 when left out
    fault          {"status": 500, "body"?: ...}, and "delay_seconds" beside it or alone

Rules count the calls that fit them; the counts are kept with the plan, so that every process sees them.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from mock_server.errors import ApiError

MAX_DELAY_SECONDS = 60

_RULE = {
    "type": "object",
    "required": ["fault"],
    "additionalProperties": False,
    "properties": {
        "operation": {"type": "string"},
        "match": {"type": "object"},
        "nth": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
        "rate": {"type": "number", "minimum": 0, "maximum": 1},
        "seed": {"type": "integer"},
        "seen": {"type": "integer", "minimum": 0},
        "when": {"enum": ["before", "after"]},
        "fault": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "body": {},
                "delay_seconds": {"type": "number", "minimum": 0, "maximum": MAX_DELAY_SECONDS},
            },
        },
    },
}
_RULES = jsonschema_rs.validator_for(_RULE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one call.

    `rule`: its place in the plan, from 0. `status`: None leaves the answer as it is.
    """

    rule: int
    after: bool
    status: int | None
    body: Any
    delay_seconds: float

    def described(self) -> dict[str, Any]:
        """As the journal shows it."""
        return {
            "rule": self.rule,
            "when": "after" if self.after else "before",
            "status": self.status,
            "delay_seconds": self.delay_seconds,
        }


def read_plan(document: Any, operations: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a plan. Raises ApiError 400 that names the rule, what is wrong with it, and the remedy."""
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list) or len(document) > 1:
        raise ApiError(400, 'a plan is {"rules": [...]}')
    errors = []
    for place, rule in enumerate(document["rules"]):
        for error in _RULES.iter_errors(rule):
            errors.append(f"rules/{'/'.join(map(str, [place, *error.instance_path]))}: {error.message}")
        if isinstance(rule, dict) and rule.get("operation", next(iter(operations))) not in operations:
            errors.append(f"rules/{place}/operation: there is none such; use one of {', '.join(operations)}")
    if errors:
        raise ApiError(400, *errors)
    rules: list[dict[str, Any]] = document["rules"]
    return rules


def choose(plan: list[dict[str, Any]], operation: str, body: Mapping[str, Any]) -> Fault | None:
    """The fault for a call, if any rule applies; counts the call in each rule that it fits (`seen`)."""
    chosen = None
    for place, rule in enumerate(plan):
        if not _fits(rule, operation, body):
            continue
        rule["seen"] = rule.get("seen", 0) + 1
        if chosen is None and _acts(rule):
            fault = rule["fault"]
            chosen = Fault(
                rule=place,
                after=rule.get("when") == "after",
                status=fault.get("status"),
                body=fault.get("body"),
                delay_seconds=float(fault.get("delay_seconds", 0)),
            )
    return chosen


def _fits(rule: dict[str, Any], operation: str, body: Mapping[str, Any]) -> bool:
    if rule.get("operation", operation) != operation:
        return False
    return all(name in body and str(body[name]) == str(value) for name, value in rule.get("match", {}).items())


def _acts(rule: dict[str, Any]) -> bool:
    seen: int = rule["seen"]
    if "nth" in rule and seen not in rule["nth"]:
        return False
    if "rate" in rule:
        rate: float = rule["rate"]
        return random.Random(f"{rule.get('seed', 0)}/{seen}").random() < rate
    return True
