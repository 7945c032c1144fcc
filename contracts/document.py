"""openapi.yaml as the suite uses it: rules with their evidence, operations, kinds of value."""

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
Visit = Callable[[str, Any], Any]
"""Takes a kind of value and a value of it, gives what stands in its place."""

_METHODS = ("delete", "get", "patch", "post", "put")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "integer": (int, float),
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
    """`template`: below account and integration, such as `/invoice/{id}`. `body`: None where it takes none."""

    name: str
    method: str
    template: str
    body: Schema | None
    required: tuple[str, ...]

    @property
    def resource(self) -> str:
        """The first step of the path: `contact`, `tags`, …"""
        return self.template.split("/")[1]

    def path(self, named: str) -> str:
        """The path, with what it names; `named` is percent-encoded already."""
        return self.template.partition("{")[0] + named if "{" in self.template else self.template


class Document:
    """The contract, read once."""

    def __init__(self, path: Path = PATH) -> None:
        self.raw: dict[str, Any] = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.rules = {rule.name: rule for rule in self._rules()}
        self.operations = {operation.name: operation for operation in self._operations()}
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def fits(self, operation: Operation, named: str, body: Any) -> bool:
        """Whether the path's value and the body are what the document asks for."""
        if "{" in operation.template and not self._path_id.is_valid(named):
            return False
        return operation.body is None or self._validator(operation).is_valid(body)

    def read(self, operation: Operation, body: Any) -> dict[str, Any]:
        """A valid body with its values as answers give them; what the contract does not know is left out."""
        assert operation.body is not None
        known = self._properties(operation.body)
        read: dict[str, Any] = self.visit(operation.body, body, _read)
        return {name: value for name, value in read.items() if name in known}

    def visit(self, schema: Schema, value: Any, visit: Visit) -> Any:
        """The value, each part that has a kind (`x-value`, an email, a tag's name) replaced by what `visit` says."""
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = self._resolve(schema)
        kind = schema.get("x-value") or {"Email": "email", "TagName": "tag"}.get(name)
        if kind:
            return visit("tag" if schema.get("title") == "id" else kind, value) if self._is(schema, value) else value
        if isinstance(value, dict) and (known := self._properties(schema)):
            return {
                key: self.visit(known[key], entry, visit) if key in known else entry for key, entry in value.items()
            }
        if isinstance(value, list) and "items" in schema:
            return [self.visit(schema["items"], entry, visit) for entry in value]
        for form in schema.get("anyOf", ()):
            if self._may_be(form, value):
                return self.visit(form, value, visit)
        return value

    def unknown_fields(self, operation: Operation, body: Mapping[str, Any]) -> set[str]:
        assert operation.body is not None
        return set(body) - set(self._properties(operation.body))

    @cached_property
    def _path_id(self) -> jsonschema_rs.Validator:
        return jsonschema_rs.validator_for(self.raw["components"]["schemas"]["PathId"])

    def _is(self, schema: Schema, value: Any) -> bool:
        """Whether the value alone fits a schema without references."""
        key = repr(schema)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.validator_for(schema)
        return self._validators[key].is_valid(value)

    def _validator(self, operation: Operation) -> jsonschema_rs.Validator:
        if operation.name not in self._validators:
            whole = {"allOf": [operation.body], "components": self.raw["components"]}
            self._validators[operation.name] = jsonschema_rs.validator_for(whole)
        return self._validators[operation.name]

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
        schema = self._resolve(schema)
        if "anyOf" in schema and "properties" not in schema:
            return any(self._may_be(form, value) for form in schema["anyOf"])
        return _takes(schema, value)

    def _rules(self) -> Iterator[Rule]:
        yield from (_rule(entry, "") for entry in self.raw["x-rules"])
        for item in self.raw["paths"].values():
            for method in _METHODS:
                definition = item.get(method, {})
                yield from (_rule(entry, definition["operationId"]) for entry in definition.get("x-rules", ()))

    def _operations(self) -> Iterator[Operation]:
        for template, item in self.raw["paths"].items():
            for method in filter(item.__contains__, _METHODS):
                definition = item[method]
                content = definition.get("requestBody", {}).get("content", {})
                body = content["application/json"]["schema"] if content else None
                yield Operation(
                    name=definition["operationId"],
                    method=method.upper(),
                    template=template.partition("{integration_id}")[2],
                    body=body,
                    required=tuple(self._resolve(body).get("required", ())) if body else (),
                )


def instant(text: str) -> datetime:
    """Raises ValueError for what is no date; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def loads(raw: bytes | str | None) -> Any:
    """JSON as the standard has it. Raises ValueError for anything else, an empty body and NaN among it."""
    return json.loads(raw or b"", parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read(kind: str, value: Any) -> Any:
    match kind:
        case "id":
            return value if isinstance(value, str) else str(int(value))
        case "integer":
            return int(value)
        case "tag":
            return value if isinstance(value, str) else int(value)
        case "flag":
            return bool(value)
        case "instant":
            return instant(value).isoformat()
        case "day":
            return instant(value).date().isoformat()
    return value


def _takes(schema: Schema, value: Any) -> bool:
    names = schema.get("type", [])
    kinds = tuple(kind for name in ([names] if isinstance(names, str) else names) for kind in _TYPES[name])
    return isinstance(value, kinds) and not isinstance(value, bool)


def _rule(entry: Mapping[str, Any], operation: str) -> Rule:
    evidence = entry["x-evidence"]
    return Rule(entry["name"], entry["rule"], evidence["kind"], evidence.get("note", ""), operation)
