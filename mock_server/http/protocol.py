"""uvicorn's HTTP protocol with what real clients need of it: limits, errors in the API's envelope, raw bytes in paths.

It overrides uvicorn's internals: pyproject.toml bounds the version, and `.ci/next-uvicorn` tries the next one.
"""

import asyncio
import re
from contextlib import suppress
from itertools import chain
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from mock_server.http.head import acceptable_head, end_of_head
from mock_server.http.limits import MAX_HEAD_BYTES, MAX_HEADERS, Config, accept, reject
from mock_server.http.recipient import Recipient
from mock_server.http.scope import RECIPIENT, WHOLE_BODY

# A chunked body ends in a blank line, and parts of it may; its beginning may have come before.
_BLANK_LINE = re.compile(rb"\r\n\r\n|\A\n?\r?\n")
_LINE_END = b"\r\n"
_INTERIM_RESPONSE = b"HTTP/1.1 1"
_LATE_TIMER_SECONDS = 1.0
# How long it may take until a client that has closed its half refuses the response.
_REFUSAL_SECONDS = 0.1


class CoalescingTransport:
    """A transport that sends the head of a response together with the beginning of its body.

    uvicorn writes them one after the other: two system calls, and two packets that wake the client up.
    A response to a client that has closed its half waits a moment before the connection is closed: see `Recipient`.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.recipient = Recipient(cast(asyncio.Transport, self))
        self._is_closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._is_closed or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif _is_response_head(data):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send a head to which no body came, as in the response to HEAD."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        if self._is_closed:
            return
        self._is_closed = True
        if self.recipient.has_closed:
            # On this machine a refusal is there as soon as the response is sent.
            asyncio.get_running_loop().call_soon(self._close_half)
        else:
            self._transport.close()

    def _close_half(self) -> None:
        """End a response to a client that has closed its half, and wait a moment for its refusal."""
        if not self.recipient.has_refused() and not self._transport.is_closing():
            with suppress(OSError):  # refused in this very moment
                self._transport.write_eof()
        asyncio.get_running_loop().call_later(0 if self.recipient.has_refused() else _REFUSAL_SECONDS, self._close_all)

    def _close_all(self) -> None:
        if self.recipient.has_refused():
            self.recipient.leave()
        self._transport.close()


def _is_response_head(data: bytes) -> bool:
    """Return whether the data is a response's head. `100 Continue` is not: the client waits for it."""
    return data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(_INTERIM_RESPONSE)


