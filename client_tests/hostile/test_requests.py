"""Requests with unusual headers, paths and methods, and bytes that are not a request."""

import json
from urllib.parse import urlsplit

import pytest

from client_tests.hostile.operations import (
    CONTRACT,
    POSTS,
    every_post,
    example_of,
    path_of,
    refusal,
    target_of,
)
from client_tests.raw import raw_call, raw_exchange
from client_tests.sandbox import Sandbox, errors_of
from mock_server.spec import Operation


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


@pytest.mark.parametrize("path", {one.api.mount + one.template: None for one in CONTRACT.operations.values()})
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND"])
def test_another_method_on_a_known_path_is_405_with_allow(luke: Sandbox, path: str, method: str) -> None:
    before = luke.state()
    allowed = {one.method for one in CONTRACT.operations.values() if one.api.mount + one.template == path}
    # Where GET is a method of its own, POST takes its place.
    method = "POST" if method in allowed else method

    answer = luke.http.request(method, luke.origin + path.replace("{", "").replace("}", ""))

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
