"""Requests that come in two pieces, cut at each byte: they are the same requests.

For the mistakes that a cut uncovers: a body that began after a cut blank line was encoded as a path, and an `Upgrade`
header in two pieces cost the body.
"""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client_tests.intercepted.fake import Intercepted, intercepted
from client_tests.raw import connect, parsed, received
from client_tests.sandbox import Sandbox

BODY = json.dumps({"id": 7, "name": "Größe \u00e9"}, ensure_ascii=False).encode()
CHUNKED = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:])) + b"0\r\n\r\n"
REQUESTS = {
    "content-length": (b"Content-Length: %d" % len(BODY), BODY),
    "chunked": (b"Transfer-Encoding: chunked", CHUNKED),
    "expect": (b"Expect: 100-continue\r\nContent-Length: %d" % len(BODY), BODY),
    "upgrade": (b"Connection: Upgrade, HTTP2-Settings\r\nUPGRADE: h2c\r\nContent-Length: %d" % len(BODY), BODY),
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a server has not read yet"),
]


def request(sandbox: Sandbox, kind: str) -> bytes:
    headers, body = REQUESTS[kind]
    path = f"/api/v1/{sandbox.account_id}/payments/product"
    lines = [
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {sandbox.api_key}".encode(),
        b"Content-Type: application/json",
        headers,
        *([] if kind == "upgrade" else [b"Connection: close"]),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def wait_until_read(connection: socket.socket) -> None:
    """Wait until the server has read what was sent: Linux lists what waits in its receive buffer."""
    ours, its = connection.getsockname()[1], connection.getpeername()[1]
    while True:
        for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
            _, local, remote, _, queues, *_ = line.split()
            if (port(local), port(remote)) == (its, ours):
                if int(queues.partition(":")[2], 16) == 0:
                    return
                break
        else:
            return  # the server has closed the connection


def port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_request_cut_anywhere_is_the_same_request(kind: str, sandbox: Sandbox) -> None:
    whole = request(sandbox, kind)

    for at in range(1, len(whole)):
        with connect(sandbox.origin) as connection:
            connection.sendall(whole[:at])
            wait_until_read(connection)
            connection.sendall(whole[at:])
            connection.shutdown(socket.SHUT_WR)
            answer = received(connection).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert parsed(answer).status_code == 200, (at, whole[:at], answer)
    assert [row["name"] for row in sandbox.state()["products"]] == [json.loads(BODY)["name"]]
    assert {entry["request"]["body"] for entry in sandbox.requests()} == {BODY.decode()}


@pytest.fixture(scope="module")
def fake() -> Iterator[Intercepted]:
    with intercepted() as found:
        yield found


@pytest.mark.parametrize("kind", REQUESTS)
def test_over_tls_too(kind: str, fake: Intercepted) -> None:
    sandbox: Any = Sandbox.create(f"http://127.0.0.1:{fake.port}", fake.http)
    whole = request(sandbox, kind)
    context = fake.trust()

    for at in range(1, len(whole), 3):
        with fake.tunnel(context=context) as connection:
            connection.sendall(whole[:at])
            connection.sendall(whole[at:])
            answer = b""
            while b'"name":' not in answer:
                part = connection.recv(65536)
                assert part, (at, answer)
                answer += part
    assert {entry["request"]["body"] for entry in sandbox.requests()} == {BODY.decode()}
