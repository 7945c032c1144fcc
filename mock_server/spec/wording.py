"""How a broken schema is told: one text and one finding for each place that is wrong.

A missing field has the one text that the vendor documents; the others name the field, what it is and,
from the description of its schema, what is expected.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from jsonschema_rs import ValidationError, ValidationErrorKind

from mock_server.findings import Evidence, Finding
from mock_server.spec.convert import escape

_SHOWN = 60


def findings_of(
    errors: Iterable[ValidationError], document: Mapping[str, Any], pointer: str, name: str
) -> tuple[Finding, ...]:
    """A finding for each error; `pointer` and `name` say what the validated value is."""
    wording = _Wording(document, pointer, name)
    found = [finding for error in errors for finding in wording.tell(error)]
    return tuple(dict.fromkeys(found))


class _Wording:
    def __init__(self, document: Mapping[str, Any], pointer: str, name: str) -> None:
        self._document = document
        self._pointer = pointer
        self._name = name

    def tell(self, error: ValidationError) -> Iterable[Finding]:
        match error.kind:
            case ValidationErrorKind.Required(property=name):
                yield self._missing(error, [name])
            case ValidationErrorKind.AnyOf(context=forms) | ValidationErrorKind.OneOfNotValid(context=forms):
                yield from self._tell_forms(error, forms)
            case _:
                yield self._mismatch(error)

    def _tell_forms(self, error: ValidationError, forms: list[list[ValidationError]]) -> Iterable[Finding]:
        """Told by the form that was meant: the only one whose type fits the value."""
        if all(isinstance(one.kind, ValidationErrorKind.Required) for form in forms for one in form):
            yield self._missing(error, [_required(one) for form in forms for one in form])
            return
        fitting = [form for form in forms if not any(_is_type_error(one, error.instance_path) for one in form)]
        if len(fitting) == 1:
            for one in fitting[0]:
                yield from self.tell(one)
        else:
            yield self._mismatch(error)

    def _missing(self, error: ValidationError, names: list[str]) -> Finding:
        path = [str(step) for step in error.instance_path]
        fields = " or ".join(f"'{'/'.join([*path, name])}'" for name in names)
        pointer = "/".join([self._pointer, *map(escape, path), names[0]])
        _, evidence = self._expectation(error)
        return Finding("missing-field", pointer, f"missing {fields} field ", evidence)

    def _mismatch(self, error: ValidationError) -> Finding:
        path = [str(step) for step in error.instance_path]
        field = "/".join(path) or self._name
        pointer = "/".join([self._pointer, *map(escape, path)])
        expected, evidence = self._expectation(error)
        if field:
            text = f"'{field}' is {_shown(error.instance)}. {expected or _sentence(error.message)}"
        else:
            text = f"the body is {_shown(error.instance)}. Send a JSON object."
        return Finding("bad-value", pointer, text, evidence)

    def _expectation(self, error: ValidationError) -> tuple[str, Evidence]:
        """The description and the evidence of the innermost schema on the error's way that has one."""
        node: Any = self._document
        expected, evidence = "", "documented"
        for step in error.schema_path:
            if isinstance(node, Mapping):
                node = node.get(step, {})
            elif isinstance(node, list) and isinstance(step, int):
                node = node[step] if step < len(node) else {}
            if isinstance(node, Mapping):
                expected = node.get("description", expected)
                evidence = node.get("x-evidence", {}).get("kind", evidence)
        return expected, evidence  # type: ignore[return-value]


def _required(error: ValidationError) -> str:
    assert isinstance(error.kind, ValidationErrorKind.Required)
    return error.kind.property


def _is_type_error(error: ValidationError, path: list[str | int]) -> bool:
    """Whether the error says that the value at `path` itself has another type, in every nested form."""
    if error.instance_path != path:
        return False
    if isinstance(error.kind, ValidationErrorKind.AnyOf):
        return all(any(_is_type_error(one, path) for one in form) for form in error.kind.context)
    return isinstance(error.kind, ValidationErrorKind.Type)


def _shown(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + "."
