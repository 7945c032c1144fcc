"""The page of the fault plan."""

from collections.abc import Mapping
from typing import Any

import orjson

from mock_server.store import accounts
from mock_server.web.dashboard.visit import View, Visit

_DEFAULT_EXAMPLE = "A third of the calls are a 500"
EXAMPLES: Mapping[str, list[dict[str, Any]]] = {
    _DEFAULT_EXAMPLE: [{"rate": 0.34, "seed": 7, "fault": {"status": 500}}],
    "Stored, but the answer is lost": [
        {"operation": "upsert_invoice", "nth": [1], "when": "after", "fault": {"status": 500}}
    ],
    "The connection is reset": [{"operation": "upsert_contact", "nth": [1, 2], "fault": {"reset": True}}],
    "Answers take two seconds": [{"fault": {"delay_seconds": 2}}],
}


def faults(visit: Visit) -> View:
    """Show the plan, and examples to start from."""
    rules = orjson.loads(accounts.faults(visit.session, visit.account_id) or "[]")
    plain = [{name: value for name, value in rule.items() if name != "seen"} for rule in rules]
    return View(
        "faults.html.j2",
        "Faults",
        {
            "rules": rules,
            "plan": _indented(plain or EXAMPLES[_DEFAULT_EXAMPLE]),
            "examples": {name: _indented(plan) for name, plan in EXAMPLES.items()},
        },
    )


def _indented(rules: list[dict[str, Any]]) -> str:
    return orjson.dumps({"rules": rules}, option=orjson.OPT_INDENT_2).decode()
