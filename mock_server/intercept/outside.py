"""The way out, for hosts that `--allow-host` names: never to this machine itself."""

import asyncio
import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Dial = Callable[[str, int], socket.socket]
Resolve = Callable[[str, int], list[tuple[Any, ...]]]

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0

_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
"""RFC 9110, 7.6.1: they speak about one connection, and are not passed on."""


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def dial(host: str, port: int, *, resolve: Resolve = _resolve) -> socket.socket:
    """A connection to an outside host; the address that was looked at is the one that is connected to.

    Raises OSError when there is none, or when the host turns out to be this machine.
    """
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in resolve(host, port):
        if _is_this_machine(address[0]):
            raise OSError(f"{host} is this machine ({address[0]}), to which nothing is passed through")
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(CONNECT_SECONDS)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _is_this_machine(text: str) -> bool:
    """0.0.0.0 and :: connect to loopback on Linux; ::ffff:127.0.0.1 is loopback in IPv6's clothes."""
    address = ip_address(text.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


class Pipe(asyncio.Protocol):
    """One end of a byte tunnel: what it hears, the other end says. Slow readers slow the writer down."""

    def __init__(self, on_lost: Callable[[], None] = lambda: None) -> None:
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self.other: Pipe | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def join(self, other: "Pipe") -> None:
        self.other, other.other = other, self

    def data_received(self, data: bytes) -> None:
        if self.other and self.other._transport:
            self.other._transport.write(data)

    def eof_received(self) -> bool:
        if self.other and self.other._transport and self.other._transport.can_write_eof():
            self.other._transport.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.other and self.other._transport:
            self.other._transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other._transport:
            self.other._transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        if self.other and self.other._transport:
            self.other._transport.close()
        self._on_lost()


class Forward:
    """An application that carries a request in absolute form (`GET http://host/path`) to that host.

    Body and answer are held in memory. A failure is answered with 502.
    """

    def __init__(self, url: str, dial: Dial) -> None:
        self._url = urlsplit(url)
        self._dial = dial

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, headers, answer = await asyncio.to_thread(self._carry, scope["method"], scope["headers"], body)
        headers = [(name, value) for name, value in headers if name not in _HOP_BY_HOP and name != b"content-length"]
        headers.append((b"content-length", str(len(answer)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _carry(
        self, method: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        host = self._url.hostname or ""
        secure = self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        upstream = http.client.HTTPConnection(host, port)
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            connection = self._dial(host, port)
            connection.settimeout(ANSWER_SECONDS)
            if secure:
                connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
            upstream.sock = connection
            upstream.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name not in _HOP_BY_HOP and name != b"content-length":
                    upstream.putheader(name, value)
            if body:
                upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            text = f"{host} could not be reached: {error}".encode()
            return 502, [(b"content-type", b"text/plain; charset=utf-8")], text
        finally:
            upstream.close()
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()]
        return answer.status, raw, content
