"""Limits of a connection: heads, framing, time, number."""

import resource
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import Any

import httpx
import pytest

from client_tests.intercepted.fake import intercepted
from client_tests.raw import connect, parsed, raw_call, received
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import Served, served
from mock_server.http.limits import MAX_HEAD_BYTES, MAX_HEADERS
from mock_server.http.listener import listening
from mock_server.http.server import running
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.database import open_database
from mock_server.web.app import build_app

REQUEST_SECONDS = 1
FILES = 300
ROOM = FILES - 256  # connections that are accepted by a process with so many files
START = b"GET /__admin/health HTTP/1.1\r\nHost: localhost\r\n"


def early_response(origin: str, request: bytes) -> httpx.Response:
    """Return the response to a request that is rejected before it is complete; the client does not close first."""
    with connect(origin) as connection:
        connection.sendall(request)
        return parsed(received(connection))


# Heads and framing


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        START + b"X-Long: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
        START + b"a" * MAX_HEAD_BYTES + b": 1\r\n\r\n",
        START + b"X-Many: 1\r\n" * MAX_HEADERS + b"\r\n",
        START + b"X-Without-End: " + b"a" * 5_000_000,
        b"\r\n" * 100_000,
    ],
    ids=["path", "value", "name", "many", "endless", "blank-lines"],
)
def test_a_head_over_the_limit_is_431(sandbox: Sandbox, request_bytes: bytes) -> None:
    before = sandbox.snapshot()

    answer = early_response(sandbox.origin, request_bytes)

    assert answer.status_code == 431
    assert "limit" in errors_of(answer)[0]
    assert sandbox.snapshot() == before


def test_a_head_over_the_limit_behind_another_request_is_not_read(sandbox: Sandbox) -> None:
    small, large = START + b"\r\n", START + b"X-Long: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n"

    with connect(sandbox.origin) as connection:
        connection.sendall(small + large)
        answers = received(connection)

    assert answers.count(b"HTTP/1.1 200") == 1


def test_a_head_under_the_limit_is_read(sandbox: Sandbox) -> None:
    headers = {f"X_{number}": b"a" * 200 for number in range(MAX_HEADERS - 3)}

    assert raw_call(sandbox, "GET", b"/__admin/health", **headers).status_code == 200


@pytest.mark.parametrize(
    "endless",
    [b"0\r\nX-Trailer: " + b"a" * 200_000, b"0\r\n" + b"X: 1\r\n" * 50_000, b"1;" + b"a" * 200_000],
    ids=["trailer", "trailers", "chunk-extension"],
)
def test_framing_without_end_is_431_and_nothing_is_stored(sandbox: Sandbox, endless: bytes) -> None:
    body = b'{"id": 1, "name": "Course"}'
    before = sandbox.snapshot()
    head = f"POST {sandbox.url('product').removeprefix(sandbox.origin)} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Authorization: {sandbox.api_key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

    answer = early_response(sandbox.origin, head.encode() + b"%x\r\n" % len(body) + body + b"\r\n" + endless)

    assert answer.status_code == 431
    assert "framing" in errors_of(answer)[0]
    assert sandbox.snapshot() == before


def test_what_comes_before_a_refused_request_is_answered_and_nothing_behind_it(sandbox: Sandbox) -> None:
    body = b'{"id": 1, "name": "Course"}'
    head = f"POST {sandbox.url('product').removeprefix(sandbox.origin)} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Authorization: {sandbox.api_key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"

    answer = early_response(sandbox.origin, head.encode() + body + b"nonsense\r\n\r\n" + head.encode() + body)

    assert answer.status_code == 200
    assert len(sandbox.requests()) == 1


