"""Limits of a connection: how many may be open, and how large and how slow a request may be.

uvicorn's own settings do not cover them. `limit_concurrency` answers each request with a plain text and leaves the
connections open that use up the files; `timeout_keep_alive` starts after the first response;
`h11_max_incomplete_event_size` is of its other parser.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
import uvicorn
from uvicorn.server import ServerState

# Of a request's line and headers; also of what stands between the chunks of its body, and of its trailers.
MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 256
_MAX_CONNECTIONS = 4096
# Open files that are left to the database, to rejected connections and the like.
_SPARE_FILES = 256
# Connections over the limit that get a response; any further one is aborted.
_MAX_REJECTED = 64
LINGER_SECONDS = 1.0


OnReject = Callable[[int, str], None]


class Config(uvicorn.Config):
    """uvicorn's settings and ours.

    `request_seconds`: the time in which a whole request must arrive; 0 for no limit.
    `on_reject`: receives status and text when a request or a connection is rejected before the application sees it.
    """

    def __init__(self, app: Any, *, request_seconds: float, on_reject: OnReject | None = None, **settings: Any) -> None:
        super().__init__(app, **settings)
        self.request_seconds = request_seconds
        self._on_reject = on_reject
        self.max_connections = max(1, min(_MAX_CONNECTIONS, _open_files_limit() - _SPARE_FILES))

    def configure_logging(self) -> None:
        """Set up logging; called in each process."""
        super().configure_logging()
        logging.getLogger("uvicorn.error").addFilter(_is_worth_printing)

    def report_rejection(self, status: int, text: str) -> None:
        """Report that a request or a connection is rejected."""
        if self._on_reject:
            self._on_reject(status, text)


def _is_worth_printing(record: logging.LogRecord) -> bool:
    """Return False for what a stop cancels: live pages, and calls that wait for a database that does not respond."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, asyncio.CancelledError) or record.getMessage().startswith("Cancel "))


def accept(transport: asyncio.Transport, config: Config, state: ServerState) -> bool:
    """Return whether there is room for the new connection, which `state` counts already; reject it if not."""
    excess = len(state.connections) - config.max_connections
    if excess > 0:
        text = f"{config.max_connections} connections are open, as many as this server takes; try again in a second"
        config.report_rejection(503, text)
    if excess > _MAX_REJECTED:
        transport.abort()
    elif excess > 0:
        reject(transport, 503, text, "retry-after: 1\r\n")
    return excess <= 0


def reject(transport: asyncio.Transport, status: int, text: str, extra_headers: str = "") -> None:
    """Send an error in the API's envelope and end the connection."""
    if transport.is_closing():
        return
    body = orjson.dumps({"status": "error", "errors": [text]})
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n{extra_headers}"
    transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
    # A socket that is closed with unread data resets the connection, and the client may lose the response.
    transport.set_protocol(DiscardProtocol(transport.get_protocol()))
    transport.resume_reading()
    if transport.can_write_eof():
        transport.write_eof()
    asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.close)


class DiscardProtocol(asyncio.Protocol):
    """Drops all data, and reports only the end of the connection to the protocol that it replaces."""

    def __init__(self, replaced: asyncio.BaseProtocol) -> None:
        self._replaced = replaced

    def connection_lost(self, exc: Exception | None) -> None:
        self._replaced.connection_lost(exc)


def raise_file_limit() -> None:
    """Let this process open files for all connections, as far as the system allows it."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * _MAX_CONNECTIONS
        if 0 <= _open_files_limit() < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most < 0 else min(wanted, most), most))


def _open_files_limit() -> int:
    """Return how many files this process may open."""
    if sys.platform == "win32":
        return 2 * _MAX_CONNECTIONS
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit if limit >= 0 else 2 * _MAX_CONNECTIONS
