"""Invalid and hostile input: never a 5xx or a traceback, and nothing is stored."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from client_tests.raw import raw_call, raw_exchange
from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of
from client_tests.serving import served
from mock_server.settings import ServeSettings
from mock_server.spec import Contract, Operation
from mock_server.spec.json_body import MAX_DEPTH
from mock_server.spec.shape import Shape

CONTRACT = Contract.load()
PREFIX = "/v1/{account_id}/{integration_id}/"
LIMIT = ServeSettings().max_body_bytes
POSTS = [operation for operation in CONTRACT.operations.values() if operation.method == "POST"]
every_post = pytest.mark.parametrize("operation", POSTS, ids=lambda operation: operation.name)


def path_of(operation: Operation) -> str:
    return operation.template.removeprefix(PREFIX)


def example_of(operation: Operation) -> dict[str, Any]:
    """Return the operation's first example in the document; `luke` creates the contact that it may need."""
    content = CONTRACT.document["paths"][operation.template]["post"]["requestBody"]["content"]["application/json"]
    example: dict[str, Any] = next(iter(content["examples"].values()))["value"]
    return dict(example)


def takes_id(shape: Shape) -> bool:
    return shape.kind == "id" or any(takes_id(form) for form in shape.forms.values())


ID_FIELDS = [
    pytest.param(operation, name, id=f"{operation.name}-{name}")
    for operation in POSTS
    if operation.shape
    for name, shape in operation.shape.properties.items()
    if takes_id(shape)
]


@pytest.fixture(scope="module")
def stderr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "stderr.txt"


@pytest.fixture(scope="module")
def own_origin(stderr: Path) -> Iterator[str]:
    with stderr.open("w") as file, served("--check-answers", stderr=file) as server:
        yield server.origin


@pytest.fixture
def luke(own_origin: str, http: httpx.Client, stderr: Path) -> Iterator[Sandbox]:
    """Create a sandbox with the contact of the examples, on a server that must not print a traceback."""
    printed_before = len(stderr.read_text())
    sandbox = Sandbox.create(own_origin, http)
    sandbox.stored("contact", {"contact_id": 249, "email": "luke@example.org"})
    yield sandbox
    printed = stderr.read_text()[printed_before:]
    assert "Traceback" not in printed, printed


def refusal(sandbox: Sandbox, status: int, path: str, body: Any, headers: Mapping[str, str] = JSON_HEADERS) -> str:
    """Post a body that must be refused and change nothing; return the texts of the envelope."""
    before = sandbox.state()
    answer = sandbox.send("POST", path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert sandbox.state() == before
    return "\n".join(errors_of(answer))


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


def target_of(sandbox: Sandbox, path: str) -> bytes:
    return urlsplit(sandbox.url(path)).path.encode()


@pytest.mark.parametrize(
    "name", ["Host", "Origin", "Sec_Fetch_Site", "Authorization", "Cookie", "Content_Type", "X_Any"]
)
@pytest.mark.parametrize("value", [b"", b"[", b"http://[", b"\xff\xfe", b"=;=", b"a" * 10_000])
def test_no_header_value_is_a_5xx(luke: Sandbox, name: str, value: bytes) -> None:
    for method, target in (("GET", b"/__admin/health"), ("POST", target_of(luke, "contact"))):
        answer = raw_call(luke, method, target, **{name: value})

        assert answer.status_code == 200 or errors_of(answer)
        assert answer.status_code < 500


SPELLINGS = [
    ("SKU/7 blue", b"SKU%2F7%20blue"),
    ("/", b"%2f"),
    ("100 %", b"100%20%25"),
    ("100%", b"100%"),
    ("a%zz", b"a%zz"),
    ("%2F", b"%252F"),
    ("a+b", b"a+b"),
    ("a+b", b"a%2Bb"),
    ("\u00e9", b"%C3%A9"),
    ("\u00e9", b"\xc3\xa9"),
    ("\u65e5 \U0001f600", b"%E6%97%A5%20%F0%9F%98%80"),
    (".", b"."),
    ("..", b".."),
    ("..", b"%2E%2e"),
    ("a?b#c", b"a%3Fb%23c"),
    ("a;b&c=d", b"a;b&c=d"),
    ("'\"\\<>", b"'%22%5C%3C%3E"),
    ("000000123", b"000000123"),
    ("x" * 255, b"x" * 255),
]
DELETIONS = [operation for operation in CONTRACT.operations.values() if operation.method == "DELETE"]
every_deletion = pytest.mark.parametrize("operation", DELETIONS, ids=lambda operation: operation.name)


@every_deletion
@pytest.mark.parametrize(("id", "spelled"), SPELLINGS)
def test_what_is_stored_under_any_id_is_deleted_by_it(
    luke: Sandbox, operation: Operation, id: str, spelled: bytes
) -> None:
    collection = path_of(operation).partition("/{")[0]
    creation = next(one for one in POSTS if path_of(one) == collection)
    field = "id" if "id" in example_of(creation) else "contact_id"
    luke.stored(collection, {**example_of(creation), "email": "ada@example.org", field: id})
    assert id in [row[field] for row in luke.state()[f"{collection}s"]]

    answer = raw_call(luke, "DELETE", target_of(luke, f"{collection}/") + spelled)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"id": id, "status": "success", "object": collection, "deleted": True}
    assert id not in [row[field] for row in luke.state()[f"{collection}s"]]


