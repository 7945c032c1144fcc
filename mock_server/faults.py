"""Fault plans: what goes wrong on purpose, for which calls.

A plan is `{"rules": [RULE, ...]}`; the first rule that applies to a call acts. A rule:

    operation      which operation; any when left out
    match          fields of the body that must be equal, such as {"email": "ada@example.org"}
    nth            which of the calls that fit so far it acts on, from 1, such as [1, 3]
    rate, seed     the share of them it acts on, from 0 to 1, drawn from the seed
    when           "before": nothing is stored (default); "after": the call was carried out, and its answer is lost
    seen           how many calls have fitted it so far; 0 when left out
    fault          one or more of:
                     status, body    answered instead; without a body, the envelope of an overloaded server
                     reset           the connection is reset (TCP RST) instead of an answer
                     truncate        half of the answer's body comes, then the connection ends
                     delay_seconds   the answer comes late
                     drip_seconds    the answer's body comes in pieces, over this time

Rules count the calls that fit them; the counts are kept with the plan, so that every process sees them.
"""

import dataclasses
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import yaml

from mock_server.errors import ApiError, UsageError
from mock_server.resources import kit_path

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
                "reset": {"const": True},
                "truncate": {"const": True},
                "delay_seconds": {"type": "number", "minimum": 0, "maximum": MAX_DELAY_SECONDS},
                "drip_seconds": {"type": "number", "minimum": 0, "maximum": MAX_DELAY_SECONDS},
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
    when: Literal["before", "after"] = "before"
    status: int | None = None
    body: Any = None
    reset: bool = False
    truncate: bool = False
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0

    @property
    def replaces_answer(self) -> bool:
        """Whether the client gets another answer than that of the call, or none."""
        return self.status is not None or self.reset

    @property
    def prevents_call(self) -> bool:
        """Whether the call is not carried out at all."""
        return self.replaces_answer and self.when == "before"

    def described(self) -> dict[str, Any]:
        """As the journal shows it: what the rule says, and its place."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value or name == "rule"}


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


def load_plan(path: str, operations: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a plan in a file, JSON or YAML, or of one of the kit's own: its name in `fixtures/`.

    Raises UsageError that says what is wrong with it and what to do.
    """
    own = kit_path("fixtures") / f"{path}.json"
    file = own if Path(path).name == path and own.is_file() else Path(path)
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
        return read_plan(document, operations)
    except OSError as error:
        raise UsageError(f"the fault plan {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the fault plan {path} is neither JSON nor YAML: {' '.join(str(error).split())}") from error
    except ApiError as error:
        raise UsageError(f"the fault plan {path}: {'; '.join(error.errors)}") from error


def choose(plan: list[dict[str, Any]], operation: str, body: Mapping[str, Any]) -> Fault | None:
    """The fault for a call, if any rule applies; counts the call in each rule that it fits (`seen`)."""
    chosen = None
    for place, rule in enumerate(plan):
        if not _fits(rule, operation, body):
            continue
        rule["seen"] = rule.get("seen", 0) + 1
        if chosen is None and _acts(rule):
            chosen = Fault(rule=place, when=rule.get("when", "before"), **rule["fault"])
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
