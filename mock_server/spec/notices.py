"""What is worth a notice in a valid body: fields that the contract does not know, dates without an offset."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from mock_server.errors import Finding
from mock_server.spec.shape import Shape

_OFFSET = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_DAY_CHARACTERS = 10
_DATES_KEPT = 1024
"""How many are looked at once, at each of their places."""


def notices(shape: Shape, value: Any, pointer: str = "/body") -> Iterator[Finding]:
    """The notices of a valid value at a JSON pointer."""
    if shape.kind == "instant":
        yield from _naive_date(value, pointer)
    elif shape.properties:
        for name in (name for name in value if name not in shape.quiet):
            part = shape.properties.get(name)
            if part is None:
                place = f"{pointer}/{escape(name)}"
                message = f"'{name}' is not a field that the contract knows; it is not kept. Check its spelling."
                yield Finding("unknown-field", "notice", place, message, "client")
            else:
                yield from notices(part, value[name], f"{pointer}/{escape(name)}")
    elif shape.items:
        for index, entry in enumerate(value):
            yield from notices(shape.items, entry, f"{pointer}/{index}")
    elif (form := shape.forms.get(type(value))) and form.is_noted:
        yield from notices(form, value, pointer)


def escape(step: str) -> str:
    """A step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


@lru_cache(_DATES_KEPT)
def _naive_date(value: str, pointer: str) -> tuple[Finding, ...]:
    if len(value) <= _DAY_CHARACTERS or _OFFSET.search(value):
        return ()
    message = f"'{value}' has no offset and is taken as UTC. Send one, such as {value}Z, to be sure."
    return (Finding("naive-date", "notice", pointer, message, "assumed"),)
