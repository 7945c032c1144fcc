"""HTTP on a connection: uvicorn's protocol, kinder to what real clients send, in the API's envelope, with limits."""

import asyncio
import re
from itertools import chain
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from mock_server.intercept.limits import MAX_HEAD_BYTES, MAX_HEADERS, Config, admit, dismiss
from mock_server.web.delivery import TRANSPORT
from mock_server.web.request import WHOLE_BODY

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_HELD_UP_SECONDS = 1.0
"""A timer that is so late tells of a busy server: the client may have sent what was not read yet."""
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
"""No upgrade is taken up. The parser would skip the body that comes with the offer; Java's client offers HTTP/2."""
_INTERIM = b"HTTP/1.1 1"
"""How an answer begins that is not yet the answer: `100 Continue`, which clients wait for."""

_PASSED_ON = (
    "abort",
    "can_write_eof",
    "get_extra_info",
    "get_protocol",
    "is_closing",
    "resume_reading",
    "set_protocol",
    "write_eof",
)
"""What else than writing and closing is asked of a transport here."""


class _WholeAnswers:
    """A transport that sends the head of an answer together with the beginning of its body.

    uvicorn writes them one after the other: two calls of the system, and two times that the client wakes up.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._send = transport.write
        self._head = b""
        for name in _PASSED_ON:  # a `__getattr__` would slow down each look at what is here
            setattr(self, name, getattr(transport, name))

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._send(head + data)
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(_INTERIM):
            self._head = data
        else:
            self._send(data)

    def flush(self) -> None:
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()


class HttpProtocol(HttpToolsProtocol):
    """Takes raw bytes in a path, as curl sends them, and refuses what is not HTTP with the error envelope.

    A head of a request may have MAX_HEAD_BYTES and MAX_HEADERS, a request must come in whole in
    `config.request_seconds`. A connection without one is closed after that time; after an answer not before uvicorn's
    `timeout_keep_alive`.

    What is called for each request calls uvicorn's method by its class: `super()` takes twice as long.
    """

    config: Config

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True
        self._is_coming = False
        """A request: something of it was read, and something of it is missing."""
        self._waiting_since = self.loop.time()
        """For the rest of that request, or for a further one."""
        # What was read since the last piece of a body or end of a request. Nothing else bounds it, or its parts.
        self._overhead_bytes = 0
        self._may_be_large = False
        """Whether a head that ends in what is being read may be over the limit."""
        self._timer: asyncio.TimerHandle | None = None
        self._refusal = (0, "")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._answers = _WholeAnswers(transport)
        self.transport = cast(asyncio.Transport, self._answers)
        self._extensions: dict[str, dict[object, object]] = {TRANSPORT: {"transport": self.transport}}
        if self.admitted() and self.config.request_seconds:
            self._look_again(self.config.request_seconds)

    def admitted(self) -> bool:
        """Whether there is room for this connection; if not, it is refused."""
        return admit(self.transport, self.config, self.server_state)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_coming:
            self._is_coming = True
            self._waiting_since = self.loop.time()
        if self._in_head and not data.isascii():
            line, end, rest = data.partition(b"\r\n")
            data = _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line) + end + rest
        if self._in_head and b"pgrade:" in data:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _UPGRADE.sub(b"", head) + end + rest
        self._overhead_bytes += len(data)
        self._may_be_large = self._overhead_bytes > MAX_HEAD_BYTES
        HttpToolsProtocol.data_received(self, data)
        if self._overhead_bytes > MAX_HEAD_BYTES:
            part = "head" if self._in_head else "body's framing"
            self._refuse(431, f"the request's {part} is over the limit of {MAX_HEAD_BYTES} bytes")

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Keeps the connection where the client has sent all that it will, and its answer is still to come."""
        if self.cycle is None or self.cycle.response_started or self._is_coming:
            return False
        last = self.pipeline[0][0] if self.pipeline else self.cycle
        last.keep_alive = False
        return True

    def on_response_complete(self) -> None:
        self._answers.flush()
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
        else:
            # As uvicorn has it, but for a timer of its own at each answer: one a connection costs less.
            self.server_state.total_requests += 1
            self.flow.resume_reading()
            if not self._is_coming:
                self._waiting_since = self.loop.time()

    def on_headers_complete(self) -> None:
        if len(self.headers) > MAX_HEADERS:
            self._give_up(431, f"the request has {len(self.headers)} headers; the limit is {MAX_HEADERS}")
        if self._may_be_large and len(self.url) + sum(map(len, chain.from_iterable(self.headers))) > MAX_HEAD_BYTES:
            self._give_up(431, f"the request's head is over the limit of {MAX_HEAD_BYTES} bytes")
        self.scope["extensions"] = self._extensions
        HttpToolsProtocol.on_headers_complete(self)
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        self._overhead_bytes = 0
        HttpToolsProtocol.on_body(self, body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._is_coming = False
        self._overhead_bytes = 0
        self.scope["state"][WHOLE_BODY] = bytes(self.cycle.body)
        HttpToolsProtocol.on_message_complete(self)

    def send_400_response(self, msg: str) -> None:
        """What the parser could not read, or a callback of ours did not want to."""
        status, text = self._refusal
        self._refuse(status or 400, text or msg)

    def _give_up(self, status: int, text: str) -> None:
        """Ends the parser's work, from within a callback of it; `send_400_response` comes of it."""
        self._refusal = status, text
        raise ValueError(text)

    def _refuse(self, status: int, text: str) -> None:
        """Answers the request that is being read, and ends the connection; never into another answer."""
        self._overhead_bytes = 0
        cycle = self.cycle
        answering = cycle is not None and not cycle.response_complete
        if self._in_head and answering:
            # The client may still have the answers to what it sent before; then the connection ends.
            cycle.keep_alive = False
            self.flow.pause_reading()
        elif not self._in_head and (not answering or cycle.response_started or self.pipeline):
            self.transport.close()
        else:
            if answering:
                cycle.disconnected = True
                cycle.message_event.set()
            dismiss(self.transport, status, text)

    def _look_again(self, seconds: float) -> None:
        self._due_at = self.loop.time() + seconds
        self._timer = self.loop.call_later(seconds, self._check_time)

    def _check_time(self) -> None:
        """One timer a connection: it finds out what became of the time, and comes again."""
        limit, now = self.config.request_seconds, self.loop.time()
        if self._is_coming or self.cycle is None:
            left = self._waiting_since + limit - now
        elif self.cycle.response_complete:
            left = self._waiting_since + max(limit, self.timeout_keep_alive) - now
        else:
            left = limit
        if left > 0:
            self._look_again(left)
        elif now - self._due_at > _HELD_UP_SECONDS or self.flow.read_paused:
            self._waiting_since = now
            self._look_again(limit)
        elif self._is_coming:
            self._refuse(408, f"the request did not come in whole within {limit} seconds")
        else:
            self.transport.close()
