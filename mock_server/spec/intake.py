"""How a valid body is taken in: its values as handlers want them, and what is worth a notice on the way.

Left out, with a notice, is what the contract does not know; a date without an offset is noted too.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from mock_server.errors import Finding
from mock_server.spec import values

MOST_NOTED = 1000
"""Notices about a body. In a megabyte there is room for a hundred thousand."""
Intake = Callable[[Any, str, list[Finding]], Any]
"""Gives the valid value at a JSON pointer as handlers want it, and adds its notices to a list, up to MOST_NOTED."""

_OFFSET = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_DAY_CHARACTERS = 10
_DATES_KEPT = 1024
"""How many are looked at once, at each of their places."""


def value_intake(kind: str) -> Intake:
    """That of a value of an `x-value`."""
    read = values.READERS[kind]
    return _take_instant if kind == "instant" else lambda value, _, __: read(value)


def object_intake(properties: Mapping[str, Intake | None]) -> Intake:
    """That of an object, from those of the properties that the contract knows; None takes a value as it is."""
    known = frozenset(properties)
    intakes = [(name, f"/{escape(name)}", take) for name, take in properties.items() if take]

    def take_object(value: dict[str, Any], pointer: str, noted: list[Finding]) -> dict[str, Any]:
        if known.issuperset(value):
            kept = dict(value)
        else:
            kept = {name: value[name] for name in value if name in known}
            unknown = (_unknown(name, pointer) for name in value if name not in known)
            noted += islice(unknown, MOST_NOTED - len(noted))
        for name, step, take in intakes:
            if name in kept:
                kept[name] = take(kept[name], pointer + step, noted)
        return kept

    return take_object


def list_intake(take: Intake) -> Intake:
    """That of a list, from that of its entries."""
    return lambda value, pointer, noted: [take(entry, f"{pointer}/{index}", noted) for index, entry in enumerate(value)]


def form_intake(forms: Mapping[type, Intake | None]) -> Intake | None:
    """That of an `anyOf`, from those of its forms by the value's type."""
    intakes = {type_: take for type_, take in forms.items() if take}
    if not intakes:
        return None

    def take_form(value: Any, pointer: str, noted: list[Finding]) -> Any:
        take = intakes.get(type(value))
        return value if take is None else take(value, pointer, noted)

    return take_form


def escape(step: str) -> str:
    """A step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _unknown(name: str, pointer: str) -> Finding:
    message = f"'{name}' is not a field that the contract knows; it is not kept. Check its spelling."
    return Finding("unknown-field", "notice", f"{pointer}/{escape(name)}", message, "client")


def _take_instant(value: str, pointer: str, noted: list[Finding]) -> Any:
    read, notice = _look_at(value, pointer)
    if notice and len(noted) < MOST_NOTED:
        noted.append(notice)
    return read


@lru_cache(_DATES_KEPT)
def _look_at(instant: str, pointer: str) -> tuple[Any, Finding | None]:
    """The instant as it is read, and the notice that it lacks an offset."""
    read = values.READERS["instant"](instant)
    if len(instant) <= _DAY_CHARACTERS or _OFFSET.search(instant):
        return read, None
    message = f"'{instant}' has no offset and is taken as UTC. Send one, such as {instant}Z, to be sure."
    return read, Finding("naive-date", "notice", pointer, message, "assumed")
