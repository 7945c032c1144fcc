"""One port, three dialects: plain HTTP, `CONNECT`, and requests in absolute form (`GET http://host/path`).

    bytes ── Door ─┬─ CONNECT host of ours ──┬─ TLS ── ApiHttp
                   ├─ TLS from the first byte ┘          (a client whose sockets a hook redirects)
                   ├─ CONNECT allowed host ──── Pipe
                   ├─ CONNECT any other ─────── 403
                   └─ anything else ─────────── ApiHttp

`ApiHttp` is the protocol that serves plain HTTP; what is added to it is a look at each request's host.
"""

import asyncio
import socket
import ssl
from typing import Any, ClassVar

import httptools
from uvicorn.server import ServerState

from mock_server.intercept.border import READING_HOST, ApiOnly, Border, Refusal, Target, Way
from mock_server.intercept.limits import MAX_HEAD_BYTES, Config, admit, dismiss
from mock_server.intercept.outside import Forward, Pipe
from mock_server.intercept.wire import HttpProtocol

_CONNECT = b"CONNECT "
_TLS_HANDSHAKE = b"\x16"
_HANDSHAKE_SECONDS = 30.0
_FAREWELL_SECONDS = 0.5
"""How long a closed connection waits for the client's own goodbye; an idle one gives none, and held up the end."""
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_PORTS = {b"http": 80, b"https": 443}


def protocol_for(border: Border) -> type["Door"]:
    """The class for `uvicorn.Config(http=…, loop="asyncio")`. Under uvloop the upgrade to TLS misreads."""

    class BoundDoor(Door):
        pass

    BoundDoor.border = border
    return BoundDoor


class ApiHttp(HttpProtocol):
    """HTTP as it is served without interception, with a gate before the application.

    `tunnel`: the intercepted host to which the client believes to be connected, if any.
    """

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], border: Border, tunnel: str | None
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._border = border
        self._tunnel = tunnel

    def admitted(self) -> bool:
        """The door let it in."""
        return True

    def on_headers_complete(self) -> None:
        app = self._gate()
        if app is None:
            super().on_headers_complete()
            return
        ungated, self.app = self.app, app
        try:
            super().on_headers_complete()
        finally:
            self.app = ungated

    def _gate(self) -> Any:
        """The application that this request gets instead of the whole one, or None: it came to the fake's address."""
        if not self.url.startswith(b"/") and b"://" in self.url:
            try:
                target = self._absolute_target()
            except ValueError:
                return Refusal(400, f"{self.url.decode('latin-1')} is no URL that can be proxied")
            way = self._border.way(target, self._own_port())
            if way is Way.REFUSED:
                return Refusal(403, self._border.refuse(target))
            if way is Way.LET_OUT:
                return Forward(self.url.decode("latin-1"), self._border.dial)
            return self._api_only(target.host)
        if self._tunnel == READING_HOST:
            return self._api_only(READING_HOST)
        host = self._named_host()
        if host in self._border.hosts:
            return self._api_only(host)
        return self._api_only(self._tunnel) if self._tunnel else None

    def _api_only(self, host: str) -> ApiOnly:
        return ApiOnly(self.app, self._border, host)

    def _absolute_target(self) -> Target:
        try:
            url = httptools.parse_url(self.url)
        except httptools.HttpParserError as error:
            raise ValueError(str(error)) from error
        if url.schema not in _PORTS or not url.host:
            raise ValueError("neither http nor https")
        host = url.host.decode("ascii")
        return Target.parse(f"[{host}]" if ":" in host else host, url.port or _PORTS[url.schema])

    def _named_host(self) -> str:
        for name, value in self.headers:
            if name == b"host":
                try:
                    return Target.parse(value.decode("latin-1"), 0).host
                except ValueError:
                    return ""
        return ""

    def _own_port(self) -> int:
        return (self.server and self.server[1]) or 0

    def connection_lost(self, exc: Exception | None) -> None:
        # In TLS 1.3 the server has finished its handshake before it hears that its certificate is not trusted.
        if isinstance(exc, ssl.SSLError) and self.cycle is None and self._tunnel:
            self._border.on_trouble(self._tunnel, distrust(exc))
        super().connection_lost(exc)


