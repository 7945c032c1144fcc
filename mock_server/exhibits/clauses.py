"""What the contract says about a finding, quoted beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from mock_server.spec import Contract, Operation
from mock_server.spec.shape import Shape

_ENDLESS = 10_000
_TOLD = ("description", "x-evidence")
"""What of a schema stands beside it on the page, not in it."""

RULES_OF: Mapping[str, tuple[str, ...]] = {
    "missing-field": ("missing-field-text", "bad-data-400"),
    "bad-value": ("bad-data-400",),
    "broken-json": ("broken-json-400", "json-limits-400"),
    "wrong-media-type": ("other-media-type-415",),
    "body-too-large": ("body-limit-413",),
    "missing-key": ("key-checked",),
    "wrong-key": ("key-checked",),
    "unknown-account": ("unknown-integration-404",),
    "unknown-integration": ("unknown-integration-404",),
    "unknown-path": ("unknown-path-404",),
    "unknown-method": ("other-method-405",),
    "unknown-contact": ("invoice-contact-must-exist", "subscription-contact-must-exist"),
    "tags-dropped": ("tags-replaced",),
    "contact-rekeyed": ("id-before-email", "contact-rekeyed", "rekeyed-orders-follow"),
    "shared-email-deleted": ("deleted-by-email-all",),
    "unmatched-email": ("invoice-joins-by-email", "subscription-joins-by-email"),
    "retry-after-400": ("bad-data-400",),
    "unknown-field": ("unknown-fields-accepted",),
    "naive-date": ("dates-in-utc",),
}
"""The contract's rules that a finding is about, by its code; those of other operations do not count."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The part of the contract that a finding is about. `place`: such as `/body/items/*/amount`, or empty.

    `schema`: YAML. `evidence` and that of each rule: `{kind, note}`.
    """

    place: str
    description: str
    schema: str
    evidence: Mapping[str, str]
    rules: Sequence[Mapping[str, Any]]


class Clauses:
    """Finds what the contract says about a finding; each place is read once."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known: dict[tuple[str | None, str, str], Clause] = {}

    def of(self, finding: Mapping[str, Any]) -> Clause:
        operation = self._contract.operations.get(finding["operation"] or "")
        place, schema = self._schema(operation, steps_of(finding["pointer"]), finding["code"])
        key = (finding["operation"], place, finding["code"])
        if key not in self._known:
            self._known[key] = Clause(
                place=place,
                description=schema.get("description", ""),
                schema=_yaml({name: part for name, part in schema.items() if name not in _TOLD}),
                evidence=schema.get("x-evidence", {}),
                rules=self._rules(operation, finding["code"]),
            )
        return self._known[key]

    def _schema(self, operation: Operation | None, steps: list[str], code: str) -> tuple[str, Mapping[str, Any]]:
        """Where the finding is in the contract's terms, and the schema there, one level deep."""
        match steps:
            case ["body", *inner] if operation and operation.shape and (inner or code == "bad-value"):
                shape = _shape_at(operation.shape, inner)
                return shape.place, _one_level(shape)
            case ["path", name] if operation and name in operation.parameters:
                parameter = self._parameter(operation, name)
                return f"/path/{name}", {**self._contract.resolve(parameter["schema"]), **_told(parameter)}
            case ["headers", "authorization"]:
                schemes: Mapping[str, Any] = self._contract.document["components"]["securitySchemes"]
                return "/headers/authorization", next(iter(schemes.values()))
        return "", {}

    def _parameter(self, operation: Operation, name: str) -> Mapping[str, Any]:
        shared = self._contract.document["paths"][operation.template].get("parameters", ())
        own = definition_of(self._contract, operation).get("parameters", ())
        return next(found for found in map(self._contract.resolve, [*own, *shared]) if found["name"] == name)

    def _rules(self, operation: Operation | None, code: str) -> list[Mapping[str, Any]]:
        rules = [*self._contract.document["x-rules"], *definition_of(self._contract, operation).get("x-rules", ())]
        return [rule for rule in rules if rule["name"] in RULES_OF.get(code, ())]


def definition_of(contract: Contract, operation: Operation | None) -> Mapping[str, Any]:
    """What the document says of an operation."""
    if operation is None:
        return {}
    definition: Mapping[str, Any] = contract.document["paths"][operation.template][operation.method.lower()]
    return definition


def steps_of(pointer: str) -> list[str]:
    """The steps of a JSON pointer, unescaped."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _shape_at(shape: Shape, steps: Iterable[str]) -> Shape:
    """The innermost shape on the way of a pointer."""
    for step in steps:
        holder = shape.forms.get(list if step.isdigit() else dict, shape)
        part = holder.properties.get(step) or holder.extra or (holder.items if step.isdigit() else None)
        if part is None:
            return holder
        shape = part
    return shape


def _one_level(shape: Shape) -> dict[str, Any]:
    """A shape's schema; of what its fields are, only their types."""
    schema = {name: part for name, part in shape.schema.items() if name not in ("allOf", "properties")}
    if shape.properties:
        schema["properties"] = {name: _type_of(part) for name, part in shape.properties.items()}
    return schema


def _type_of(shape: Shape) -> dict[str, Any]:
    named = {name: shape.schema[name] for name in ("type", "enum") if name in shape.schema}
    return named or {"anyOf": list(dict.fromkeys(form.label for form in shape.forms.values()))}


def _told(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in _TOLD if name in part}


def _yaml(value: Mapping[str, Any]) -> str:
    """A line for each part, inner values in one line, as openapi.yaml has them."""
    return "".join(
        yaml.dump(
            {name: part},
            Dumper=_Dumper,
            default_flow_style=None if isinstance(part, list | dict) else False,
            sort_keys=False,
            allow_unicode=True,
            width=_ENDLESS,
        )
        for name, part in value.items()
    )


class _Dumper(yaml.SafeDumper):
    """Writes what stands twice twice."""

    def ignore_aliases(self, _: Any) -> bool:
        return True
