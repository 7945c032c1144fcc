"""What a schema asks of a value itself: its keywords without those about the parts of the value."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import jsonschema_rs
import orjson

Schema = Mapping[str, Any]
Resolve = Callable[[Schema], Schema]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OF_PARTS = ("properties", "items", "additionalProperties", "allOf", "anyOf")
_ABOUT_LENGTH = ("minItems", "maxItems")
# Many places of the document have the same schema.
_KEPT_VALIDATORS = 256


@dataclass(frozen=True, slots=True)
class OwnSchema:
    """The keywords of a schema about a value itself.

    `longest_list`: the length from which on all lists are the same to them.
    """

    keywords: Schema
    longest_list: int
    _validator: jsonschema_rs.Validator

    @classmethod
    def of(cls, schema: Schema, resolve: Resolve) -> Self:
        """Return those of a schema; `resolve` follows a `$ref`."""
        keywords = _own_keywords(schema, resolve)
        return cls(keywords, 1 + max(_lengths(keywords), default=0), _validator_of(orjson.dumps(keywords)))

    def errors(self, value: Any) -> list[jsonschema_rs.ValidationError]:
        return [] if self._validator.is_valid(value) else list(self._validator.iter_errors(value))


def _own_keywords(schema: Schema, resolve: Resolve, *, is_part: bool = False) -> Schema:
    """Return the schema with each `$ref` replaced by its target, and without the schemas of the value's parts.

    What says where it comes from is that of the target, of which the keywords are.
    """
    resolved = resolve(schema)
    own = {name: value for name, value in resolved.items() if name not in _OF_PARTS}
    if "$ref" in schema and "x-evidence" in own:
        own["x-evidence"] = resolve({"$ref": schema["$ref"]}).get("x-evidence", {})
    for name in ("allOf", "anyOf"):
        if name in resolved:
            own[name] = [_own_keywords(part, resolve, is_part=True) for part in resolved[name]]
    # Values of keys that nobody names have no shape of their own.
    if "additionalProperties" in resolved and not is_part and not {"properties", "allOf"} & resolved.keys():
        own["additionalProperties"] = resolved["additionalProperties"]
    return own


def _lengths(own: Schema) -> Iterator[int]:
    yield from (own[name] for name in _ABOUT_LENGTH if name in own)
    for part in own.get("allOf", ()):
        yield from _lengths(part)


@lru_cache(_KEPT_VALIDATORS)
def _validator_of(keywords: bytes) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({"$schema": _DIALECT, **orjson.loads(keywords)})
