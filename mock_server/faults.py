"""Fault plans: which calls fail on purpose, and how.

A plan is `{"rules": [RULE, ...]}`; the first rule that applies to a call is used. A rule:

    operation      the operation; any operation when left out
    match          fields of the body that must be equal, such as {"email": "ada@example.org"}
    nth            which of the matching calls it applies to, from 1, such as [1, 3]
    rate, seed     the share of them that it applies to, from 0 to 1, drawn from the seed
    when           "before": nothing is stored (default); "after": the call is carried out, but its response is lost
    matched        how many calls have matched so far; 0 when left out
    fault          one or more of:
                     status, body    the response instead; without a body, the envelope of an overloaded server
                     headers         further headers of that response, such as {"Retry-After": "2"}
                     reset           the connection is reset (TCP RST) instead of a response
                     truncate        half of the response's body is sent, then the connection is closed
                     delay_seconds   the response is sent late
                     drip_seconds    the response's body is sent in pieces, over this time

The counts are kept with the plan, so that all processes of a server share them.
"""

import dataclasses
import json
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, cast

import jsonschema_rs
import yaml

from mock_server.errors import ApiError, UsageError
from mock_server.resources import resource_path
from mock_server.text import nearest

MAX_DELAY_SECONDS = 60

When = Literal["before", "after"]


class FaultEffects(TypedDict, total=False):
    """What a rule does to a call."""

    status: int
    body: Any
    headers: dict[str, str]
    reset: Literal[True]
    truncate: Literal[True]
    delay_seconds: float
    drip_seconds: float


class FaultRule(TypedDict):
    """A rule of a plan."""

    fault: FaultEffects
    operation: NotRequired[str]
    match: NotRequired[dict[str, Any]]
    nth: NotRequired[list[int]]
    rate: NotRequired[float]
    seed: NotRequired[int]
    when: NotRequired[When]
    matched: NotRequired[int]


class InjectedFault(FaultEffects, total=False):
    """A fault as the journal shows it. `rule`: the position of its rule in the plan, from 0."""

    rule: int
    when: When


_RULE_SCHEMA = {
    "type": "object",
    "required": ["fault"],
    "additionalProperties": False,
    "properties": {
        "operation": {"type": "string"},
        "match": {"type": "object"},
        "nth": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
        "rate": {"type": "number", "minimum": 0, "maximum": 1},
        "seed": {"type": "integer"},
        "matched": {"type": "integer", "minimum": 0},
        "when": {"enum": ["before", "after"]},
        "fault": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "dependentRequired": {"headers": ["status"]},
            "properties": {
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "body": {},
                "headers": {
                    "type": "object",
                    # A header's name; those that frame the response are the server's own.
                    "propertyNames": {
                        "pattern": "^(?!(?i:content-length|transfer-encoding|connection)$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
                    },
                    "additionalProperties": {"type": "string", "pattern": "^[\\x20-\\x7e]*$"},
                },
                "reset": {"const": True},
                "truncate": {"const": True},
                "delay_seconds": {"type": "number", "minimum": 0, "maximum": MAX_DELAY_SECONDS},
                "drip_seconds": {"type": "number", "minimum": 0, "maximum": MAX_DELAY_SECONDS},
            },
        },
    },
}
_RULE_VALIDATOR = jsonschema_rs.validator_for(_RULE_SCHEMA)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to one call.

    `rule`: the position of its rule in the plan, from 0. `status`: None leaves the response as it is.
    """

    rule: int
    when: When = "before"
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reset: bool = False
    truncate: bool = False
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0

    @property
    def replaces_response(self) -> bool:
        """Return whether the client gets another response than that of the call, or none."""
        return self.status is not None or self.reset

    @property
    def prevents_call(self) -> bool:
        """Return whether the call is not carried out at all."""
        return self.replaces_response and self.when == "before"

    def document(self) -> InjectedFault:
        """Return the fault as the journal shows it, without what its rule does not say."""
        shown = {name: value for name, value in dataclasses.asdict(self).items() if value or name == "rule"}
        return cast(InjectedFault, shown)


def read_plan(document: Any, operations: Collection[str]) -> list[FaultRule]:
    """Return the rules of a plan. Raises ApiError 400, which names the rule, the error in it, and the remedy."""
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list) or len(document) > 1:
        raise ApiError(400, 'a fault plan is an object with a list of rules; send {"rules": [...]}')
    errors = []
    for position, rule in enumerate(document["rules"]):
        for error in _RULE_VALIDATOR.iter_errors(rule):
            errors.append(f"rules/{'/'.join(map(str, [position, *error.instance_path]))}: {error.message}")
        if isinstance(rule, dict) and "operation" in rule and rule["operation"] not in operations:
            hint = nearest(str(rule["operation"]), operations) or f"; use one of {', '.join(operations)}"
            errors.append(f"rules/{position}/operation: '{rule['operation']}' is not an operation{hint}")
    if errors:
        raise ApiError(400, *errors)
    rules: list[FaultRule] = document["rules"]
    return rules


def built_in_plans() -> dict[str, list[FaultRule]]:
    """Return the rules of each built-in plan, by its name."""
    files = sorted(resource_path("fixtures").glob("*.json"))
    return {file.stem: json.loads(file.read_text("utf-8"))["rules"] for file in files}


def load_plan(name: str, operations: Collection[str]) -> list[FaultRule]:
    """Return the rules of a built-in plan, by its name, or of a file, JSON or YAML.

    Raises UsageError, which says what is wrong and what to do.
    """
    built_in = resource_path("fixtures") / f"{name}.json"
    file = built_in if Path(name).name == name and built_in.is_file() else Path(name)
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
        return read_plan(document, operations)
    except OSError as error:
        known = built_in_plans()
        hint = nearest(name, known) or f"; name a file, or one of {', '.join(known)}"
        raise UsageError(f"the fault plan {name} cannot be read: {error.strerror}{hint}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the fault plan {name} is neither JSON nor YAML: {' '.join(str(error).split())}") from error
    except ApiError as error:
        raise UsageError(f"the fault plan {name}: {'; '.join(error.errors)}") from error


def choose(plan: list[FaultRule], operation: str, body: Mapping[str, Any]) -> Fault | None:
    """Return the fault for a call, if a rule applies; count the call in each rule that it matches."""
    chosen = None
    for position, rule in enumerate(plan):
        if not _matches(rule, operation, body):
            continue
        rule["matched"] = matched = rule.get("matched", 0) + 1
        if chosen is None and _applies(rule, matched):
            chosen = Fault(rule=position, when=rule.get("when", "before"), **rule["fault"])
    return chosen


def _matches(rule: FaultRule, operation: str, body: Mapping[str, Any]) -> bool:
    if rule.get("operation", operation) != operation:
        return False
    return all(name in body and str(body[name]) == str(value) for name, value in rule.get("match", {}).items())


def _applies(rule: FaultRule, number: int) -> bool:
    """Return whether the rule applies to the call with that number among those that match it."""
    if "nth" in rule and number not in rule["nth"]:
        return False
    if "rate" in rule:
        return random.Random(f"{rule.get('seed', 0)}/{number}").random() < rule["rate"]
    return True
