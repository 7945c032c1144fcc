"""`--allow-host`: what is passed through arrives unchanged, and never at this machine."""

import http.server
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from client_tests.checked import CHECKOUT
from client_tests.intercepted.fake import Intercepted, intercepted, read_all
from client_tests.isolated import UNSHARE, needs_namespaces
from mock_server.intercept.upstream import connect

ALLOWED = "api.example.org"
MEGABYTES = 8


class Echo(http.server.BaseHTTPRequestHandler):
    """Somebody else's service: it responds with the request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Seen", f"{self.path} {self.headers['Host']} {self.headers.get('Proxy-Connection')}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def elsewhere(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve it on loopback; yield its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def passing_through(port: int, host: str = ALLOWED) -> Iterator[tuple[Intercepted, list[tuple[str, int]]]]:
    """Serve the fake with one allowed host, which is a port of this machine; yield also the connections to it."""
    connected: list[tuple[str, int]] = []

    def connect_here(host: str, wanted: int) -> socket.socket:
        connected.append((host, wanted))
        return socket.create_connection(("127.0.0.1", port), timeout=10)

    with intercepted(allow_hosts=[host.upper()], connect=connect_here) as fake:
        yield fake, connected


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return TLS settings for the service, and let this process trust it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "elsewhere.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "elsewhere.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(ALLOWED).configure_cert(context)
    return context


def test_an_allowed_host_is_reached_through_a_tunnel_with_its_own_certificate(certified: ssl.SSLContext) -> None:
    body = bytes(range(256)) * 4096 * MEGABYTES

    with elsewhere(certified) as port, passing_through(port) as (fake, connected):
        trust = ssl.create_default_context()
        with httpx.Client(proxy=fake.origin, trust_env=False, verify=trust, timeout=30) as client:
            answer = client.post(f"https://{ALLOWED}/x?y=1", content=body)

    assert answer.status_code == 201
    assert answer.content == body
    assert answer.headers["x-seen"] == f"/x?y=1 {ALLOWED} None"
    assert connected == [(ALLOWED, 443)]
    assert (fake.foreign, fake.troubles) == ([], [])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_allowed_host_is_reached_in_absolute_form(certified: ssl.SSLContext, scheme: str) -> None:
    request = f"POST {scheme}://{ALLOWED}/x HTTP/1.1\r\nHost: {ALLOWED}\r\nProxy-Connection: keep-alive\r\n"

    with elsewhere(certified if scheme == "https" else None) as port, passing_through(port) as (fake, connected):
        answer = fake.answer(f"{request}Content-Length: 5\r\nConnection: close\r\n\r\nhello")

    assert answer.startswith("HTTP/1.1 201 ")
    assert f"x-seen: /x {ALLOWED} None\r\n" in answer
    assert answer.endswith("\r\n\r\nhello")
    assert connected == [(ALLOWED, 80 if scheme == "http" else 443)]
    assert (fake.foreign, fake.troubles) == ([], [])


@pytest.mark.parametrize("host", ["api.segmetrics.io", "track.segmetrics.io"])
def test_a_host_that_is_played_in_part_can_be_allowed(host: str) -> None:
    with elsewhere() as port, passing_through(port, host) as (fake, connected):
        request = f"POST http://{host}/x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
        answer = fake.answer(request)

    assert answer.startswith("HTTP/1.1 201 ")
    assert connected == [(host, 80)]


def test_a_tunnel_ends_with_either_end() -> None:
    with elsewhere() as port, passing_through(port) as (fake, _), fake.connect() as connection:
        connection.sendall(f"CONNECT {ALLOWED}:80 HTTP/1.1\r\n\r\n".encode())
        request = f"POST / HTTP/1.1\r\nHost: {ALLOWED}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
        connection.sendall(request.encode())
        answer = read_all(connection).decode()

    assert answer.startswith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 201 ")
    assert answer.endswith("hi")


@pytest.mark.parametrize("request_line", [f"CONNECT {ALLOWED}:443", f"GET http://{ALLOWED}/"])
def test_an_allowed_host_that_cannot_be_reached_is_a_502(request_line: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed_port = taken.getsockname()[1]

    with passing_through(closed_port) as (fake, _):
        answer = fake.answer(f"{request_line} HTTP/1.1\r\nHost: {ALLOWED}\r\nConnection: close\r\n\r\n")

    assert answer.startswith("HTTP/1.1 502 ")
    assert "could not be reached" in answer


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
def test_a_name_that_resolves_to_this_machine_is_not_connected_to(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        found = (family, socket.SOCK_STREAM, 0, "", (address, port))

        with pytest.raises(OSError, match="is this machine"):
            connect("rebound.example.org", port, resolve=lambda _, __: [found])

        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


# Connects to an address of this machine's, and prints why that is refused.
TRY_OWN = """
import socket, subprocess, sys
from mock_server.intercept.upstream import connect

address = sys.argv[1]
for line in ("link set lo up", "addr add 203.0.113.9/32 dev lo", "addr add fd00::9/128 dev lo"):
    subprocess.run(["ip", *line.split()], check=True)
with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
    port = listener.getsockname()[1]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = (family, socket.SOCK_STREAM, 0, "", (address, port))
    try:
        connect("rebound.example.org", port, resolve=lambda _, __: [found])
    except OSError as error:
        print(error)
    listener.setblocking(False)
    try:
        listener.accept()
        print("reached")
    except BlockingIOError:
        pass
"""


@needs_namespaces
@pytest.mark.parametrize("address", ["203.0.113.9", "::ffff:203.0.113.9", "fd00::9"])
def test_a_name_that_resolves_to_an_interface_of_this_machine_is_not_connected_to(address: str) -> None:
    ended = subprocess.run(
        [*UNSHARE, sys.executable, "-c", TRY_OWN, address], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )

    assert ended.stdout == (
        f"rebound.example.org is this machine ({address}), to which nothing is passed through;"
        " call its service at 127.0.0.1\n"
    ), ended.stderr
