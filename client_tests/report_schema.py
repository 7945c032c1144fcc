"""The JSON Schema of the report, made from its typed dictionaries: `python -m client_tests.report_schema` prints it."""

import json
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from mock_server.verdict.report import ReportDocument

_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def report_schema() -> dict[str, Any]:
    """Return the schema; each typed dictionary is a definition with its docstring as description."""
    definitions: dict[str, Any] = {}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The report of segmetrics-mock, version 2",
        **_schema(ReportDocument, definitions),
        "$defs": definitions,
    }


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if is_typeddict(kind):
        return _reference(kind, definitions)
    if kind in _NAMES:
        return {"type": _NAMES[kind]}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if origin is NotRequired:
        return _schema(arguments[0], definitions)
    if origin in (Union, UnionType):
        forms = [{"type": "null"} if form is NoneType else _schema(form, definitions) for form in arguments]
        return {"anyOf": forms}
    assert kind is Any, kind
    return {}


def _reference(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}
        fields = get_type_hints(kind)
        definitions[name] = {
            "description": " ".join((kind.__doc__ or "").split()),
            "type": "object",
            "required": [field for field in fields if field in kind.__required_keys__],
            "additionalProperties": False,
            "properties": {field: _schema(of, definitions) for field, of in fields.items()},
        }
    return {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    print(json.dumps(report_schema(), indent=2))