def test_the_offer_of_http_2_does_not_cost_the_body(sandbox: Sandbox) -> None:
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAAB"}

    answers = [sandbox.send("POST", "product", json={"id": id, "name": "a"}, headers=headers) for id in (1, 2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [row["id"] for row in sandbox.state()["products"]] == ["1", "2"]


# Time


@pytest.fixture(
    scope="module", params=[(), pytest.param(("--intercept",), marks=pytest.mark.slow)], ids=["plain", "intercepting"]
)
def hasty(request: pytest.FixtureRequest) -> Iterator[Served]:
    with served("--request-timeout", str(REQUEST_SECONDS), *request.param, stderr=subprocess.DEVNULL) as server:
        yield server


BODY_TO_COME = b"POST /api/v1/demo/payments/product HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n"
SLOW = {
    "line": b"POST /api",
    "head": START,
    "body": BODY_TO_COME + b'{"id": 1',
    "chunks": BODY_TO_COME.replace(b"Content-Length: 99", b"Transfer-Encoding: chunked") + b"1\r\n{\r\n",
    "connect": b"CONN",
    "connect-head": b"CONNECT import.segmetrics.io:443 HTTP/1.1\r\nX: ",
}


@pytest.mark.slow
def test_a_request_that_does_not_arrive_completely_is_408(hasty: Served, http: httpx.Client) -> None:
    demo = Sandbox(hasty.origin, "demo", "sandbox-key-0123456789", http)
    before = demo.snapshot()

    with ThreadPoolExecutor(len(SLOW)) as pool:
        answers = dict(zip(SLOW, pool.map(partial(early_response, hasty.origin), SLOW.values()), strict=True))

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(SLOW, 408)
    for answer in answers.values():
        assert f"{REQUEST_SECONDS} seconds" in errors_of(answer)[0]
    assert demo.snapshot() == before


@pytest.mark.slow
@pytest.mark.parametrize("drop", [b"a", b"\r\n"], ids=["slow-loris", "blank-lines"])
def test_drops_do_not_hold_a_connection(hasty: Served, drop: bytes) -> None:
    start = START if drop == b"a" else b""
    with connect(hasty.origin) as connection:
        connection.settimeout(0.1)
        connection.sendall(start)
        answer = b""
        with suppress(ConnectionError):
            for _ in range(100 * REQUEST_SECONDS):
                connection.sendall(drop)
                with suppress(TimeoutError):
                    answer = connection.recv(65_536)
                    break

    assert parsed(answer).status_code == 408


@pytest.mark.slow
def test_a_connection_without_a_request_is_closed_silently(hasty: Served) -> None:
    with connect(hasty.origin) as connection:
        assert received(connection) == b""


@pytest.mark.slow
def test_a_connection_without_a_further_request_is_closed_silently(hasty: Served) -> None:
    with connect(hasty.origin) as connection:
        for _ in range(3):
            connection.sendall(START + b"\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")

        assert received(connection) == b""


# The guard answers for the admin side at once; a call of the API is journalled, so its body is waited for.
@pytest.mark.slow
@pytest.mark.parametrize(("path", "status"), [(b"/__admin/sandboxes", b"403"), (b"/api/v1/demo/payments/x", b"408")])
def test_a_refused_request_whose_body_goes_on_is_answered_once(hasty: Served, path: bytes, status: bytes) -> None:
    foreign = BODY_TO_COME.replace(b"/api/v1/demo/payments/product", path).replace(b": localhost", b": evil.example")
    with connect(hasty.origin) as connection:
        connection.sendall(foreign)

        answer = received(connection)

    assert answer.startswith(b"HTTP/1.1 " + status + b" ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.slow
def test_an_answer_may_take_longer_than_a_request(hasty: Served, http: httpx.Client) -> None:
    sandbox = Sandbox.create(hasty.origin, http)
    rules = [{"fault": {"delay_seconds": 2 * REQUEST_SECONDS}}]
    faults = f"{hasty.origin}/__admin/sandboxes/{sandbox.account_id}/faults"
    assert http.put(faults, json={"rules": rules}).status_code == 200

    sandbox.stored("product", {"id": 1, "name": "Course"})


@pytest.mark.slow
def test_without_a_limit_a_request_may_take_its_time() -> None:
    with served("--request-timeout", "0") as server, connect(server.origin) as connection:
        connection.sendall(START)
        connection.settimeout(2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        connection.sendall(b"\r\n")

        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


# Number


@contextmanager
def few_files() -> Iterator[None]:
    """Let this process open few files while the block runs; files that are open stay open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def plain() -> Iterator[str]:
    with closing(open_database()) as database, listening("127.0.0.1", 0) as listener:
        with running(build_app(Contract.load(), database, ServeSettings()), listener):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def intercepting() -> Iterator[str]:
    with intercepted() as fake:
        yield fake.origin


@pytest.mark.parametrize("serve", [plain, intercepting])
def test_connections_over_the_limit_are_503_until_others_close(serve: Any, http: httpx.Client) -> None:
    with ExitStack() as stack:
        with few_files():
            origin = stack.enter_context(serve())
        opened = [connect(origin) for _ in range(ROOM)]
        with ExitStack() as idle:
            for connection in opened:
                idle.enter_context(connection)
            refused = early_response(origin, START + b"\r\n")
            opened[0].sendall(START + b"\r\n")
            served_one = opened[0].recv(65_536)
        afterwards = [http.get(f"{origin}/__admin/health").status_code for _ in range(100)]

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert str(ROOM) in errors_of(refused)[0]
    assert served_one.startswith(b"HTTP/1.1 200 ")
    assert afterwards[-1] == 200


def test_during_a_flood_of_connections_open_ones_are_still_served() -> None:
    with ExitStack() as stack:
        with few_files():
            origin = stack.enter_context(plain())
        kept = stack.enter_context(connect(origin))
        kept.sendall(START + b"\r\n")
        kept.recv(65_536)
        flood = [stack.enter_context(connect(origin)) for _ in range(2 * FILES)]

        kept.sendall(START + b"\r\n")

        assert kept.recv(65_536).startswith(b"HTTP/1.1 200 ")
        ended = [received(connection) for connection in flood[ROOM:]]
        assert ended[0].startswith(b"HTTP/1.1 503 ")
        assert {one[:12] for one in ended} <= {b"HTTP/1.1 503", b""}
