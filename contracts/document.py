"""openapi.yaml as the suite uses it: rules with their evidence, operations, kinds of value.

The suite reads the document on its own and shares no code with the fake: it must be able to contradict it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

PATH = Path(__file__).parent.parent / "openapi.yaml"

Schema = dict[str, Any]

# Takes a kind of value and a value of it, returns the replacement.
Replace = Callable[[str, Any], Any]

_METHODS = ("delete", "get", "patch", "post", "put")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "integer": (int, float),
    "null": (type(None),),
    "object": (dict,),
    "string": (str,),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the document's `x-rules`. `operation`: empty for those of the whole API."""

    name: str
    text: str
    kind: str
    note: str
    operation: str


@dataclass(frozen=True)
class Operation:
    """One operation of the document.

    `label`: method and path as Schemathesis writes them. `template`: the path below account and integration, such as
    `/invoice/{id}`. `body`: None where the operation has no body.
    """

    name: str
    method: str
    label: str
    template: str
    body: Schema | None
    required: tuple[str, ...]

    @property
    def resource(self) -> str:
        """The first segment of the path: `contact`, `tags`, …"""
        return self.template.split("/")[1]

    def path(self, encoded: str) -> str:
        """Return the path with the id or email that it names, percent-encoded already."""
        return self.template.partition("{")[0] + encoded if "{" in self.template else self.template


class Document:
    """The contract, read once. `operations`: those of the import API, for which Schemathesis makes calls."""

    def __init__(self, path: Path = PATH) -> None:
        self.raw: dict[str, Any] = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.rules = {rule.name: rule for rule in self._rules()}
        self.operations = {operation.name: operation for operation in self._operations()}
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @cached_property
    def instants(self) -> frozenset[str]:
        """The fields of bodies that are instants."""
        bodies = [operation.body for operation in self.operations.values() if operation.body is not None]
        return frozenset(
            name
            for body in bodies
            for name, schema in self._properties(body).items()
            if self._resolve(schema).get("x-value") == "instant"
        )

    def fits(self, operation: Operation, path_id: str, body: Any) -> bool:
        """Return whether the id or email of the path and the body are valid."""
        if not self.fits_path(operation, path_id):
            return False
        return operation.body is None or self._validator(operation).is_valid(body)

    def fits_path(self, operation: Operation, path_id: str) -> bool:
        return "{" not in operation.template or self._path_id_validator.is_valid(path_id)

    def errors(self, operation: Operation, body: Any) -> Iterator[jsonschema_rs.ValidationError]:
        """Yield what is wrong with a body."""
        return iter(() if operation.body is None else self._validator(operation).iter_errors(body))

    def answer_errors(self, operation: str, status: int, answer: Any) -> list[str]:
        """Return what is wrong with the body of a response of an operation, of any host; nothing is known of others."""
        response = self._definition(operation)["responses"].get(str(status))
        if response is None:
            return []
        schema = self._resolve(response)["content"]["application/json"]["schema"]
        errors = self._whole_validator(f"{operation} {status}", schema).iter_errors(answer)
        return [f"/{'/'.join(map(str, error.instance_path))}: {error.message}" for error in errors]

    def listed(self, operation: str, parameter: str) -> list[str]:
        """Return the values that a parameter with a list may name."""
        (found,) = (one for one in self._definition(operation)["parameters"] if one.get("name") == parameter)
        values: list[str] = self._resolve(found["schema"])["items"]["enum"]
        return values

    def _definition(self, operation: str) -> dict[str, Any]:
        """Return what the document says of an operation, of any host."""
        (definition,) = (
            item[method]
            for item in self.raw["paths"].values()
            for method in _METHODS
            if item.get(method, {}).get("operationId") == operation
        )
        return dict(definition)

    def normalize(self, operation: Operation, body: Any) -> dict[str, Any]:
        """Return a valid body with its values as responses show them, without fields that the contract lacks."""
        assert operation.body is not None
        known = self._properties(operation.body)
        normalized: dict[str, Any] = self.map_values(operation.body, body, _normalize)
        return {name: value for name, value in normalized.items() if name in known}

    def map_values(self, schema: Schema, value: Any, replace: Replace) -> Any:
        """Return the value with each part that has a kind (`x-value`) replaced."""
        schema = self._resolve(schema)
        kind = schema.get("x-value")
        if kind:
            kind = "tag" if schema.get("title") in ("id", "name") else kind
            return replace(kind, value) if self._is_valid(schema, value) else value
        if isinstance(value, dict) and (known := self._properties(schema)):
            return {
                key: self.map_values(known[key], entry, replace) if key in known else entry
                for key, entry in value.items()
            }
        if isinstance(value, list) and "items" in schema:
            return [self.map_values(schema["items"], entry, replace) for entry in value]
        for alternative in schema.get("anyOf", ()):
            if self._may_be(alternative, value):
                return self.map_values(alternative, value, replace)
        return value

    def unknown_fields(self, operation: Operation, body: Mapping[str, Any]) -> set[str]:
        assert operation.body is not None
        return set(body) - set(self._properties(operation.body))

    @cached_property
    def _path_id_validator(self) -> jsonschema_rs.Validator:
        return jsonschema_rs.validator_for(self.raw["components"]["schemas"]["PathId"])

    def _is_valid(self, schema: Schema, value: Any) -> bool:
        """Return whether the value fits a schema without references."""
        key = repr(schema)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.validator_for(schema)
        return self._validators[key].is_valid(value)

    def _validator(self, operation: Operation) -> jsonschema_rs.Validator:
        assert operation.body is not None
        return self._whole_validator(operation.name, operation.body)

    def _whole_validator(self, name: str, schema: Schema) -> jsonschema_rs.Validator:
        """Return the validator of a schema with references, made once; `name`: of the schema."""
        if name not in self._validators:
            whole = {"allOf": [schema], "components": self.raw["components"]}
            self._validators[name] = jsonschema_rs.validator_for(whole)
        return self._validators[name]

    def _resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            target: Any = self.raw
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        return schema

    def _properties(self, schema: Schema) -> dict[str, Schema]:
        schema = self._resolve(schema)
        found: dict[str, Schema] = {}
        for part in schema.get("allOf", ()):
            found.update(self._properties(part))
        found.update(schema.get("properties", {}))
        return found

    def _may_be(self, schema: Schema, value: Any) -> bool:
        """Return whether the value has a type that the schema allows."""
        schema = self._resolve(schema)
        if "anyOf" in schema and "properties" not in schema:
            return any(self._may_be(alternative, value) for alternative in schema["anyOf"])
        return _has_type(schema, value)

    def _rules(self) -> Iterator[Rule]:
        yield from (_rule(entry, "") for entry in self.raw["x-rules"])
        for item in self.raw["paths"].values():
            for method in _METHODS:
                definition = item.get(method, {})
                yield from (_rule(entry, definition["operationId"]) for entry in definition.get("x-rules", ()))

    def _operations(self) -> Iterator[Operation]:
        for template, item in self.raw["paths"].items():
            for method in filter(item.__contains__, () if is_elsewhere(item) else _METHODS):
                definition = item[method]
                content = definition.get("requestBody", {}).get("content", {})
                body = content["application/json"]["schema"] if content else None
                yield Operation(
                    name=definition["operationId"],
                    method=method.upper(),
                    label=f"{method.upper()} {template}",
                    template=template.partition("{integration_id}")[2],
                    body=body,
                    required=tuple(self._resolve(body).get("required", ())) if body else (),
                )


