"""What connections may cost: their number, and the time and size of a request's parts; how one over it is told."""

import asyncio
import sys
from http import HTTPStatus
from typing import Any

import orjson
import uvicorn
from uvicorn.server import ServerState

MAX_HEAD_BYTES = 65_536
"""Of a request's line and headers; also of what stands between the pieces of its body, and behind them."""
MAX_HEADERS = 256
_MAX_CONNECTIONS = 4096
_SPARE_FILES = 256
"""Open files that are left to everything else, connections that are being refused among it."""
_REFUSED_AT_ONCE = 64
"""Connections over the limit that are told so; any further one is dropped."""
_FAREWELL_SECONDS = 1.0


class Config(uvicorn.Config):
    """uvicorn's settings and ours. `request_seconds`: in which a request must have come in whole; 0 for no limit."""

    def __init__(self, app: Any, *, request_seconds: float, **settings: Any) -> None:
        super().__init__(app, **settings)
        self.request_seconds = request_seconds
        self.max_connections = max(1, min(_MAX_CONNECTIONS, _open_files() - _SPARE_FILES))


def admit(transport: asyncio.Transport, config: Config, state: ServerState) -> bool:
    """Whether the new connection, which `state` counts already, is served; else it is refused here."""
    over = len(state.connections) - config.max_connections
    if over > _REFUSED_AT_ONCE:
        transport.abort()
    elif over > 0:
        text = f"{config.max_connections} connections are open, as many as this server takes; try again in a second"
        dismiss(transport, 503, text, "retry-after: 1\r\n")
    return over <= 0


def dismiss(transport: asyncio.Transport, status: int, text: str, fields: str = "") -> None:
    """Answers in the API's envelope and ends the connection.

    What the client still sends is read and dropped for a moment: closed before, the connection would be reset, and
    the answer lost with it.
    """
    if transport.is_closing():
        return
    body = orjson.dumps({"status": "error", "errors": [text]})
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n{fields}"
    transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
    transport.set_protocol(_Deaf(transport.get_protocol()))
    transport.resume_reading()
    if transport.can_write_eof():
        transport.write_eof()
    asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, transport.close)


class _Deaf(asyncio.Protocol):
    """Drops what it hears, and tells the protocol before it of the connection's end alone."""

    def __init__(self, before: asyncio.BaseProtocol) -> None:
        self._before = before

    def connection_lost(self, exc: Exception | None) -> None:
        self._before.connection_lost(exc)


def raise_file_limit() -> None:
    """Lets this process open files for all connections, as far as the system lets it."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * _MAX_CONNECTIONS
        if 0 <= _open_files() < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most < 0 else min(wanted, most), most))


def _open_files() -> int:
    """How many files this process may open."""
    if sys.platform == "win32":
        return 2 * _MAX_CONNECTIONS
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit if limit >= 0 else 2 * _MAX_CONNECTIONS
