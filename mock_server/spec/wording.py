"""Findings about a value that breaks its schema: one for each place, with what is known about it.

A missing field has the one text that the vendor documents; the others say what was sent, with its JSON type where that
is the fault, what is expected, from the description of the schema, and what to do.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from mock_server.findings import Evidence, Finding
from mock_server.spec.dates import date_fault, instant_of_timestamp
from mock_server.spec.lenient import LEFT_OUT, intended_value
from mock_server.spec.mistakes import Mistake
from mock_server.spec.pointers import escape
from mock_server.spec.shape import Shape

_SHOWN = 60


def findings_of(
    mistakes: Iterable[Mistake], pointer: str, name: str, shape: Shape | None, refusal_of_readable: Evidence
) -> tuple[Finding, ...]:
    """Return a finding for each place that is wrong.

    `pointer`, `name`: of the validated value. `shape`: of a body. `refusal_of_readable`: the evidence that a value is
    refused which could be read as the right one.
    """
    found: dict[tuple[str, str], Finding] = {}
    for mistake in mistakes:
        about = "/".join([pointer, *(escape(str(step)) for step in mistake.path)])
        if mistake.missing:
            finding = _missing(mistake, about)
        else:
            field = "/".join(map(str, mistake.path)) or name
            case, data = _fault(mistake, is_required=shape is not None and shape.requires(mistake.path))
            is_readable = case in ("null", "null-required", "readable") and mistake.evidence == "documented"
            evidence = refusal_of_readable if is_readable else mistake.evidence
            data |= {"field": field, "sent": _shown(mistake.value), "expected": _expected(mistake)}
            finding = Finding.of("bad-value", about, evidence, case="body" if not field else case, **data)
        found.setdefault((finding.code, finding.pointer), finding)
    return tuple(found.values())


def _missing(mistake: Mistake, about: str) -> Finding:
    fields = " or ".join(f"'{'/'.join(map(str, (*mistake.path, name)))}'" for name in mistake.missing)
    pointer = f"{about}/{escape(mistake.missing[0])}"
    return Finding.of("missing-field", pointer, mistake.evidence, fields=fields)


def _fault(mistake: Mistake, *, is_required: bool) -> tuple[str, dict[str, object]]:
    """Return the case of the text, and its own data."""
    value, kind = mistake.value, _kind(mistake.value)
    intended = intended_value(mistake)
    if intended is LEFT_OUT:
        return "null-required" if is_required else "null", {"kind": kind}
    if value == "" and mistake.keyword in ("minLength", "pattern"):
        return "empty-required" if is_required else "empty", {"kind": kind}
    if mistake.schema.get("x-value") in ("instant", "day"):
        if isinstance(value, str):
            fault, date = date_fault(value)
        elif date := instant_of_timestamp(value) if isinstance(value, int | float) else "":
            fault = "this looks like a Unix timestamp"
        else:
            return "other-type", {"kind": kind}
        return ("date-readable" if date else "date"), {"fault": fault, "intended": _described(date)}
    if intended is not value:
        return "readable", {"kind": kind, "intended": _described(intended)}
    if isinstance(value, float) and mistake.keyword == "type":
        return "other-type", {"kind": "not a whole number"}
    return "other-type" if mistake.keyword in ("type", "anyOf") else "", {"kind": kind}


def _expected(mistake: Mistake) -> str:
    return mistake.expected or f"{mistake.message[:1].upper()}{mistake.message[1:]}."


def _kind(value: Any) -> str:
    """Return the JSON type of a value in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
    return "an object"


def _described(value: Any) -> str:
    """Return a value after the word for its JSON type, such as `the number 4500`."""
    kind = _kind(value).removeprefix("a ").removeprefix("an ")
    return f"the {kind} {_shown(value)}"


def _shown(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
