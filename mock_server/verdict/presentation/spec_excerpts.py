"""Quote what the contract says about a finding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from mock_server.findings import CATALOGUE
from mock_server.spec import Contract, Operation
from mock_server.spec.pointers import steps_of
from mock_server.spec.shape import Shape
from mock_server.verdict.baseline import Place

_MAX_LINE = 10_000
_ANNOTATIONS = ("description", "x-evidence")  # shown beside a schema, not in it


@dataclass(frozen=True, slots=True)
class SpecExcerpt:
    """The part of the contract that a finding is about. `place`: such as `/body/items/*/amount`, or empty.

    `schema`: YAML. `evidence` and that of each rule: `{kind, note}`.
    """

    place: str
    description: str
    schema: str
    evidence: Mapping[str, str]
    rules: Sequence[Mapping[str, Any]]


class SpecExcerpts:
    """Find the excerpt for a finding; each place is read once."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known: dict[tuple[str | None, str, str], SpecExcerpt] = {}

    def of(self, finding: Place) -> SpecExcerpt:
        operation = self._contract.operations.get(finding["operation"] or "")
        place, schema = self._schema(operation, steps_of(finding["pointer"]), finding["code"])
        key = (finding["operation"], place, finding["code"])
        if key not in self._known:
            self._known[key] = SpecExcerpt(
                place=place,
                description=schema.get("description", ""),
                schema=_yaml({name: part for name, part in schema.items() if name not in _ANNOTATIONS}),
                evidence=schema.get("x-evidence", {}),
                rules=self._rules(operation, finding["code"]),
            )
        return self._known[key]

    def _schema(self, operation: Operation | None, steps: list[str], code: str) -> tuple[str, Mapping[str, Any]]:
        """Return the place that a finding is about, as the contract names it, and the schema there, one level deep."""
        match steps:
            case ["body", *inner] if operation and operation.shape and (inner or code == "bad-value"):
                shape = operation.shape.at(inner)
                return shape.place, _one_level(shape)
            case ["query", name] if operation and operation.shape and name in operation.shape.properties:
                shape = operation.shape.properties[name]
                return shape.place, _one_level(shape)
            case ["path", name] if operation and name in operation.parameters:
                parameter = self._parameter(operation, name)
                return f"/path/{name}", {**self._contract.resolve(parameter["schema"]), **_annotations(parameter)}
            case ["headers", "authorization"]:
                schemes: Mapping[str, Any] = self._contract.document["components"]["securitySchemes"]
                return "/headers/authorization", next(iter(schemes.values()))
        return "", {}

    def _parameter(self, operation: Operation, name: str) -> Mapping[str, Any]:
        shared = self._contract.document["paths"][operation.template].get("parameters", ())
        own = definition_of(self._contract, operation).get("parameters", ())
        return next(found for found in map(self._contract.resolve, [*own, *shared]) if found["name"] == name)

    def _rules(self, operation: Operation | None, code: str) -> list[Mapping[str, Any]]:
        rules = definition_of(self._contract, operation).get("x-rules", [])
        if operation is None or operation.api is self._contract.main_api:
            rules = [*self._contract.document["x-rules"], *rules]
        kind = CATALOGUE.get(code)
        return [rule for rule in rules if kind and rule["name"] in kind.rules]


def definition_of(contract: Contract, operation: Operation | None) -> Mapping[str, Any]:
    """Return the definition of an operation in the document; empty for None."""
    if operation is None:
        return {}
    definition: Mapping[str, Any] = contract.document["paths"][operation.template][operation.method.lower()]
    return definition


def _one_level(shape: Shape) -> dict[str, Any]:
    """Return a shape's schema, of its properties only the types."""
    schema = {name: part for name, part in shape.schema.items() if name not in ("allOf", "properties")}
    if shape.properties:
        schema["properties"] = {name: _type_of(part) for name, part in shape.properties.items()}
    return schema


def _type_of(shape: Shape) -> dict[str, Any]:
    named = {name: shape.schema[name] for name in ("type", "enum") if name in shape.schema}
    return named or {"anyOf": list(dict.fromkeys(form.label for form in shape.forms.values()))}


def _annotations(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in _ANNOTATIONS if name in part}


def _yaml(value: Mapping[str, Any]) -> str:
    """Write a line for each entry, its values in flow style, as openapi.yaml has them."""
    return "".join(
        yaml.dump(
            {name: part},
            Dumper=_Dumper,
            default_flow_style=None if isinstance(part, list | dict) else False,
            sort_keys=False,
            allow_unicode=True,
            width=_MAX_LINE,
        )
        for name, part in value.items()
    )


class _Dumper(yaml.SafeDumper):
    """Write an object that occurs twice twice, without anchors and aliases."""

    def ignore_aliases(self, _: Any) -> bool:
        return True
