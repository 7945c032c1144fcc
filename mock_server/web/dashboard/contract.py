"""The page of the contract: rules, operations, fields and findings, with their evidence."""

from collections.abc import Iterator, Mapping
from typing import Any

from mock_server.findings import CATALOGUE, SEVERITIES
from mock_server.spec.shape import Shape
from mock_server.verdict.presentation.spec_excerpts import definition_of
from mock_server.verdict.presentation.templates import EVIDENCE_MEANINGS
from mock_server.web.dashboard.visit import View, Visit


def contract_page(visit: Visit) -> View:
    """Show the contract; the query's `evidence` narrows it to one kind."""
    contract = visit.contract
    document = contract.document
    evidence = visit.text("evidence")
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
            "kinds": CATALOGUE,
            "severities": SEVERITIES,
            "wanted": evidence if evidence in EVIDENCE_MEANINGS else "",
        },
    )


def _fields(shape: Shape) -> Iterator[dict[str, Any]]:
    """Return each field of a body: `place`, `type`, `description`, `evidence`, `required`."""
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
