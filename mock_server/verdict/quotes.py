"""What was sent where a finding points, and what is expected there."""

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from mock_server.journal import ShownExchange
from mock_server.messages import EXPECTED
from mock_server.spec import Contract
from mock_server.spec.pointers import steps_of
from mock_server.verdict.baseline import Place

_MAX_SENT = 500
_ABOUT_VALUES = ("bad-value", "missing-field")


def sent_at(exchange: ShownExchange, pointer: str) -> str | None:
    """Return what an exchange has at a pointer, JSON for a value of body or query, at most 500 characters.

    None where there is nothing, or where the journal keeps too little of the body to say.
    """
    request = exchange["request"]
    match steps_of(pointer):
        case ["body", *steps]:
            return _value_at(request["body"], steps)
        case ["query", name, *steps]:
            return _parameter(exchange["request"]["path"], name, steps)
        case ["headers", name]:
            sent = request["headers"].get(name)
            return None if sent is None else _bounded(sent)
        case ["answer", *_]:
            return None
    return _bounded(f"{request['method']} {request['path']}")


def _parameter(path: str, name: str, steps: list[str]) -> str | None:
    """Return a parameter of a path's query, or with a step a part of its list; None where it was not sent."""
    sent = dict(parse_qsl(path.partition("?")[2], keep_blank_values=True)).get(name)
    if sent is not None and steps:
        parts = sent.split(",")
        sent = parts[int(steps[0])] if int(steps[0]) < len(parts) else None
    return None if sent is None else _bounded(orjson.dumps(sent).decode())


def _value_at(body: str, steps: list[str]) -> str | None:
    if not steps:
        return _bounded(body) if body else None
    try:
        value = _parsed(body)
    except orjson.JSONDecodeError:
        return None
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return _bounded(orjson.dumps(value).decode())


@lru_cache(1)  # a call with many findings is parsed once
def _parsed(body: str) -> Any:
    return orjson.loads(body)


def _bounded(text: str) -> str:
    return text if len(text) <= _MAX_SENT else f"{text[:_MAX_SENT]}…"


def expected_at(contract: Contract, finding: Place) -> str:
    """Return what is expected where a finding points: the contract's description of the value, or a phrase."""
    operation = contract.operations.get(finding["operation"] or "")
    part, *steps = steps_of(finding["pointer"]) or [""]
    if finding["code"] in _ABOUT_VALUES and part in ("body", "query") and operation and operation.shape:
        description: str = operation.shape.at(steps).schema.get("description", "")
        if description:
            return description
    return EXPECTED[finding["code"]]
