"""Connections to the hosts that `--allow-host` passes through; never to this machine itself."""

import asyncio
import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from mock_server.intercept.corporate_proxy import connect_through, proxy_for
from mock_server.network import connects_to_itself, connects_to_this_machine, is_address, is_own_address

Connect = Callable[[str, int], socket.socket]
Resolve = Callable[[str, int], list[tuple[Any, ...]]]
Headers = list[tuple[bytes, bytes]]

CONNECT_SECONDS = 10.0
RESPONSE_SECONDS = 60.0

# RFC 9110, 7.6.1: they describe one connection, and a proxy does not forward them.
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)


class ThisMachineError(OSError):
    """A host of `--allow-host` is this machine."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(
            f"{host} is this machine ({address}), to which nothing is passed through; call its service at 127.0.0.1"
        )


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def connect(host: str, port: int, *, resolve: Resolve = _resolve) -> socket.socket:
    """Connect to an upstream host, at the very address that was checked, or through the proxy of this environment.

    Raises OSError when that fails, ThisMachineError when an address of the host is one of this machine.
    """
    proxy = proxy_for(host, port)
    if proxy and not is_address(host):
        return connect_through(proxy, host, port)
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in resolve(host, port):
        if connects_to_this_machine(address[0]) or is_own_address(family, address):
            raise ThisMachineError(host, address[0])
        if proxy:
            return connect_through(proxy, host, port)
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(CONNECT_SECONDS)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
            continue
        if connects_to_itself(connection):  # this machine's only since the check
            connection.close()
            raise ThisMachineError(host, address[0])
        return connection
    raise failure


class Tunnel(asyncio.Protocol):
    """One end of a tunnel of bytes: what it receives, the other end sends. A slow reader slows the writer down."""

    def __init__(self, on_lost: Callable[[], None] = lambda: None) -> None:
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self.other: Tunnel | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def join(self, other: "Tunnel") -> None:
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


class ForwardProxy:
    """An ASGI application that forwards a request in absolute form (`GET http://host/path`) to its host.

    It holds both bodies in memory, and answers a failure with 502.
    """

    def __init__(self, url: str, connect: Connect) -> None:
        self._url = urlsplit(url)
        self._connect = connect

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, headers, content = await asyncio.to_thread(self._forward, scope["method"], scope["headers"], body)
        headers = [*_end_to_end(headers), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _forward(self, method: str, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        """Send the request, and return status, headers and body of the response."""
        host = self._url.hostname or ""
        secure = self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        upstream = http.client.HTTPConnection(host, port)
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            connection = self._connect(host, port)
            connection.settimeout(RESPONSE_SECONDS)
            if secure:
                connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
            upstream.sock = connection
            upstream.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in _end_to_end(headers):
                upstream.putheader(name, value)
            if body:
                upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body or None)
            response = upstream.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            text = f"{host} could not be reached: {error}".encode()
            return 502, [(b"content-type", b"text/plain; charset=utf-8")], text
        finally:
            upstream.close()
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()]
        return response.status, raw, content


def _end_to_end(headers: Headers) -> Headers:
    """Return the headers that a proxy forwards; the length is stated anew."""
    return [(name, value) for name, value in headers if name not in _HOP_BY_HOP and name != b"content-length"]
