"""What a client exercised, what goes wrong on purpose, and what the contract says."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from mock_server.coverage import CALL
from mock_server.errors import SEVERITIES
from mock_server.exhibits.clauses import definition_of
from mock_server.exhibits.templates import EVIDENCE
from mock_server.findings import FINDINGS
from mock_server.report import exchanges_of, report_on
from mock_server.spec.shape import Shape
from mock_server.store import accounts
from mock_server.web.dashboard.visit import View, Visit


def coverage(visit: Visit) -> View:
    """The one page that reads the whole journal."""
    exchanges = exchanges_of(visit.journal, visit.session, [visit.account_id])
    document = report_on(visit.contract, exchanges)
    rows = []
    for name, covered in document["coverage"]["operations"].items():
        accepted = sum(times for status, times in covered["statuses"].items() if status.startswith("2"))
        found = {**({} if CALL in covered["missing"] else {CALL: accepted}), **covered["fields"]}
        rows.append(
            {
                "operation": visit.contract.operations[name],
                "requests": covered["requests"],
                "statuses": covered["statuses"],
                "documented": {str(status) for status in visit.contract.operations[name].answers},
                "found": found,
                "missing": covered["missing"],
            }
        )
    return View("coverage.html.j2", "Coverage", {"summary": document["summary"], "rows": rows})


EXAMPLES: Mapping[str, list[dict[str, Any]]] = {
    "A third of the calls are a 500": [{"rate": 0.34, "seed": 7, "fault": {"status": 500}}],
    "Stored, but the answer is lost": [
        {"operation": "upsert_invoice", "nth": [1], "when": "after", "fault": {"status": 500}}
    ],
    "The connection is reset": [{"operation": "upsert_contact", "nth": [1, 2], "fault": {"reset": True}}],
    "Answers take two seconds": [{"fault": {"delay_seconds": 2}}],
}
"""Plans to begin with."""


def faults(visit: Visit) -> View:
    rules = orjson.loads(accounts.faults(visit.session, visit.account_id) or "[]")
    plain = [{name: value for name, value in rule.items() if name != "seen"} for rule in rules]
    return View(
        "faults.html.j2",
        "Faults",
        {
            "rules": rules,
            "plan": _laid_out(plain or EXAMPLES["A third of the calls are a 500"]),
            "examples": {name: _laid_out(plan) for name, plan in EXAMPLES.items()},
        },
    )


def contract_page(visit: Visit) -> View:
    contract = visit.contract
    document = contract.document
    wanted = visit.text("evidence")
    operations = [
        {
            "operation": operation,
            "definition": definition_of(contract, operation),
            "rules": definition_of(contract, operation).get("x-rules", ()),
            "fields": list(_fields(operation.shape)) if operation.shape else [],
        }
        for operation in contract.operations.values()
    ]
    return View(
        "contract.html.j2",
        "Contract",
        {
            "info": document["info"],
            "general": document["x-rules"],
            "operations": operations,
            "kinds": FINDINGS,
            "severities": SEVERITIES,
            "wanted": wanted if wanted in EVIDENCE else "",
        },
    )


def _fields(shape: Shape) -> Iterator[dict[str, Any]]:
    """Each field of a body: `place`, `type`, `description`, `evidence`, `required`."""
    required = _required(shape.schema)
    for name, part in shape.properties.items():
        yield {
            "place": part.place.removeprefix("/body/"),
            "type": _type(part),
            "description": part.schema.get("description", ""),
            "evidence": part.schema.get("x-evidence"),
            "required": name in required,
        }
        yield from _fields(part)
        if part.items:
            yield from _fields(part.items)


def _required(schema: Mapping[str, Any]) -> set[str]:
    return set(schema.get("required", ())).union(*(part.get("required", ()) for part in schema.get("allOf", ())))


def _type(shape: Shape) -> str:
    if shape.forms:
        return " or ".join(dict.fromkeys(form.label for form in shape.forms.values()))
    if "enum" in shape.schema:
        return ", ".join(map(str, shape.schema["enum"]))
    kind = shape.kind or shape.schema.get("type", "any")
    return kind if isinstance(kind, str) else " or ".join(kind)


def _laid_out(rules: list[dict[str, Any]]) -> str:
    return orjson.dumps({"rules": rules}, option=orjson.OPT_INDENT_2).decode()
