"""What is wrong with a value: each place of it that breaks its schema.

A value is walked along its shape, and each place of it is judged alone, by the keywords about that place. So a mistake
costs the same in a small body and in a large one, and whoever wants only some of them stops.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from mock_server.findings import Evidence
from mock_server.spec.shape import Shape

# The way to a value: keys of objects, and places in lists from 0.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One place of a value that breaks its schema.

    `schema`: the one whose `keyword` failed. `missing`: the names of the fields of which one must be there, if that is
    what is wrong. `expected`: the description of the innermost schema around the keyword that has one.
    `evidence`: what its `x-evidence` says about the keyword.
    """

    path: Path
    value: Any
    schema: Mapping[str, Any]
    keyword: str
    expected: str
    evidence: Evidence
    message: str
    missing: tuple[str, ...] = ()


def mistakes_of(shape: Shape, value: Any, path: Path = ()) -> Iterator[Mistake]:
    """Yield what is wrong, in forms of an `anyOf` what is wrong with the form that was meant: the one of the type."""
    form = shape.form_of(value)
    if form is None:
        yield _no_form(shape, value, path)
        return
    errors = form.errors(value)
    if form is not shape and any(isinstance(error.kind, ValidationErrorKind.Type) for error in errors):
        yield _no_form(shape, value, path)
        return
    for error in errors:
        yield _mistake(form, error, value, path)
    if any(isinstance(error.kind, ValidationErrorKind.MaxItems) for error in errors):
        return
    if isinstance(value, dict):
        for name, part in form.properties.items():
            if name in value:
                yield from mistakes_of(part, value[name], (*path, name))
    elif isinstance(value, list) and form.items:
        for number, entry in enumerate(value):
            yield from mistakes_of(form.items, entry, (*path, number))


def _no_form(shape: Shape, value: Any, path: Path) -> Mistake:
    evidence = _evidence_of(shape.evidence, "anyOf")
    return Mistake(path, value, shape.schema, "anyOf", shape.expected, evidence, "No form fits")


def _mistake(shape: Shape, error: ValidationError, value: Any, path: Path) -> Mistake:
    *way, keyword = error.schema_path
    schema: Any = shape.own.keywords
    around: Any = schema
    expected, stated = shape.expected, shape.evidence
    for step in way:
        around, schema = schema, schema[step]
        if isinstance(schema, Mapping):
            expected = schema.get("description", expected)
            stated = schema.get("x-evidence", stated)
    evidence = _evidence_of(stated, str(keyword))
    return Mistake(path, value, schema, str(keyword), expected, evidence, error.message, _missing(error, around))


def _evidence_of(stated: Mapping[str, Any], keyword: str) -> Evidence:
    """Return what an `x-evidence` says about a keyword."""
    found: Evidence = stated.get("keywords", {}).get(keyword, stated.get("kind", "documented"))
    return found


def _missing(error: ValidationError, around: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields of which one must be there; nothing where something else is wrong.

    `around`: the schema that has the failed one as its part, such as its `then`.
    """
    match error.kind:
        case ValidationErrorKind.Required(property=name):
            unless = around.get("if", {}).get("not", {}).get("required", ()) if "then" in error.schema_path else ()
            return (*unless, name)
    return ()
