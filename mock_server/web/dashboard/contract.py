"""The page of the contract: rules, operations, fields and findings, with their evidence."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

import orjson

from mock_server.findings import CATALOGUE, EVIDENCE_MEANINGS
from mock_server.spec.shape import Shape
from mock_server.verdict.presentation.spec_excerpts import definition_of
from mock_server.web.dashboard.page import Page, PageContext


class Field(TypedDict):
    """A field of a body, or a parameter of a query, as the page lists it. `path`: such as `items/*/amount`."""

    path: str
    type: str
    description: str
    evidence: Mapping[str, str] | None
    required: bool


def contract_page(context: PageContext) -> Page:
    """Show the contract; the parameter `evidence` narrows it to one kind of evidence."""
    contract = context.contract
    document = contract.document
    evidence = context.text_param("evidence")
    operations = [
        {
            "operation": operation,
            "definition": definition_of(contract, operation),
            "rules": definition_of(contract, operation).get("x-rules", ()),
            "fields": list(_fields(operation.shape)) if operation.shape else [],
        }
        for operation in contract.operations.values()
    ]
    return Page(
        "contract.html.j2",
        "Contract",
        {
            "general": document["x-rules"],
            "operations": operations,
            "catalogue": CATALOGUE,
            "wanted": evidence if evidence in EVIDENCE_MEANINGS else "",
        },
    )


def _fields(shape: Shape) -> Iterator[Field]:
    """Yield each field of a body with its nested ones."""
    required = _required(shape.schema)
    for name, part in shape.properties.items():
        yield {
            "path": part.place.removeprefix("/body/").removeprefix("/query/"),
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


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _type(shape: Shape) -> str:
    if shape.values:
        return ", ".join(dict.fromkeys(map(_shown, shape.values)))
    if shape.forms:
        return " or ".join(dict.fromkeys(form.label for form in shape.forms.values()))
    kind = shape.kind or shape.schema.get("type", "any")
    return kind if isinstance(kind, str) else " or ".join(kind)
