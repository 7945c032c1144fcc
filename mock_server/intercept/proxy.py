"""One port for three dialects: plain HTTP, `CONNECT`, and requests in absolute form (`GET http://host/path`).

bytes ── ProxyProtocol ─┬─ CONNECT intercepted host ──┬─ TLS ── InterceptedHttpProtocol
                        ├─ TLS from the first byte ───┘         (a client whose sockets a hook redirects)
                        ├─ CONNECT allowed host ──────── Tunnel
                        ├─ CONNECT any other host ────── 403
                        └─ anything else ─────────────── InterceptedHttpProtocol
"""

import asyncio
import socket
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, ClassVar

from uvicorn.server import ServerState

from mock_server.http.limits import MAX_HEAD_BYTES, Config, accept, reject
from mock_server.intercept.intercepted_http import InterceptedHttpProtocol, handshake_text
from mock_server.intercept.policy import Action, HostPolicy, Target
from mock_server.intercept.upstream import Tunnel

_ADDRESS_HEADER = b"x-segmetrics-mock-address"  # as the hooks send it
_CONNECT = b"CONNECT "
_TLS_HANDSHAKE = b"\x16"
_HANDSHAKE_SECONDS = 30.0
# An idle client does not answer the closing of TLS, and would hold up the end of the server.
_TLS_SHUTDOWN_SECONDS = 0.5
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ProxyProtocol(asyncio.Protocol):
    """Reads a connection's first bytes, and hands it to the protocol of their dialect."""

    policy: ClassVar[HostPolicy]

    @classmethod
    def with_policy(cls, policy: HostPolicy) -> type["ProxyProtocol"]:
        """Return the class for `uvicorn.Config(http=…, loop="asyncio")`. uvloop misreads the upgrade to TLS."""
        return type(cls.__name__, (cls,), {"policy": policy})

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
        self._buffer = b""
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # asyncio does so only where the listening socket was made with IPPROTO_TCP; Nagle's delay costs 40 ms a call.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn needs no more of them than `shutdown`
        if accept(transport, self._config, self._state) and self._config.request_seconds:
            self._timer = self._loop.call_later(self._config.request_seconds, self._time_out)

    def shutdown(self) -> None:
        """End the connection, because uvicorn ends."""
        if self._task:
            self._task.cancel()
        self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._release()

    def _release(self) -> None:
        """Stop counting and timing the connection: it ended, or another protocol does so now."""
        self._state.connections.discard(self)
        if self._timer:
            self._timer.cancel()

    def _time_out(self) -> None:
        if self._buffer and not self._task:
            self._reject_unread(408, f"the whole request did not arrive within {self._config.request_seconds} seconds")
        elif not self._task:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._task:
            return
        if self._buffer.startswith(_TLS_HANDSHAKE):
            self._intercept(self.policy.main.host, secure=True)
        elif self._buffer.startswith(_CONNECT):
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if end:
                self._buffer = rest
                self._connect(*head.split(b"\r\n"))
            elif len(self._buffer) > MAX_HEAD_BYTES:
                self._reject_unread(
                    431, f"the head of this CONNECT request is over the limit of {MAX_HEAD_BYTES} bytes"
                )
        elif not _CONNECT.startswith(self._buffer):
            self._hand_over(self._transport, None, self._buffer)

    def _connect(self, request_line: bytes, *headers: bytes) -> None:
        try:
            _, authority, _ = request_line.decode("ascii").split(" ")
            target = replace(Target.parse(authority, 443), address=_address(headers))
        except ValueError:
            self._reject_unread(400, "CONNECT must name a host and a port: CONNECT host:port HTTP/1.1")
            return
        # A tunnel to the fake's own address would reach the admin side from within.
        action = Action.BLOCK if target.is_loopback else self.policy.action(target, 0)
        if action is Action.BLOCK:
            self._reject(403, self.policy.block(target))
        elif _announces_body(headers):
            self._reject_unread(400, "CONNECT has no body; what is meant for the tunnel comes after the response")
        elif action is Action.PASS_THROUGH:
            self._start(self._pass_through(target))
        else:
            self._transport.write(_ESTABLISHED)
            self._intercept(target.host, secure=target.port != 80)

    def _intercept(self, host: str, *, secure: bool) -> None:
        if secure:
            self._start(self._upgrade_to_tls(host))
        else:
            self._hand_over(self._transport, host, self._buffer)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # What arrives now waits in the socket: if it were read before the task runs, both protocols would miss it.
        self._transport.pause_reading()
        self._task = self._loop.create_task(work)

    def _reject_unread(self, status: int, text: str) -> None:
        """Reject a request of which nothing is known but that it is not one."""
        self._config.report_rejection(status, text)
        self._reject(status, text)

    def _reject(self, status: int, text: str) -> None:
        reject(self._transport, status, text)

    def _hand_over(self, transport: asyncio.Transport, tunnel: str | None, early: bytes) -> InterceptedHttpProtocol:
        """Let uvicorn's protocol read from here on; `early`: what was read before."""
        protocol = InterceptedHttpProtocol(self._config, self._state, self._app_state, self.policy, tunnel)
        self._release()
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        if early:
            protocol.data_received(early)
        return protocol

    async def _upgrade_to_tls(self, host: str) -> None:
        """Terminate TLS in this process. What arrived with the CONNECT is the first flight of the handshake."""
        first_flight, self._buffer = self._buffer, b""
        early = _EarlyData()
        upgrade = self._loop.create_task(
            self._loop.start_tls(
                self._transport,
                early,
                self.policy.tls,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_TLS_SHUTDOWN_SECONDS,
            )
        )
        try:
            if first_flight:
                await self._replay(first_flight, upgrade)
            transport = await upgrade
            assert transport is not None
        except (OSError, ConnectionError) as error:
            self._release()
            self.policy.on_trouble(host, handshake_text(error))
            return
        except asyncio.CancelledError as ended:
            # The server ends, and the client did not wait for it.
            upgrade.cancel()
            self._release()
            self.policy.on_trouble(host, handshake_text(ended))
            return
        protocol = self._hand_over(transport, host, b"".join(early.chunks))
        if early.lost:
            protocol.connection_lost(None)

    async def _replay(self, data: bytes, upgrade: "asyncio.Task[Any]") -> None:
        """Feed the TLS layer the bytes that were read before it existed.

        It takes the transport over in the first step of its task, and is connected in a callback after that. Nothing
        is read from the socket before.
        """
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

    async def _pass_through(self, target: Target) -> None:
        try:
            connection = await asyncio.to_thread(self.policy.connect, target.host, target.port)
        except OSError as error:
            self._reject(502, f"{target.host}:{target.port} could not be reached: {error}")
            return
        connection.setblocking(False)
        client_end, upstream_end = Tunnel(self._release), Tunnel()
        client_end.join(upstream_end)
        client_end.connection_made(self._transport)
        self._transport.set_protocol(client_end)
        self._transport.write(_ESTABLISHED)
        await self._loop.create_connection(lambda: upstream_end, sock=connection)
        if self._buffer:
            client_end.data_received(self._buffer)
        self._transport.resume_reading()


def _address(headers: Iterable[bytes]) -> str:
    """Return the address that a hook names beside the host of the refused connection, if any. Raises ValueError."""
    for name, value in _fields(headers):
        if name == _ADDRESS_HEADER and value:
            return str(ip_address(value.decode("ascii")))
    return ""


def _announces_body(headers: Iterable[bytes]) -> bool:
    """Return whether a body would follow the head; some clients announce one of 0 bytes."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0") != b"")
        for name, value in _fields(headers)
    )


def _fields(headers: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name of each header, in lower case, and its value."""
    for header in headers:
        name, _, value = header.partition(b":")
        yield name.lower(), value.strip()


class _EarlyData(asyncio.Protocol):
    """Holds what is decrypted before `start_tls` returns: Python 3.11 may already deliver it."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True