class HttpProtocol(HttpToolsProtocol):
    """Accepts raw bytes in a path, as curl sends them, and rejects what is not HTTP with the error envelope.

    A request's head may have MAX_HEAD_BYTES and MAX_HEADERS. A whole request must arrive in `config.request_seconds`.
    A connection without a request is closed after that time, or after uvicorn's `timeout_keep_alive` if that is longer
    and the connection had a response.
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
        self._in_request = False  # a part of a request was read, and a part is missing
        self._in_head = True
        self._head = b""  # what was read of a head that has no end yet
        self._body_left: int | None = None  # bytes of the body that is read; None for a chunked one
        self._waiting_since = self.loop.time()  # for the rest of the request, or for the next request
        # Bytes since the last piece of a body or the last end of a request. The parser itself has no limits.
        self._overhead_bytes = 0
        self._may_exceed_limit = False
        self._timer: asyncio.TimerHandle | None = None
        self._error = (0, "")
        self._is_rejected = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._coalescing = CoalescingTransport(transport)
        self.transport = cast(asyncio.Transport, self._coalescing)
        self._extensions: dict[str, dict[object, object]] = {RECIPIENT: {"recipient": self._coalescing.recipient}}
        if self.accept_connection() and self.config.request_seconds:
            self._reschedule(self.config.request_seconds)

    def accept_connection(self) -> bool:
        """Return whether there is room for this connection; reject it if not."""
        return accept(self.transport, self.config, self.server_state)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        is_refused = isinstance(exc, BrokenPipeError) and not self.transport.get_extra_info("ssl_object")
        if is_refused or (self.cycle is not None and not self.cycle.response_complete):
            self._coalescing.recipient.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        searched = len(self._head)
        data, self._head = self._head + data, b""
        read = 0
        while read < len(data) and not self._is_rejected:
            if not self._in_request:
                if self.cycle is not None and data[read] in _LINE_END:  # behind a request, it begins no other
                    read = len(data) - len(data[read:].lstrip(_LINE_END))
                    continue
                self._in_request = True
                self._waiting_since = self.loop.time()
            read = self._read_head(data, read, searched) if self._in_head else self._read_body(data, read)

    def _read_head(self, data: bytes, start: int, searched: int) -> int:
        """Parse the head that begins at `start`, or keep it until its end comes; return how much of the data is read.

        The parser gets each head, and each body, by itself: only the beginning of a head is known by its place.
        """
        end = end_of_head(data, start, searched)
        if end is None:
            self._head = data[start:]
            return len(data)
        self._parse(acceptable_head(data[start:end]))
        return end

    def _read_body(self, data: bytes, start: int) -> int:
        """Parse what is at `start` of the body, not beyond its end; return how much of the data is read."""
        if self._body_left is None:
            found = _BLANK_LINE.search(data, start)
            end = found.end() if found else len(data)
        else:
            end = min(start + self._body_left, len(data))
            self._body_left -= end - start
        self._parse(data[start:end])
        return end

    def _parse(self, part: bytes) -> None:
        self._overhead_bytes += len(part)
        # The callbacks reset the count: what it is before them decides whether `on_headers_complete` must add up.
        self._may_exceed_limit = self._overhead_bytes > MAX_HEAD_BYTES
        super().data_received(part)
        if self._overhead_bytes > MAX_HEAD_BYTES:
            kind = "head" if self._in_head else "body's framing"
            self._reject(431, f"the request's {kind} is over the limit of {MAX_HEAD_BYTES} bytes")

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Keep the connection open when the client has sent all its requests and may wait for a response."""
        recipient = self._coalescing.recipient
        recipient.close()
        if self.cycle is None or self._in_request:
            return False
        is_secure = bool(self.transport.get_extra_info("ssl_object"))  # TLS has no half of a connection
        if recipient.has_refused() or (is_secure and not self.cycle.response_complete):
            recipient.leave()
        if is_secure or self.cycle.response_complete:
            return False
        if self.cycle.response_started and not recipient.is_watched:
            return False  # a stream may have no end of its own
        last = self.pipeline[0][0] if self.pipeline else self.cycle
        last.keep_alive = False
        return True

    def on_headers_complete(self) -> None:
        if len(self.headers) > MAX_HEADERS:
            self._abort_parsing(431, f"the request has {len(self.headers)} headers; the limit is {MAX_HEADERS}")
        if self._may_exceed_limit and len(self.url) + sum(map(len, chain(*self.headers))) > MAX_HEAD_BYTES:
            self._abort_parsing(431, f"the request's head is over the limit of {MAX_HEAD_BYTES} bytes")
        self.scope["extensions"] = self._extensions
        if self.cycle is None or self.cycle.response_complete:
            self._coalescing.recipient.watch(None)
        super().on_headers_complete()
        self._in_head = False
        lengths = [value for name, value in self.headers if name == b"content-length"]
        self._body_left = int(lengths[0]) if lengths else None

    def on_body(self, body: bytes) -> None:
        self._overhead_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._in_request = False
        self._overhead_bytes = 0
        self.scope["state"][WHOLE_BODY] = bytes(self.cycle.body)
        super().on_message_complete()
        if not self.pipeline:
            self.flow.resume_reading()  # after a large body, too, to notice a client that leaves

    def on_response_complete(self) -> None:
        self._coalescing.flush()
        if self.pipeline or self.transport.is_closing():
            if self.pipeline:
                self._coalescing.recipient.watch(None)
            super().on_response_complete()
            return
        # As uvicorn does it, but without its timer for each response: there is one timer a connection.
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        if not self._in_request:
            self._waiting_since = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Reject what the parser cannot read, or what a callback aborted."""
        status, text = self._error
        self._reject(status or 400, text or msg)

    def _abort_parsing(self, status: int, text: str) -> None:
        """Stop the parser from within one of its callbacks; it then calls `send_400_response`."""
        self._error = status, text
        raise ValueError(text)

    def _reject(self, status: int, text: str) -> None:
        """Send an error for the request that is being read, but never into another response; end the connection."""
        self.config.report_rejection(status, text)
        self._overhead_bytes = 0
        self._is_rejected = True
        cycle = self.cycle
        responding = cycle is not None and not cycle.response_complete
        if self._in_head and responding:
            # The earlier requests still get their responses; then the connection ends.
            cycle.keep_alive = False
            self.flow.pause_reading()
        elif not self._in_head and (not responding or cycle.response_started or self.pipeline):
            self.transport.close()
        else:
            if responding:
                cycle.disconnected = True
                cycle.message_event.set()
            reject(self.transport, status, text)

    def _reschedule(self, seconds: float) -> None:
        self._due_at = self.loop.time() + seconds
        self._timer = self.loop.call_later(seconds, self._check_time)

    def _check_time(self) -> None:
        """End the connection if its time is over; else check again when it will be."""
        limit, now = self.config.request_seconds, self.loop.time()
        if self._in_request or self.cycle is None:
            left = self._waiting_since + limit - now
        elif self.cycle.response_complete:
            left = self._waiting_since + max(limit, self.timeout_keep_alive) - now
        else:
            left = limit
        # A late timer means that the server was busy: the client may have sent what was not read yet.
        is_late = now - self._due_at > _LATE_TIMER_SECONDS
        if left > 0:
            self._reschedule(left)
        elif is_late or self.flow.read_paused:
            self._waiting_since = now
            self._reschedule(limit)
        elif self._in_request:
            self._reject(408, f"the whole request did not arrive within {limit} seconds")
        else:
            self.transport.close()
