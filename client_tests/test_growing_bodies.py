"""Small bodies that grow when they are read, and bodies without end: they take no memory."""

import gzip
import socket
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from client_tests.raw import connect, parsed, received
from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of
from client_tests.serving import Served, served

BOMB = b'{"id": 1, "name": "' + b"x" * 200_000_000 + b'"}'
GROWN_BYTES = 60_000_000


@pytest.fixture(scope="module")
def small() -> Iterator[Served]:
    """Run a server of its own, whose memory is measured."""
    with served(stderr=subprocess.DEVNULL) as server:
        yield server


def memory_of(server: Served) -> int:
    """Return the peak memory of its process in bytes."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("there is no /proc here, which has the memory use of the server")
    return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_body_is_not_inflated(small: Served, http: httpx.Client, coding: str) -> None:
    sandbox = Sandbox.create(small.origin, http)
    before, memory = sandbox.snapshot(), memory_of(small)
    packed = gzip.compress(BOMB, 1) if coding == "gzip" else zlib.compress(BOMB, 1)
    headers = {**JSON_HEADERS, "Content-Encoding": coding}

    answer = sandbox.send("POST", "product", content=packed[:1_000_000], headers=headers)
    reset = f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/reset"
    on_admin = sandbox.http.post(reset, content=packed[:60_000], headers=headers)

    assert (answer.status_code, on_admin.status_code) == (400, 400)
    assert "send the body uncompressed" in errors_of(answer)[0]
    assert memory_of(small) - memory < GROWN_BYTES
    assert sandbox.state() == before["state"]


@pytest.mark.parametrize("path", ["/api/v1/{account_id}/payments/product", "/__admin/sandboxes/{account_id}/reset"])
def test_a_chunked_body_without_end_is_413_and_takes_no_memory(small: Served, http: httpx.Client, path: str) -> None:
    sandbox = Sandbox.create(small.origin, http)
    sandbox.stored("contact", {"contact_id": 1})
    before, memory = sandbox.snapshot(), memory_of(small)
    path = path.format(account_id=sandbox.account_id)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {sandbox.api_key}\r\n"
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"

    with connect(small.origin) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(40 * 16):
            connection.sendall(chunk)
        answer = connection.recv(65_536)

    assert errors_of(parsed(answer))
    assert parsed(answer).status_code == 413
    assert memory_of(small) - memory < GROWN_BYTES
    assert sandbox.state() == before["state"]


def test_a_half_sent_body_changes_nothing_and_is_not_a_failure(http: httpx.Client) -> None:
    with served(stderr=subprocess.PIPE) as server:
        sandbox = Sandbox.create(server.origin, http)
        sandbox.stored("contact", {"contact_id": 1})
        before = sandbox.snapshot()
        head = f"POST /__admin/sandboxes/{sandbox.account_id}/reset HTTP/1.1\r\nHost: localhost\r\n"

        with connect(server.origin) as connection:
            connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode())
            connection.shutdown(socket.SHUT_WR)
            received(connection)
        after = sandbox.snapshot()
        server.process.terminate()

        assert after == before
        assert server.process.communicate(timeout=10)[1] == ""
