"""What is wrong with a value: each place of it that breaks its schema, from the errors of the validator."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from mock_server.findings import Evidence

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


def mistakes_of(errors: Iterable[ValidationError], document: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what is wrong, in forms of an `anyOf` what is wrong with the form that was meant."""
    for error in errors:
        match error.kind:
            case ValidationErrorKind.Required(property=name):
                yield _mistake(error, document, (name,))
            case ValidationErrorKind.AnyOf(context=forms):
                yield from _of_forms(error, forms, document)
            case _:
                yield _mistake(error, document)


def _of_forms(
    error: ValidationError, forms: list[list[ValidationError]], document: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Yield what is wrong with the only form whose type fits the value, else that no form fits."""
    names = [one.kind.property for form in forms for one in form if isinstance(one.kind, ValidationErrorKind.Required)]
    if len(names) == sum(map(len, forms)):
        yield _mistake(error, document, tuple(names))
        return
    fitting = [form for form in forms if not any(_is_type_error(one, error.instance_path) for one in form)]
    if len(fitting) == 1:
        yield from mistakes_of(fitting[0], document)
    else:
        yield _mistake(error, document)


def _is_type_error(error: ValidationError, path: list[str | int]) -> bool:
    """Return whether the value at `path` itself has another type, in every nested form."""
    if error.instance_path != path:
        return False
    if isinstance(error.kind, ValidationErrorKind.AnyOf):
        return all(any(_is_type_error(one, path) for one in form) for form in error.kind.context)
    return isinstance(error.kind, ValidationErrorKind.Type)


def _mistake(error: ValidationError, document: Mapping[str, Any], missing: tuple[str, ...] = ()) -> Mistake:
    *way, keyword = error.schema_path
    schema: Any = document
    expected = ""
    evidence: Evidence = "documented"
    for step in way:
        schema = schema[int(step)] if isinstance(schema, list) else schema.get(step, {})
        if isinstance(schema, Mapping):
            expected = schema.get("description", expected)
            stated = schema.get("x-evidence", {})
            evidence = stated.get("keywords", {}).get(keyword, stated.get("kind", evidence))
    return Mistake(
        path=tuple(error.instance_path),
        value=error.instance,
        schema=schema if isinstance(schema, Mapping) else {},
        keyword=str(keyword),
        expected=expected,
        evidence=evidence,
        message=error.message,
        missing=missing,
    )
