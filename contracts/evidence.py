"""The rule by which a call is refused or accepted: its evidence is that of the very thing that is wrong or unusual."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from contracts.document import Document, Operation, Schema

# Why a call is refused. Only the refusal of a body that lacks data is documented.
BAD_DATA = "bad-data-400"
READABLE = "readable-values-refused"
INVALID = "invalid-values-400"

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FLAGS = ("0", "1", "true", "false")


def refusal_rule(document: Document, operation: Operation, body: Any) -> str:
    """Return the rule that says why an invalid body is refused: the documented one only where data is missing."""
    errors = list(document.errors(operation, body))
    if any(_is_missing(error) for error in errors):
        return BAD_DATA
    return READABLE if all(_is_readable(document.raw, error) for error in errors) else INVALID


def _is_readable(raw: Mapping[str, Any], error: ValidationError) -> bool:
    """Return whether a wrong value could be read as a right one; null and an empty text as a field left out."""
    if not error.instance_path:
        return False
    if error.instance in (None, ""):
        return True
    if isinstance(error.kind, ValidationErrorKind.AnyOf):
        return any(_is_readable(raw, one) for form in error.kind.context for one in form)
    schema = _schema_of(raw, error)
    value, types = error.instance, schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if schema.get("x-value") == "flag":
        return str(value).lower() in _FLAGS
    if not isinstance(error.kind, ValidationErrorKind.Type):
        return False
    if "string" in types and isinstance(value, int | float):
        return True
    if "integer" in types and isinstance(value, str):
        return bool(_NUMBER.fullmatch(value))
    if "integer" in types and isinstance(value, float):
        return value != 0 and abs(value - round(value)) < 1e-6
    if "object" in types:
        return bool(value == [])
    return "array" in types or isinstance(value, bool)


def _is_missing(error: ValidationError) -> bool:
    match error.kind:
        case ValidationErrorKind.Required():
            return True
        case ValidationErrorKind.AnyOf(context=forms):
            return all(isinstance(one.kind, ValidationErrorKind.Required) for form in forms for one in form)
    return False


def _schema_of(raw: Mapping[str, Any], error: ValidationError) -> Schema:
    """Return the schema that a value breaks."""
    node: Any = raw
    for step in error.schema_path[:-1]:
        node = node[int(step)] if isinstance(node, list) else node.get(step, {})
    return node if isinstance(node, dict) else {}


# Acceptance: the rules that are not documented.

ACCEPTANCE = (
    "odd-values-accepted",
    "unknown-fields-accepted",
    "empty-status-says-nothing",
    "ad-lists",
    "bare-ad-id-accepted",
)

_PLAIN_ID = re.compile(r"[A-Za-z0-9_.@+'-]{1,64}")
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9_.+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_DOCUMENTED_DATE = re.compile(r"(19[7-9]|20[0-2])[0-9]-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?")
_LARGEST_PLAIN = 10**9
_LONGEST_PLAIN = 255


def acceptance_rule(document: Document, operation: Operation, path_id: str, body: Any) -> str:
    """Return the rule that says why a valid call is accepted: the documented one only where all of it is plain."""
    if operation.body is None:
        return "success-envelope" if _is_plain("id", path_id) else "odd-values-accepted"
    if document.unknown_fields(operation, body):
        return "unknown-fields-accepted"
    if operation.resource == "contact" and body.get("status", "active") in ("", None):
        return "empty-status-says-nothing"
    if operation.resource == "ad":
        if any(isinstance(body.get(name), list) for name in ("ad", "adset", "adcampaign")):
            return "ad-lists"
        if not all(isinstance(body.get(name, {}), dict) for name in ("ad", "adset", "adcampaign")):
            return "bare-ad-id-accepted"
    return "success-envelope" if _are_plain(document, operation, body) else "odd-values-accepted"


def _are_plain(document: Document, operation: Operation, body: Any) -> bool:
    """Return whether every value of a body is one that the reference could show."""
    kinds: list[bool] = []

    def note(kind: str, value: Any) -> Any:
        kinds.append(_is_plain(kind, value))
        return None  # so that it is not among the texts below

    assert operation.body is not None
    return all(map(_is_plain_text, _leaves(document.map_values(operation.body, body, note)))) and all(kinds)


def _is_plain(kind: str, value: Any) -> bool:
    match kind:
        case "tag" if isinstance(value, str):
            return _is_plain_text(value)
        case "id" | "tag":
            pattern = _PLAIN_ID
        case "email":
            pattern = _PLAIN_EMAIL
        case "instant" | "day":
            pattern = _DOCUMENTED_DATE
        case "flag":
            return type(value) is int
        case _:
            return _is_plain_number(value)
    return _is_plain_number(value) if isinstance(value, int | float) else bool(pattern.fullmatch(value))


def _is_plain_number(value: float) -> bool:
    return 0 <= value <= _LARGEST_PLAIN and value == int(value)


def _is_plain_text(value: Any) -> bool:
    return not isinstance(value, str) or (0 < len(value) <= _LONGEST_PLAIN and value.isprintable())


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for entry in value:
            yield from _leaves(entry)
    else:
        yield value
