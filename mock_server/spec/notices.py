"""What is worth a notice in a valid body: fields that the contract does not know, dates without an offset."""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any

from mock_server.errors import Finding
from mock_server.spec.shape import Shape

MOST_NOTED = 1000
"""Notices about a body. In a megabyte there is room for a hundred thousand."""
Noter = Callable[[Any, str, list[Finding]], None]
"""Adds the notices of a valid value at a JSON pointer to a list."""

_OFFSET = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_DAY_CHARACTERS = 10
_DATES_KEPT = 1024
"""How many are looked at once, at each of their places."""


def noter_of(shape: Shape) -> Noter | None:
    """What notes the values of a shape; None where there is nothing to note."""
    if shape.kind == "instant":
        return lambda value, pointer, found: found.extend(_naive_date(value, pointer))
    if shape.properties:
        return _object_noter(shape)
    if shape.items:
        return _list_noter(shape.items)
    return _form_noter(shape)


def _object_noter(shape: Shape) -> Noter:
    known = frozenset(shape.properties)
    noters = [(name, f"/{escape(name)}", noter) for name, part in shape.properties.items() if (noter := noter_of(part))]

    def note(value: dict[str, Any], pointer: str, found: list[Finding]) -> None:
        if not known.issuperset(value):
            found += islice((_unknown(name, pointer) for name in value if name not in known), MOST_NOTED)
        for name, step, note_part in noters:
            if name in value:
                note_part(value[name], pointer + step, found)

    return note


def _list_noter(items: Shape) -> Noter | None:
    note_entry = noter_of(items)
    quiet = {type_ for type_, form in items.forms.items() if noter_of(form) is None}
    if note_entry is None:
        return None

    def note(value: list[Any], pointer: str, found: list[Finding]) -> None:
        for index, entry in enumerate(value):
            if type(entry) not in quiet:
                note_entry(entry, f"{pointer}/{index}", found)
                if len(found) >= MOST_NOTED:
                    break

    return note


def _form_noter(shape: Shape) -> Noter | None:
    noters = {type_: noter for type_, form in shape.forms.items() if (noter := noter_of(form))}
    if not noters:
        return None

    def note(value: Any, pointer: str, found: list[Finding]) -> None:
        if note_form := noters.get(type(value)):
            note_form(value, pointer, found)

    return note


def escape(step: str) -> str:
    """A step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _unknown(name: str, pointer: str) -> Finding:
    message = f"'{name}' is not a field that the contract knows; it is not kept. Check its spelling."
    return Finding("unknown-field", "notice", f"{pointer}/{escape(name)}", message, "client")


@lru_cache(_DATES_KEPT)
def _naive_date(value: str, pointer: str) -> tuple[Finding, ...]:
    if len(value) <= _DAY_CHARACTERS or _OFFSET.search(value):
        return ()
    message = f"'{value}' has no offset and is taken as UTC. Send one, such as {value}Z, to be sure."
    return (Finding("naive-date", "notice", pointer, message, "assumed"),)