class Door(asyncio.Protocol):
    """Takes a connection's first bytes, and hands it to what speaks their dialect."""

    border: ClassVar[Border]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_event_loop()
        self._early = b""
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # asyncio does so only where the listening socket was made with IPPROTO_TCP; Nagle costs 40 ms a call.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn asks of them no more than `shutdown`
        if admit(transport, self._config, self._state) and self._config.request_seconds:
            self._timer = self._loop.call_later(self._config.request_seconds, self._time_is_up)

    def shutdown(self) -> None:
        """uvicorn ends."""
        if self._task:
            self._task.cancel()
        self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._leave()

    def _leave(self) -> None:
        self._state.connections.discard(self)
        if self._timer:
            self._timer.cancel()

    def _time_is_up(self) -> None:
        if self._early and not self._task:
            self._answer(408, f"the request did not come in whole within {self._config.request_seconds} seconds")
        elif not self._task:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._early += data
        if self._task:
            return
        if self._early.startswith(_TLS_HANDSHAKE):
            self._take(min(self.border.hosts - {READING_HOST}), secure=True)
        elif self._early.startswith(_CONNECT):
            head, end, rest = self._early.partition(b"\r\n\r\n")
            if end:
                self._early = rest
                self._connect(head.split(b"\r\n", 1)[0])
            elif len(self._early) > MAX_HEAD_BYTES:
                self._answer(431, "the head of this CONNECT request does not end")
        elif not _CONNECT.startswith(self._early):
            self._hand_over(self._transport, None, self._early)

    def _connect(self, line: bytes) -> None:
        try:
            _, authority, _ = line.decode("ascii").split(" ")
            target = Target.parse(authority, 443)
        except ValueError:
            self._answer(400, "CONNECT must name a host and a port: CONNECT host:port HTTP/1.1")
            return
        # The fake's own address is no target: whoever tunnels to it would speak to the admin side from within.
        way = Way.REFUSED if target.is_loopback() else self.border.way(target, 0)
        if way is Way.REFUSED:
            self._answer(403, self.border.refuse(target))
        elif way is Way.LET_OUT:
            self._start(self._let_out(target))
        else:
            self._transport.write(_ESTABLISHED)
            self._take(target.host, secure=target.port != 80)

    def _take(self, host: str, *, secure: bool) -> None:
        """The connection is one to `host`, which the fake plays."""
        if secure:
            self._start(self._secure(host))
        else:
            self._hand_over(self._transport, host, self._early)

    def _start(self, work: Any) -> None:
        # What comes now waits in the socket: read before the task runs, it would miss both protocols.
        self._transport.pause_reading()
        self._task = self._loop.create_task(work)

    def _answer(self, status: int, text: str) -> None:
        dismiss(self._transport, status, text)

    def _hand_over(self, transport: asyncio.Transport, tunnel: str | None, early: bytes) -> ApiHttp:
        """From here on uvicorn reads; `early`: what was read before it."""
        protocol = ApiHttp(self._config, self._state, self._app_state, self.border, tunnel)
        self._leave()
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        if early:
            protocol.data_received(early)
        return protocol

    async def _secure(self, host: str) -> None:
        """TLS in process. What came together with the CONNECT is the handshake's first flight."""
        opening, self._early = self._early, b""
        early = _Early()
        upgrade = self._loop.create_task(
            self._loop.start_tls(
                self._transport,
                early,
                self.border.tls,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_FAREWELL_SECONDS,
            )
        )
        try:
            if opening:
                await self._replay(opening, upgrade)
            transport = await upgrade
            assert transport is not None
        except (OSError, ConnectionError) as error:
            self._leave()
            if isinstance(error, ssl.SSLError):
                self.border.on_trouble(host, distrust(error))
            return
        except asyncio.CancelledError:
            upgrade.cancel()
            self._leave()
            return
        protocol = self._hand_over(transport, host, b"".join(early.chunks))
        if early.lost:
            protocol.connection_lost(None)

    async def _replay(self, data: bytes, upgrade: "asyncio.Task[Any]") -> None:
        """Feeds the TLS layer bytes that were read before it stood. It takes the transport over in its task's first
        step, and is connected in a callback after that; nothing is read from the socket before."""
        while not isinstance(layer := self._transport.get_protocol(), asyncio.BufferedProtocol):
            if upgrade.done():
                return
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        while data:
            buffer: Any = layer.get_buffer(len(data))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            layer.buffer_updated(size)
            data = data[size:]

    async def _let_out(self, target: Target) -> None:
        try:
            connection = await asyncio.to_thread(self.border.dial, target.host, target.port)
        except OSError as error:
            self._answer(502, f"{target.host}:{target.port} could not be reached: {error}")
            return
        connection.setblocking(False)
        inside, outside = Pipe(self._leave), Pipe()
        inside.join(outside)
        inside.connection_made(self._transport)
        self._transport.set_protocol(inside)
        self._transport.write(_ESTABLISHED)
        await self._loop.create_connection(lambda: outside, sock=connection)
        if self._early:
            inside.data_received(self._early)
        self._transport.resume_reading()


class _Early(asyncio.Protocol):
    """Holds what is decrypted before `start_tls` returns: Python 3.11 may deliver it to the protocol by then."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True


def distrust(error: ssl.SSLError) -> str:
    """What a failed handshake most likely means to the developer of the client."""
    return (
        f"the client broke off the TLS handshake ({error.reason or error}): it does not trust the certificates that "
        "its environment names (SSL_CERT_FILE and its kin); perhaps it brings a list of its own, or pins them"
    )
