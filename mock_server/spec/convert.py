"""How a valid body is converted: its values as handlers want them, and a notice for what is doubtful.

What the contract does not know is left out, with a notice; a date without an offset gets one too.
"""

import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from mock_server.findings import Finding
from mock_server.spec import values

# Notices about a body. In a megabyte there is room for a hundred thousand.
MAX_NOTICES = 1000
# Returns the valid value at a JSON pointer as handlers want it, and adds notices to a list, up to MAX_NOTICES.
Convert = Callable[[Any, str, list[Finding]], Any]

_OFFSET = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_DAY_CHARACTERS = 10


def value_converter(kind: str) -> Convert:
    """Return the converter of values with this `x-value`."""
    read = values.READERS[kind]
    return _convert_instant if kind == "instant" else lambda value, _, __: read(value)


def object_converter(properties: Mapping[str, Convert | None]) -> Convert:
    """Return the converter of objects that have these properties; None leaves a property's value as it is."""
    known = frozenset(properties)
    converters = [(name, f"/{escape(name)}", convert) for name, convert in properties.items() if convert]

    def convert_object(value: dict[str, Any], pointer: str, notices: list[Finding]) -> dict[str, Any]:
        if known.issuperset(value):
            kept = dict(value)
        else:
            kept = {name: value[name] for name in value if name in known}
            unknown = (_unknown(name, pointer) for name in value if name not in known)
            notices += islice(unknown, MAX_NOTICES - len(notices))
        for name, step, convert in converters:
            if name in kept:
                kept[name] = convert(kept[name], pointer + step, notices)
        return kept

    return convert_object


def list_converter(convert: Convert) -> Convert:
    """Return the converter of lists whose entries this one converts."""
    return lambda value, pointer, notices: [
        convert(entry, f"{pointer}/{index}", notices) for index, entry in enumerate(value)
    ]


def any_of_converter(forms: Mapping[type, Convert | None]) -> Convert | None:
    """Return the converter of an `anyOf`, from those of its forms by the value's type; None if there is none."""
    converters = {type_: convert for type_, convert in forms.items() if convert}
    if not converters:
        return None

    def convert_form(value: Any, pointer: str, notices: list[Finding]) -> Any:
        convert = converters.get(type(value))
        return value if convert is None else convert(value, pointer, notices)

    return convert_form


def escape(step: str) -> str:
    """Return a step of a JSON pointer as it is written."""
    return step.replace("~", "~0").replace("/", "~1")


def _unknown(name: str, pointer: str) -> Finding:
    return Finding.of("unknown-field", f"{pointer}/{escape(name)}", "client", field=name)


def _convert_instant(value: str, pointer: str, notices: list[Finding]) -> Any:
    has_time = len(value) > _DAY_CHARACTERS
    if has_time and len(notices) < MAX_NOTICES and not _OFFSET.search(value):
        advised = f"{value[:_DAY_CHARACTERS]}T{value[_DAY_CHARACTERS + 1 :]}Z"
        notices.append(Finding.of("naive-date", pointer, "assumed", sent=value, advised=advised))
    return values.READERS["instant"](value)
