"""Bodies that are broken, too deep, too large or of another media type, and ids that cannot be one."""

import json
from typing import Any

import pytest

from client_tests.hostile.operations import POSTS, every_post, example_of, path_of, refusal
from client_tests.sandbox import JSON_HEADERS, Sandbox
from mock_server.settings import ServeSettings
from mock_server.spec import Operation
from mock_server.spec.json_body import MAX_DEPTH
from mock_server.spec.shape import Shape

LIMIT = ServeSettings().max_body_bytes


def takes_id(shape: Shape) -> bool:
    return shape.kind == "id" or any(takes_id(form) for form in shape.forms.values())


ID_FIELDS = [
    pytest.param(operation, name, id=f"{operation.name}-{name}")
    for operation in POSTS
    if operation.shape
    for name, shape in operation.shape.properties.items()
    if takes_id(shape)
]


def nested(levels: int) -> bytes:
    """Return an object that nests this many levels, itself included."""
    return b'{"deep": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


BROKEN_BODIES = {
    "empty": b"",
    "blanks": b" \r\n\t",
    "truncated": b'{"id": 1, "email": "ada@exa',
    "unclosed": b'{"id": 1',
    "list": b"[]",
    "null": b"null",
    "text": b'"contact"',
    "number": b"12",
    "two-values": b"{}{}",
    "trailing-comma": b'{"id": 1,}',
    "single-quotes": b"{'id': 1}",
    "invalid-utf-8": b'{"id": "\xff\xfe"}',
    "utf-16": '{"id": 1}'.encode("utf-16"),
    "lone-surrogate": b'{"id": "\\ud800"}',
    "nul-byte": b'{"id": "a\x00b"}',
    "nan": b'{"id": NaN}',
    "infinity": b'{"id": -Infinity}',
    "1e400": b'{"id": 1e400}',
    "26-digits": b'{"id": 12345678901234567890123456}',
    "unknown-field-of-26-digits": b'{"extra": {"deep": [-12345678901234567890123456]}}',
    "2000-levels": nested(2000),
    "200000-levels": nested(200_000),
    "one-level-too-deep": nested(MAX_DEPTH + 1),
}


@every_post
@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES.keys())
def test_a_body_that_is_not_a_json_object_is_refused(luke: Sandbox, operation: Operation, body: bytes) -> None:
    texts = refusal(luke, 400, path_of(operation), body)

    assert "body" in texts or "integer" in texts


@every_post
def test_a_body_may_nest_up_to_the_limit(luke: Sandbox, operation: Operation) -> None:
    body = {**example_of(operation), "extra": json.loads(nested(MAX_DEPTH - 1))}

    luke.stored(path_of(operation), body)

    over = {**body, "extra": json.loads(nested(MAX_DEPTH))}
    assert str(MAX_DEPTH) in refusal(luke, 400, path_of(operation), json.dumps(over))


def test_brackets_in_a_text_are_not_nesting(luke: Sandbox) -> None:
    name = "[{" * MAX_DEPTH

    luke.stored("product", {"id": 1, "name": name})

    assert [row["name"] for row in luke.state()["products"]] == [name]


@pytest.mark.parametrize(("operation", "field"), ID_FIELDS)
@pytest.mark.parametrize(
    "value",
    ["", "a\x00b", "a\nb", "\x7f", "x" * 256, 2**63, -(2**63) - 1, 10**25, 1.5, 1e300, True, {}],
    ids=lambda value: repr(value)[:20],
)
def test_an_id_that_cannot_be_one_is_refused(luke: Sandbox, operation: Operation, field: str, value: Any) -> None:
    body = {**example_of(operation), field: value}

    texts = refusal(luke, 400, path_of(operation), json.dumps(body))

    assert field in texts or "integer" in texts


def test_custom_fields_keep_64_bits_and_refuse_more(luke: Sandbox) -> None:
    kept = {"most": 2**64 - 1, "least": -(2**63), "digits": "12345678901234567890123456", "nul": "a\x00b"}

    luke.stored("contact", {"contact_id": 249, "custom_fields": kept})

    assert luke.state()["contacts"][0]["custom_fields"] == kept
    for value in (2**64, -(2**63) - 1, 10**25):
        body = {"contact_id": 249, "custom_fields": {"value": value}}
        assert "64 bits" in refusal(luke, 400, "contact", json.dumps(body))


def test_of_duplicate_keys_the_last_counts(luke: Sandbox) -> None:
    body = b'{"id": 1, "name": "first", "id": 2, "name": "last"}'

    answer = luke.send("POST", "product", content=body, headers=JSON_HEADERS)

    assert answer.status_code == 200
    assert [(row["id"], row["name"]) for row in luke.state()["products"]] == [("2", "last")]


@every_post
def test_a_body_at_the_limit_is_read_and_one_byte_more_is_413(luke: Sandbox, operation: Operation) -> None:
    body = json.dumps(example_of(operation)).encode().ljust(LIMIT)

    over = refusal(luke, 413, path_of(operation), body + b" ")
    answer = luke.send("POST", path_of(operation), content=body, headers=JSON_HEADERS)

    assert str(LIMIT) in over
    assert answer.status_code == 200, answer.text


def test_a_body_of_20_megabytes_is_413(luke: Sandbox) -> None:
    body = json.dumps({"id": 1, "name": "x" * 20_000_000})

    assert str(LIMIT) in refusal(luke, 413, "product", body)


def test_a_chunked_body_counts_as_a_whole(luke: Sandbox) -> None:
    body = json.dumps({"id": 1, "name": "Lightsaber"}).encode()

    refusal(luke, 413, "product", iter([body, *[b" " * 65_536] * (LIMIT // 65_536)]))
    answer = luke.send("POST", "product", content=iter([body[:9], body[9:]]), headers=JSON_HEADERS)

    assert answer.status_code == 200
    assert [row["name"] for row in luke.state()["products"]] == ["Lightsaber"]


@every_post
@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
    ],
)
def test_another_media_type_is_415(luke: Sandbox, operation: Operation, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}

    texts = refusal(luke, 415, path_of(operation), json.dumps(example_of(operation)), headers)

    assert "application/json" in texts


@every_post
@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;v=1"])
def test_parameters_and_case_of_the_media_type_do_not_matter(
    luke: Sandbox, operation: Operation, media_type: str
) -> None:
    body = json.dumps(example_of(operation))

    answer = luke.send("POST", path_of(operation), content=body, headers={"Content-Type": media_type})

    assert answer.status_code == 200, answer.text