@every_deletion
@pytest.mark.parametrize("spelled", [b"%00", b"a%0Ab", b"%FF", b"%C3", b"%ED%A0%80", b"\xff", b"x" * 256])
def test_a_path_id_that_cannot_be_one_is_refused(luke: Sandbox, operation: Operation, spelled: bytes) -> None:
    before = luke.state()

    answer = raw_call(luke, "DELETE", target_of(luke, path_of(operation).partition("{")[0]) + spelled)

    assert answer.status_code == 400, answer.text
    assert "path" in errors_of(answer)[0]
    assert luke.state() == before


@every_post
@pytest.mark.parametrize("change", ["{}s", "{}/", "{}%2F", "/{}", "{}/a/b"])
def test_an_unknown_path_is_404_and_names_the_closest_operation(
    luke: Sandbox, operation: Operation, change: str
) -> None:
    texts = refusal(luke, 404, change.format(path_of(operation)), json.dumps(example_of(operation)))

    assert f"POST {operation.template}" in texts or change == "{}/a/b"
    assert "closest operation" in texts


@pytest.mark.parametrize("path", ["/", "/api", "/api/", "/api/v1", "/api/v2/a/b/contact", "/v1/a/b/contact", "/%00"])
def test_a_path_beside_the_api_is_404(luke: Sandbox, path: str) -> None:
    answer = luke.http.post(f"{luke.origin}{path}", json={}, headers={"Authorization": luke.api_key})

    assert answer.status_code == 404
    assert path.replace("%00", "\0") in errors_of(answer)[0] or path.startswith("/api")


@pytest.mark.parametrize("template", CONTRACT.document["paths"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND"])
def test_another_method_on_a_known_path_is_405_with_allow(luke: Sandbox, template: str, method: str) -> None:
    before = luke.state()
    allowed = {one.method for one in CONTRACT.operations.values() if one.template == template}

    answer = luke.send(method, template.removeprefix(PREFIX).replace("{", "").replace("}", ""))

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.content == b"" if method == "HEAD" else method in errors_of(answer)[0]
    assert luke.state() == before


GARBAGE = {
    "nonsense": b"\x00\xff nonsense\r\n\r\n",
    "tls": bytes.fromhex("16030100a5010000a10303") + b"\x00" * 160,
    "http-0.9": b"GET /__admin/health\r\n\r\n",
    "http-3": b"GET /__admin/health HTTP/3.0\r\n\r\n",
    "unknown-method": b"BREW /__admin/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "connect": b"CONNECT import.segmetrics.io:443 HTTP/1.1\r\nHost: import.segmetrics.io\r\n\r\n",
    "no-host": b"GET /__admin/health HTTP/1.1\r\n\r\n",
    "websocket": b"GET /api/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "long-path": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "huge-header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Huge: " + b"a" * 5_000_000 + b"\r\n\r\n",
    "many-headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-One: 1\r\n" * 20_000 + b"\r\n",
    "bad-length": b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    "two-lengths": b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad-chunk": b"POST /api HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "half-a-head": b"POST /api/v1/demo/payments/product HTTP/1.1\r\nHost: loc",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_after_garbage_the_server_still_answers(luke: Sandbox, garbage: bytes) -> None:
    before = luke.state()

    answer = raw_exchange(luke.origin, garbage)

    assert not answer.startswith(b"HTTP/1.1 5"), answer[:200]
    assert luke.http.get(f"{luke.origin}/__admin/health").json()["status"] == "ok"
    assert luke.state() == before


def test_half_a_body_stores_nothing(luke: Sandbox) -> None:
    before = luke.state()
    body = b'{"id": 1, "name": "Lightsaber"}'
    head = f"POST {urlsplit(luke.url('product')).path} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Authorization: {luke.api_key}\r\nContent-Type: application/json\r\n"

    raw_exchange(luke.origin, f"{head}Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)

    assert luke.state() == before


def test_an_absolute_form_request_is_answered_as_any_other(luke: Sandbox) -> None:
    request = f"GET {luke.origin}/__admin/health HTTP/1.1\r\nHost: localhost\r\n\r\n"

    answer = raw_exchange(luke.origin, request.encode())

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(luke.http.get(f"{luke.origin}/__admin/health").content)
