"""What of an operation can be exercised, as points: places, enum values, forms, null with a meaning, error responses.

/body/items/*/amount         a field
/body/billing_cycle=month    a value of an enum or a flag
/body/tags/*=name            a form of a tag or an ad: id, name, object, list
/body/custom_fields/*=null   null, where the schema names it
answer=404                   an error response that a client can meet without a mistake of its own
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mock_server.spec.notices import Notices
from mock_server.spec.shape import Schema, Shape

_ANSWER = "answer="


def points_of(shape: Shape) -> Iterator[str]:
    """Every point of a body or a query."""
    if shape.values:
        yield from (_value_point(shape, value) for value in shape.values)
        return
    if _takes_null(shape):
        yield f"{shape.place}=null"
    for part in shape.properties.values():
        yield part.place
        yield from points_of(part)
    for part in filter(None, [shape.items, shape.extra]):
        yield from points_of(part)
    for form in _forms_of(shape).values():
        yield f"{shape.place}={form.label}"
        yield from points_of(form)


def answer_points(answers: Mapping[int, Schema]) -> Iterator[str]:
    """The point of each error response of an operation that a client can meet without a mistake of its own.

    400 and 500 are points because the reference documents them. 401 and 404 are, though their statuses are assumed: a
    correct call meets them when its key was replaced or an object was deleted elsewhere. 413 and 415 are not: nobody
    documents them, and a client that keeps its bodies small and declares them never meets one. The document says so by
    `x-preventable`.
    """
    for status, answer in answers.items():
        if status >= 400 and not answer.get("x-preventable"):
            yield answer_point(status)


def answer_point(status: int) -> str:
    """The point of a status."""
    return f"{_ANSWER}{status}"


def is_answer_point(point: str) -> bool:
    """Return whether a point is that of an error response."""
    return point.startswith(_ANSWER)


def exercised(shape: Shape, value: Any) -> Iterator[str]:
    """The points that a valid value exercises, as often as it does."""
    if shape.values:
        yield _value_point(shape, value)
    elif value is None and _takes_null(shape):
        yield f"{shape.place}=null"
    elif shape.properties or shape.extra:
        for name, entry in value.items():
            part = shape.properties.get(name)
            if part:
                yield part.place
            if part := part or shape.extra:
                yield from exercised(part, entry)
    elif shape.items:
        for entry in value:
            yield from exercised(shape.items, entry)
    elif form := _forms_of(shape).get(type(value)):
        yield f"{shape.place}={form.label}"
        yield from exercised(form, value)


def _value_point(shape: Shape, value: Any) -> str:
    text = json.dumps(shape.converted(value, shape.place, Notices()), ensure_ascii=False)
    return f"{shape.place}={text.strip(chr(34)) or text}"


def _forms_of(shape: Shape) -> Mapping[type, Shape]:
    """Return the forms that differ in meaning; the JSON types of one kind of value, such as an id, do not."""
    return {} if shape.kind else shape.forms


def _takes_null(shape: Shape) -> bool:
    return shape.schema.get("x-takes-null") is True or "null" in shape.schema.get("type", ())
