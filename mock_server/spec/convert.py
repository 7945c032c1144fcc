"""How a valid body is converted: its values as handlers want them, and findings about what is doubtful.

What the contract does not know is left out, with a finding.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from mock_server.findings import Finding, Severity
from mock_server.spec import values
from mock_server.spec.invisible import escaped, invisible_characters
from mock_server.spec.notices import Notices
from mock_server.spec.pointers import escape

# Unknown fields of one object that are looked at.
_MOST_UNKNOWN = 1000
# Returns the valid value at a JSON pointer as handlers want it, and adds findings to the notices.
Convert = Callable[[Any, str, Notices], Any]

_OFFSET = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_DAY_CHARACTERS = 10


def value_converter(kind: str) -> Convert:
    """Return the converter of values with this `x-value`."""
    read, notice = values.READERS[kind], _NOTICE.get(kind)
    if notice is None:
        return lambda value, _, __: read(value)

    def convert(value: Any, pointer: str, notices: Notices) -> Any:
        notice(value, pointer, notices)
        return read(value)

    return convert


def object_converter(
    properties: Mapping[str, Convert | None], expected: Mapping[Severity, list[str]] | None = None
) -> Convert:
    """Return the converter of objects that have these properties; None leaves a property's value as it is.

    `expected`: fields whose lack is a finding, by its severity.
    """
    known = frozenset(properties)
    converters = [(name, f"/{escape(name)}", convert) for name, convert in properties.items() if convert]
    wanted = [(severity, name) for severity, names in (expected or {}).items() for name in names]

    def convert_object(value: dict[str, Any], pointer: str, notices: Notices) -> dict[str, Any]:
        if known.issuperset(value):
            kept = dict(value)
        else:
            kept = {name: value[name] for name in value if name in known}
            _notice_unknown(value, known, pointer, notices)
        for severity, name in wanted:
            if name not in value and notices.has_room("missing-ad-field"):
                about = f"{pointer}/{name}"
                finding = Finding.of("missing-ad-field", about, "documented", field=_field(about))
                notices.keep(replace(finding, severity=severity))
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

    def convert_form(value: Any, pointer: str, notices: Notices) -> Any:
        convert = converters.get(type(value))
        return value if convert is None else convert(value, pointer, notices)

    return convert_form


def notice_invisible(value: Any, pointer: str, notices: Notices) -> None:
    """Add a finding for characters that nobody sees, and for `mailto:` before an email."""
    if not isinstance(value, str):
        return
    if value.isascii():
        if value[:7].lower() == "mailto:":
            data = {"field": _field(pointer), "sent": value, "intended": value[7:]}
            notices.add("invisible-character", pointer, "assumed", case="mailto", **data)
    elif characters := invisible_characters(value):
        data = {"field": _field(pointer), "sent": escaped(value), "characters": ", ".join(characters)}
        notices.add("invisible-character", pointer, "assumed", case="", **data)


def _notice_unknown(value: Mapping[str, Any], known: frozenset[str], pointer: str, notices: Notices) -> None:
    unknown = (name for name in value if name not in known)
    for name in islice(unknown, _MOST_UNKNOWN):
        if not notices.has_room("unknown-field"):
            return
        about = f"{pointer}/{escape(name)}"
        near = notices.near_name(name, known)
        # Beside the field itself, a name like it is an extra of the client.
        if near and near not in value:
            notices.add("misspelled-field", about, "client", field=name, near=near)
        else:
            notices.add("unknown-field", about, "client", field=name)


def _notice_naive_date(value: str, pointer: str, notices: Notices) -> None:
    if len(value) > _DAY_CHARACTERS and not _OFFSET.search(value):
        advised = f"{value[:_DAY_CHARACTERS]}T{value[_DAY_CHARACTERS + 1 :]}Z"
        notices.add("naive-date", pointer, "assumed", sent=value, advised=advised)


def _notice_decimal_money(value: float, pointer: str, notices: Notices) -> None:
    # A number is read as a float only where it was written with a point or an exponent.
    if isinstance(value, float):
        notices.add("decimal-money", pointer, "assumed", field=_field(pointer), sent=value, cents=int(value))


def _field(pointer: str) -> str:
    return pointer.removeprefix("/body/").removeprefix("/path/")


_NOTICE: Mapping[str, Callable[[Any, str, Notices], None]] = {
    "email": notice_invisible,
    "id": notice_invisible,
    "instant": _notice_naive_date,
    "money": _notice_decimal_money,
    "name": notice_invisible,
}
