"""The page of the fault plan."""

from collections.abc import Mapping

import orjson

from mock_server.faults import FaultRule
from mock_server.store import accounts
from mock_server.web.dashboard.page import Page, PageContext

_DEFAULT_EXAMPLE = "A third of the calls get a 500"
EXAMPLES: Mapping[str, list[FaultRule]] = {
    _DEFAULT_EXAMPLE: [{"rate": 0.34, "seed": 7, "fault": {"status": 500}}],
    "Stored, but the response is lost": [
        {"operation": "upsert_invoice", "nth": [1], "when": "after", "fault": {"status": 500}}
    ],
    "The connection is reset": [{"operation": "upsert_contact", "nth": [1, 2], "fault": {"reset": True}}],
    "Responses take two seconds": [{"fault": {"delay_seconds": 2}}],
}


def faults(context: PageContext) -> Page:
    """Show the fault plan, and examples to start from."""
    rules: list[FaultRule] = orjson.loads(accounts.faults(context.session, context.account_id) or "[]")
    return Page(
        "faults.html.j2",
        "Faults",
        {
            "rules": rules,
            "plan": _indented([_uncounted(rule) for rule in rules] or EXAMPLES[_DEFAULT_EXAMPLE]),
            "examples": {name: _indented(plan) for name, plan in EXAMPLES.items()},
        },
    )


def _uncounted(rule: FaultRule) -> FaultRule:
    """Return the rule as a user sets it."""
    plain = rule.copy()
    plain.pop("matched", None)
    return plain


def _indented(rules: list[FaultRule]) -> str:
    return orjson.dumps({"rules": rules}, option=orjson.OPT_INDENT_2).decode()
