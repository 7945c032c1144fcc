"""How an answer gets to the client, and what a fault does to it on its way."""

import asyncio
import socket
import struct
from functools import lru_cache

from starlette.types import Receive, Scope, Send

from mock_server.faults import Fault
from mock_server.journal import Entry, Headers

TRANSPORT = "segmetrics_mock.transport"
"""The ASGI extension with which our HTTP protocol hands over the connection: the faults need it."""

_NO_FAULT = Fault(rule=0)
_DRIPS = 10
_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing then resets the connection."""


async def deliver(entry: Entry, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends the entry's answer, as its fault lets it."""
    fault = entry.fault or _NO_FAULT
    if fault.delay_seconds:
        await asyncio.sleep(fault.delay_seconds)
    if fault.reset:
        _reset(scope)
        await _disconnected(receive)
        return
    body = b"" if entry.method == "HEAD" else entry.answer_body
    length = (b"content-length", b"%d" % len(entry.answer_body))
    headers = [*_encoded(entry.answer_headers), length]
    await send({"type": "http.response.start", "status": entry.status, "headers": headers})
    if fault.drip_seconds:
        size = max(1, len(body) // _DRIPS)
        for start in range(0, len(body) - size, size):
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
            await asyncio.sleep(fault.drip_seconds / _DRIPS)
        body = body[len(range(0, len(body) - size, size)) * size :]
    if fault.truncate:
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        _transport(scope).close()
        await _disconnected(receive)
        return
    await send({"type": "http.response.body", "body": body})


@lru_cache
def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


def _reset(scope: Scope) -> None:
    """Ends the connection with a TCP RST: the client sees a reset, not a close."""
    transport = _transport(scope)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


async def _disconnected(receive: Receive) -> None:
    """The server takes an answer that is not finished for a bug of ours, unless the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["extensions"][TRANSPORT]["transport"]
    return transport
