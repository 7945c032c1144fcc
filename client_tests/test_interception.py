"""The proxy port in front of the fake: what it intercepts, what it passes through, what it blocks, and how."""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from client_tests.intercepted.fake import PRODUCTION, Intercepted, intercepted, read_all
from mock_server.intercept.proxy import ProxyProtocol

FOREIGN = "api.example.org"
READING_HOST, TRACKING_HOST = "api.segmetrics.io", "track.segmetrics.io"
CLOSE = "Connection: close\r\n\r\n"
UNKNOWN_CALL = f"GET /api/v1/nobody HTTP/1.1\r\nHost: {PRODUCTION}\r\n{CLOSE}"
HURRIED_CLIENTS = 100


@pytest.fixture(scope="module")
def running_fake() -> Iterator[Intercepted]:
    with intercepted() as fake:
        yield fake


@pytest.fixture
def fake(running_fake: Intercepted) -> Intercepted:
    running_fake.foreign.clear()
    running_fake.troubles.clear()
    return running_fake


def status_of(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


def error_of(answer: str) -> str:
    (text,) = json.loads(answer.partition("\r\n\r\n")[2])["errors"]
    assert isinstance(text, str)
    return text


class Flights:
    """A TLS client whose handshake messages the test sends itself, together with other bytes."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def step(self) -> bool:
        """Continue the handshake; return whether it is done."""
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
            return True
        return False

    def receive(self, data: bytes) -> None:
        self._incoming.write(data)

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def read_all(self, connection: socket.socket) -> str:
        found = b""
        while True:
            try:
                data = self.tls.read(65536)
                if not data:
                    return found.decode()
                found += data
            except ssl.SSLWantReadError:
                self.receive(connection.recv(65536))


# The upgrade to TLS


@pytest.mark.parametrize("head", [f"CONNECT {PRODUCTION}:443 HTTP/1.1\r\nHost: {PRODUCTION}:443\r\n\r\n", ""])
def test_the_handshakes_first_flight_may_come_with_the_connect_or_without_one(fake: Intercepted, head: str) -> None:
    client = Flights(fake.trust(), PRODUCTION)
    client.step()

    with fake.connect() as connection:
        connection.sendall(head.encode() + client.outgoing())
        if head:
            assert connection.recv(39).startswith(b"HTTP/1.1 200 ")
        while not client.step():
            client.receive(connection.recv(65536))
        client.tls.write(UNKNOWN_CALL.encode())
        connection.sendall(client.outgoing())
        answer = client.read_all(connection)

    assert status_of(answer) == 404
    assert error_of(answer).startswith("there is no GET /v1/nobody")


def test_a_request_that_comes_with_the_handshakes_last_flight_is_not_lost(fake: Intercepted) -> None:
    client = Flights(fake.trust(), PRODUCTION)
    client.step()

    with fake.connect() as connection:
        connection.sendall(client.outgoing())
        while not client.step():
            client.receive(connection.recv(65536))
        client.tls.write(UNKNOWN_CALL.encode())
        last_flight_and_request = client.outgoing()
        connection.sendall(last_flight_and_request)
        answer = client.read_all(connection)

    assert status_of(answer) == 404


def test_no_handshake_is_lost_when_the_first_flight_follows_at_once(fake: Intercepted) -> None:
    context = fake.trust()

    for _ in range(HURRIED_CLIENTS):
        with fake.tunnel(context=context) as connection:
            assert connection.version() == "TLSv1.3"


def test_a_connect_with_the_first_flight_may_be_cut_anywhere(fake: Intercepted) -> None:
    context = fake.trust()
    head = f"CONNECT {PRODUCTION}:443 HTTP/1.1\r\nContent-Length: 0\r\nUpgrade: h2c\r\n\r\n".encode()

    for at in (*range(1, len(head) + 2), len(head) + 200):
        client = Flights(context, PRODUCTION)
        client.step()
        with fake.connect() as connection:
            data = head + client.outgoing()
            connection.sendall(data[:at])
            connection.sendall(data[at:])
            assert connection.recv(39).startswith(b"HTTP/1.1 200 "), at
            while not client.step():
                client.receive(connection.recv(65536))
            client.tls.write(UNKNOWN_CALL.encode())
            connection.sendall(client.outgoing())
            answer = client.read_all(connection)

        assert status_of(answer) == 404, at


@pytest.mark.parametrize("header", ["Content-Length: 5", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("port", [80, 443])
def test_a_connect_with_a_body_is_refused(fake: Intercepted, port: int, header: str) -> None:
    """The body was read as what follows in the tunnel: an invalid request, or a failed handshake of TLS."""
    answer = fake.answer(f"CONNECT {PRODUCTION}:{port} HTTP/1.1\r\n{header}\r\n\r\nhello")

    assert status_of(answer) == 400
    assert "CONNECT has no body" in error_of(answer)


@pytest.mark.parametrize("offered", [["h2", "http/1.1"], ["http/1.1"]])
def test_only_http_1_1_is_agreed_on(fake: Intercepted, offered: list[str]) -> None:
    context = fake.trust()
    context.set_alpn_protocols(offered)

    with fake.tunnel(context=context) as connection:
        agreed = connection.selected_alpn_protocol()

    assert agreed == "http/1.1"


def test_nagles_delay_is_off_on_every_accepted_connection() -> None:
    seen: list[int] = []

    def watch(protocol: type[ProxyProtocol]) -> type[ProxyProtocol]:
        class Watching(protocol):  # type: ignore[valid-type, misc]  # a class that is made at run time
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                accepted: socket.socket = transport.get_extra_info("socket")
                seen.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        return Watching

    with intercepted(wrap_protocol=watch) as fake:
        fake.answer(UNKNOWN_CALL)

    assert len(seen) == 1
    assert seen[0] != 0


def test_a_client_that_does_not_trust_the_certificate_is_reported(fake: Intercepted) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        fake.tunnel(context=ssl.create_default_context())

    fake.answer(UNKNOWN_CALL)
    ((host, text),) = fake.troubles
    assert host == PRODUCTION
    assert "does not trust the certificates" in text


def test_a_call_to_production_in_absolute_form_is_served_if_it_is_https(fake: Intercepted) -> None:
    sandbox = fake.sandbox()
    for scheme, status in (("http", 403), ("https", 200)):
        body = f'{{"email": "{scheme}@example.org"}}'
        head = f"Authorization: {sandbox.api_key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        url = f"{scheme}://{PRODUCTION}/api/v1/{sandbox.account_id}/payments/contact"

        answer = fake.answer(f"POST {url} HTTP/1.1\r\nHost: {PRODUCTION}\r\n{head}{CLOSE}{body}")

        assert status_of(answer) == status, answer
    assert [contact["email"] for contact in sandbox.state()["contacts"]] == ["https@example.org"]


def test_a_client_that_sends_its_calls_to_the_fake_through_the_proxy_is_served(fake: Intercepted) -> None:
    sandbox = fake.sandbox()

    with httpx.Client(proxy=fake.origin, trust_env=False) as http:
        answer = http.post(
            sandbox.url("contact"), json={"email": "a@b.org"}, headers={"Authorization": sandbox.api_key}
        )

    assert answer.status_code == 200


# The admin side, and this machine


@pytest.mark.parametrize(
    "path", ["/__admin/health", "/%5F_admin/health", "/__admin", "//__admin/health", "/openapi.json"]
)
@pytest.mark.parametrize("form", ["tunnel", "absolute production", "absolute own", "named as Host"])
def test_the_admin_side_is_not_reached_under_another_name(fake: Intercepted, form: str, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: {PRODUCTION}\r\n{CLOSE}"
    if form == "tunnel":
        with fake.tunnel() as connection:
            connection.sendall(request.encode())
            answer = read_all(connection).decode()
    else:
        base = {"absolute production": f"http://{PRODUCTION}", "absolute own": fake.origin, "named as Host": ""}[form]
        answer = fake.answer(request.replace(path, base + path, 1))

    assert status_of(answer) in (403, 404)
    if path == "/__admin/health":
        assert status_of(answer) == 403
        assert "the admin side cannot be reached as" in error_of(answer)


def test_a_host_named_in_the_tunnel_does_not_open_the_admin_side(fake: Intercepted) -> None:
    with fake.tunnel() as connection:
        connection.sendall(f"GET /__admin/health HTTP/1.1\r\nHost: 127.0.0.1:{fake.port}\r\n{CLOSE}".encode())
        answer = read_all(connection).decode()

    assert status_of(answer) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1.2.3", "LOCALHOST.", "x.localhost"])
def test_a_tunnel_to_this_machine_is_refused(host: str) -> None:
    with intercepted(allow_hosts=["localhost", "127.0.0.1"]) as fake:
        for port in (fake.port, 1):
            answer = fake.answer(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n")

            assert status_of(answer) == 403
            assert "is this machine" in error_of(answer)
        assert len(fake.troubles) == 2
        assert fake.foreign == []


def test_another_port_of_this_machine_is_not_reached_in_absolute_form(fake: Intercepted) -> None:
    answer = fake.answer(f"GET http://127.0.0.1:1/x HTTP/1.1\r\nHost: 127.0.0.1:1\r\n{CLOSE}")

    assert status_of(answer) == 403
    assert "is this machine" in error_of(answer)


# Foreign hosts


@pytest.mark.parametrize(
    "request_line",
    [
        f"CONNECT {FOREIGN}:443",
        f"CONNECT {FOREIGN.upper()}.:8443",
        f"GET http://{FOREIGN}/x",
        f"GET https://{FOREIGN}:444/x",
        f"POST http://user:secret@{FOREIGN}/",
        f"CONNECT {PRODUCTION}.{FOREIGN}:443",
    ],
)
def test_a_foreign_host_is_blocked_named_and_recorded(fake: Intercepted, request_line: str) -> None:
    answer = fake.answer(f"{request_line} HTTP/1.1\r\nHost: {FOREIGN}\r\n{CLOSE}")

    assert status_of(answer) == 403
    (host,) = fake.foreign
    assert host.endswith(FOREIGN)
    assert f"--allow-host {host}" in error_of(answer)
    assert fake.troubles == []


def test_each_request_of_a_kept_connection_is_checked(fake: Intercepted) -> None:
    connection = HTTPConnection("127.0.0.1", fake.port, timeout=10)
    statuses = []

    for url in (
        f"http://{PRODUCTION}/api/v1/x",
        f"http://{FOREIGN}/",
        f"{fake.origin}/__admin/health",
        "/__admin/health",
    ):
        connection.request("GET", url)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)

    connection.close()
    assert statuses == [404, 403, 403, 200]
    assert fake.foreign == [FOREIGN]


# Requests to intercepted hosts that do not reach the API


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        (READING_HOST, "/{account}/contact/7", 200),
        (READING_HOST, "/{account}/report/leads", 501),
        (READING_HOST, "/api/v1/contacts", 501),
        (TRACKING_HOST, "/identify?a={account}&cid=7", 200),
        (TRACKING_HOST, "/nothing", 501),
    ],
)
def test_each_host_has_its_own_api(fake: Intercepted, host: str, path: str, status: int) -> None:
    sandbox = fake.sandbox()
    sandbox.stored("contact", {"contact_id": 7})
    path = path.replace("{account}", sandbox.account_id)
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {sandbox.api_key}\r\n{CLOSE}"

    with fake.tunnel(host) as connection:
        connection.sendall(head.encode())
        tunnelled = read_all(connection).decode()
    absolute = fake.answer(head.replace(f"GET {path}", f"GET https://{host}{path}"))

    assert [status_of(tunnelled), status_of(absolute)] == [status, status]
    assert tunnelled.partition("\r\n\r\n")[2] == absolute.partition("\r\n\r\n")[2]
    assert (fake.troubles, fake.foreign) == ([], [])


@pytest.mark.parametrize(
    ("url", "header", "text"),
    [
        (f"{READING_HOST}/ACCOUNT/contact/7", "Authorization: KEY\r\n", "the API key went out in clear text"),
        (f"{TRACKING_HOST}/identify?a=ACCOUNT&cid=7", "", "what was sent to it went out in clear text"),
    ],
)
def test_either_host_over_plain_http_is_refused_as_all_is_in_clear_text(
    fake: Intercepted, url: str, header: str, text: str
) -> None:
    sandbox = fake.sandbox()
    head = f"GET http://{url} HTTP/1.1\r\nHost: {url.partition('/')[0]}\r\n{header}{CLOSE}"

    answer = fake.answer(head.replace("ACCOUNT", sandbox.account_id).replace("KEY", sandbox.api_key))

    assert status_of(answer) == 403
    ((code, message),) = [(one["code"], one["message"]) for one in sandbox.requests()[0]["findings"]]
    assert code == "insecure-scheme"
    assert text in message


def test_a_path_outside_the_api_is_reported(fake: Intercepted) -> None:
    answer = fake.answer(f"POST http://{PRODUCTION}/v1/a/b/contact HTTP/1.1\r\nHost: {PRODUCTION}\r\n{CLOSE}")

    assert status_of(answer) == 404
    assert fake.troubles == [(PRODUCTION, f"POST /v1/a/b/contact: the import API is below https://{PRODUCTION}/api/")]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        ("CONNECT HTTP/1.1\r\n\r\n", 400),
        ("CONNECT :443 HTTP/1.1\r\n\r\n", 400),
        (f"CONNECT {PRODUCTION}:port HTTP/1.1\r\n\r\n", 400),
        ("CONNECT é:443 HTTP/1.1\r\n\r\n", 400),
        ("CONNECT " + "x" * 70_000, 431),
        (f"GET ftp://{PRODUCTION}/ HTTP/1.1\r\nHost: x\r\n{CLOSE}", 400),
        ("\x16\x03\x01garbage", 0),
    ],
)
def test_nonsense_is_refused_and_the_port_goes_on(fake: Intercepted, request_bytes: str, status: int) -> None:
    with fake.connect() as connection:
        connection.sendall(request_bytes.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection).decode("latin-1")

    assert not status or status_of(answer) == status
    assert status_of(fake.answer(UNKNOWN_CALL)) == 404


def test_the_server_ends_promptly_with_connections_open_in_every_state() -> None:
    opened: list[Any] = []

    with intercepted() as fake:
        for opening in ("", "CONN", f"CONNECT {PRODUCTION}:443 HTTP/1.1\r\n\r\n"):
            connection = fake.connect()
            connection.settimeout(5)
            connection.sendall(opening.encode())
            opened.append(connection)
        opened.append(fake.tunnel())
        fake.answer(UNKNOWN_CALL)

    for connection in opened:
        with connection, suppress(ConnectionError, ssl.SSLError):
            read_all(connection)
