"""How the values of a valid body are read, derived from the document's `x-value`.

| `x-value` | sent as                        | read as                             |
| --------- | ------------------------------ | ----------------------------------- |
| id        | `249`, `249.0` or `"249"`      | `"249"`                             |
| integer   | `1250` or `1250.0`             | `1250`                              |
| flag      | `0`, `1`, `false`, `true`      | `False`, `True`                     |
| instant   | `2018-10-02 18:15:00+0200`, …  | `"2018-10-02T16:15:00+00:00"`, UTC  |
| day       | the same                       | `"2018-10-02"`, the day in UTC      |
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mock_server.errors import SpecError

Schema = Mapping[str, Any]
Reader = Callable[[Any], Any]
Resolve = Callable[[Schema], Schema]

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "integer": (int, float),
    "object": (dict,),
    "string": (str,),
}


def utc_now() -> datetime:
    return datetime.now(UTC)


def read_id(value: str | int | float) -> str:
    return value if isinstance(value, str) else str(int(value))


def read_instant(value: str) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC).isoformat()
    return moment.astimezone(UTC).isoformat()


def read_day(value: str) -> str:
    return read_instant(value)[:10]


_READERS: Mapping[str, Reader] = {
    "id": read_id,
    "integer": int,
    "flag": bool,
    "instant": read_instant,
    "day": read_day,
}


def reader_for(schema: Schema, resolve: Resolve) -> Reader | None:
    """The function that reads a value of `schema`, or None where it stays as it is.

    `resolve` follows a schema's `$ref`. Raises SpecError for an `x-value` that is not known.
    """
    schema = resolve(schema)
    if kind := schema.get("x-value"):
        if kind not in _READERS:
            raise SpecError(f"x-value '{kind}' is unknown; use one of {', '.join(_READERS)}")
        return _READERS[kind]
    if properties := properties_of(schema, resolve):
        return _object_reader(properties, resolve)
    if "items" in schema:
        return _list_reader(schema["items"], resolve)
    if "anyOf" in schema:
        forms = _readers_by_type(schema, resolve)
        return lambda value: forms[type(value)](value)
    return None


def properties_of(schema: Schema, resolve: Resolve) -> dict[str, Schema]:
    """The properties of an object's schema, those of its `allOf` parts first."""
    schema = resolve(schema)
    found: dict[str, Schema] = {}
    for part in schema.get("allOf", ()):
        found.update(properties_of(part, resolve))
    found.update(schema.get("properties", {}))
    return found


def _object_reader(properties: Mapping[str, Schema], resolve: Resolve) -> Reader:
    """Reads the properties that the contract knows and leaves the others out."""
    readers = {name: reader_for(schema, resolve) for name, schema in properties.items()}

    def read(value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: entry if (reader := readers[name]) is None else reader(entry)
            for name, entry in value.items()
            if name in readers
        }

    return read


def _list_reader(items: Schema, resolve: Resolve) -> Reader | None:
    reader = reader_for(items, resolve)
    return reader and (lambda value: [reader(entry) for entry in value])


def _readers_by_type(schema: Schema, resolve: Resolve) -> dict[type, Reader]:
    """One reader for each Python type that a value of an `anyOf` can have, nested ones included."""
    schema = resolve(schema)
    if "anyOf" in schema and "properties" not in schema:
        return {kind: reader for form in schema["anyOf"] for kind, reader in _readers_by_type(form, resolve).items()}
    reader = reader_for(schema, resolve) or (lambda value: value)
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {kind: reader for name in names for kind in _PYTHON_TYPES[name]}
