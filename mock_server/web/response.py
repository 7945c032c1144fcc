"""How a response gets to the client, and what a fault does to it on its way."""

import asyncio
import socket
import struct
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from mock_server.faults import Fault
from mock_server.http.recipient import OnAbandoned, Recipient
from mock_server.http.scope import RECIPIENT
from mock_server.journal import Exchange
from mock_server.store.database import Committed

_NO_FAULT = Fault(rule=0)
_DRIPS = 10
# SO_LINGER on, for no time: closing then resets the connection.
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class NotStored:
    """An exchange that the database could not store: its response is an error 500."""

    exchange: Exchange

    def __post_init__(self) -> None:
        assert self.exchange.response.status == 500


async def send_response(
    result: Committed[Exchange] | NotStored,
    scope: Scope,
    receive: Receive,
    send: Send,
    on_abandoned: OnAbandoned | None = None,
) -> None:
    """Send the response, as its fault lets it. What was not committed cannot be sent, but as an error 500.

    `on_abandoned`: as in `Recipient.watch`; not called where the fault keeps the response back.
    """
    exchange = result.value if isinstance(result, Committed) else result.exchange
    fault, response = exchange.fault or _NO_FAULT, exchange.response
    recipient: Recipient = scope["extensions"][RECIPIENT]["recipient"]
    recipient.watch(None if fault.reset or fault.truncate else on_abandoned)
    if fault.delay_seconds:
        await recipient.pause(fault.delay_seconds)
    if fault.reset:
        _reset(recipient.transport)
        await _disconnected(receive)
        return
    body = b"" if exchange.request.method == "HEAD" else response.body
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers.items()]
    headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if fault.drip_seconds:
        size = max(1, len(body) // _DRIPS)
        while len(body) > size and not recipient.has_closed:
            await send({"type": "http.response.body", "body": body[:size], "more_body": True})
            await recipient.pause(fault.drip_seconds / _DRIPS)
            body = body[size:]
    if fault.truncate:
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        recipient.transport.close()
        await _disconnected(receive)
        return
    await send({"type": "http.response.body", "body": body})


def _reset(transport: asyncio.Transport) -> None:
    """End the connection with a TCP RST: the client sees a reset, not a close."""
    if transport.is_closing():
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


async def _disconnected(receive: Receive) -> None:
    """Wait for the connection's end: the server takes a response that is not finished before it for a bug."""
    while (await receive())["type"] != "http.disconnect":
        pass
