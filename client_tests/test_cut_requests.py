"""Requests that follow each other on a connection and come in two pieces, cut at each byte: they are the same requests.

For the mistakes that a cut or an earlier request uncovers: a body that began after a cut blank line was encoded as a
path; an `Upgrade` header in two pieces, or in any request but the first of a segment, cost the body and all that
followed; raw bytes in the path of such a request ended the connection.
"""

import asyncio
import json
import socket
import time
from array import array
from collections.abc import Iterator
from contextlib import suppress

import pytest

from client_tests.intercepted.fake import PRODUCTION, Intercepted, intercepted
from client_tests.raw import each_parsed, received
from client_tests.sandbox import Sandbox
from mock_server.intercept.proxy import ProxyProtocol

fcntl = pytest.importorskip("fcntl")  # not on Windows
termios = pytest.importorskip("termios")

NAME = "Größe \u00e9"
BODY = json.dumps({"id": 7, "name": NAME}, ensure_ascii=False).encode()
CHUNKED = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:])) + b"0\r\n\r\n"
LENGTH = b"Content-Length: %d" % len(BODY)
# The last one of each connection.
CHUNKS_WITH_UPGRADE = (b"Connection: close, Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked", CHUNKED)
LENGTH_WITH_UPGRADE = (b"Connection: Upgrade, HTTP2-Settings\r\nUPGRADE: h2c\r\n" + LENGTH, BODY)
WITH_TRAILER = (b"Transfer-Encoding: chunked", CHUNKED[:-2] + b"X: y\r\n\r\n")
EXPECTING = (b"Expect: 100-continue\r\n" + LENGTH, BODY)
TUNNEL = f"CONNECT {PRODUCTION}:80 HTTP/1.1\r\n\r\n".encode()
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

pytestmark = pytest.mark.slow


# The server's sockets, by the client's port.
ACCEPTED: dict[int, socket.socket] = {}


def observed(protocol: type[ProxyProtocol]) -> type[ProxyProtocol]:
    class Observed(protocol):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            ACCEPTED[transport.get_extra_info("peername")[1]] = transport.get_extra_info("socket")
            super().connection_made(transport)

    return Observed


def wait_until_read(connection: socket.socket) -> None:
    """Wait until the server has read what was sent."""
    port = connection.getsockname()[1]
    while port not in ACCEPTED or unread(ACCEPTED[port]):
        time.sleep(0)


def unread(accepted: socket.socket) -> bool:
    waiting = array("i", [0])
    with suppress(OSError, ValueError):  # the server has closed it
        fcntl.ioctl(accepted.fileno(), termios.FIONREAD, waiting)
    return waiting[0] > 0


@pytest.fixture(scope="module")
def fake() -> Iterator[Intercepted]:
    with intercepted(wrap_protocol=observed) as found:
        yield found


@pytest.fixture
def sandbox(fake: Intercepted) -> Sandbox:
    # Only a lenient one lets a call over plain http pass.
    return Sandbox.create(fake.origin, fake.http, mode="lenient")


def request(sandbox: Sandbox, headers: bytes, body: bytes, origin: str = "", path: str = "product") -> bytes:
    lines = [
        f"POST {origin}/api/v1/{sandbox.account_id}/payments/{path} HTTP/1.1\r\nHost: x".encode(),
        f"Authorization: {sandbox.api_key}\r\nContent-Type: application/json".encode(),
        headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_requests_cut_anywhere_are_the_same_requests(sandbox: Sandbox, fake: Intercepted) -> None:
    kinds = (EXPECTING, LENGTH_WITH_UPGRADE, WITH_TRAILER, CHUNKS_WITH_UPGRADE)
    raw_path = request(sandbox, *LENGTH_WITH_UPGRADE, path="größe")
    requests = [request(sandbox, *kind) for kind in kinds]
    whole = b"\r\n".join([*requests[:-1], raw_path, requests[-1]])

    for at in range(1, len(whole)):
        assert_answered(fake, whole, at, [200] * 3 + [404, 200])
    assert {entry["request"]["body"] for entry in sandbox.requests()} == {BODY.decode()}


@pytest.mark.parametrize("way", ["absolute form", "tunnel", "absolute form in a tunnel"])
def test_through_the_proxy_too(way: str, sandbox: Sandbox, fake: Intercepted) -> None:
    origin = f"http://{PRODUCTION}" if "absolute" in way else ""
    opening = TUNNEL if "tunnel" in way else b""
    kinds = (LENGTH_WITH_UPGRADE, CHUNKS_WITH_UPGRADE)
    whole = opening + b"".join(request(sandbox, *kind, origin) for kind in kinds)

    for at in range(1, len(whole), 2 if way == "absolute form in a tunnel" else 1):
        assert_answered(fake, whole, at, [200] * 2, ESTABLISHED if opening else b"")
    assert {entry["request"]["body"] for entry in sandbox.requests()} == {BODY.decode()}


def assert_answered(fake: Intercepted, whole: bytes, at: int, statuses: list[int], opening: bytes = b"") -> None:
    with fake.connect() as connection:
        connection.sendall(whole[:at])
        wait_until_read(connection)
        connection.sendall(whole[at:])
        answer = received(connection)
        del ACCEPTED[connection.getsockname()[1]]
    assert answer.startswith(opening), (at, answer)
    found = [response.status_code for response in each_parsed(answer.removeprefix(opening))]
    assert found == statuses, (at, whole[:at], answer)


def test_over_tls_too(sandbox: Sandbox, fake: Intercepted) -> None:
    whole = request(sandbox, *LENGTH_WITH_UPGRADE) + request(sandbox, *CHUNKS_WITH_UPGRADE)
    context = fake.trust()

    for at in range(1, len(whole), 3):
        with fake.tunnel(context=context) as connection:
            connection.sendall(whole[:at])
            connection.sendall(whole[at:])
            answer = b""
            while answer.count(b'"name":') < 2:
                part = connection.recv(65536)
                assert part, (at, answer)
                answer += part
    assert {entry["request"]["body"] for entry in sandbox.requests()} == {BODY.decode()}