def is_elsewhere(item: Mapping[str, Any]) -> bool:
    """Return whether a path of the document is one of another host than that of the import API."""
    return "servers" in item


def parse_instant(text: str) -> datetime:
    """Return the instant in UTC; without an offset it is UTC. Raises ValueError for what is not a date."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def loads(raw: bytes | str | None) -> Any:
    """Parse JSON as the standard defines it. Raises ValueError for anything else, such as an empty body or NaN."""
    return json.loads(raw or b"", parse_constant=_reject_constant)


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _normalize(kind: str, value: Any) -> Any:
    match kind:
        case "id":
            return value if isinstance(value, str) else str(int(value))
        case "integer" | "money":
            return int(value)
        case "tag":
            return value if isinstance(value, str) else int(value)
        case "flag":
            return bool(value)
        case "instant":
            return parse_instant(value).isoformat()
        case "day":
            return parse_instant(value).date().isoformat()
    return value


def _has_type(schema: Schema, value: Any) -> bool:
    names = schema.get("type", [])
    types = tuple(kind for name in ([names] if isinstance(names, str) else names) for kind in _TYPES[name])
    return isinstance(value, types) and not isinstance(value, bool)


def _rule(entry: Mapping[str, Any], operation: str) -> Rule:
    evidence = entry["x-evidence"]
    return Rule(entry["name"], entry["rule"], evidence["kind"], evidence.get("note", ""), operation)
