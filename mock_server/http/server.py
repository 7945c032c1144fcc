"""uvicorn as this program sets it up, and a server in a thread."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from mock_server.http.limits import Config, OnReject
from mock_server.http.protocol import HttpProtocol
from mock_server.http.workers import ASGIApplication
from mock_server.settings import ServeSettings

# Of the loop, from a connection in the queue to the end of its TLS handshake, and more.
_ITERATIONS = 50


def server_config(
    app: ASGIApplication | Callable[[], ASGIApplication],
    protocol: type[asyncio.Protocol] | None = None,
    request_seconds: float = ServeSettings().request_timeout,
    workers: int = 1,
    on_reject: OnReject | None = None,
) -> Config:
    """Return uvicorn's settings. Another protocol runs on asyncio's own loop: under uvloop its upgrade to TLS misreads.

    For several workers `app` makes the application, in the process of each.
    """
    return Config(
        app,
        factory=workers > 1,
        workers=workers,
        interface="asgi3",
        request_seconds=request_seconds,
        on_reject=on_reject,
        ws="none",
        http=protocol or HttpProtocol,
        loop="asyncio" if protocol else "auto",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        log_level="warning",
        lifespan="on" if workers > 1 else "off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )


@contextmanager
def running(
    app: ASGIApplication,
    listener: socket.socket,
    *,
    protocol: type[asyncio.Protocol] | None = None,
    request_seconds: float = ServeSettings().request_timeout,
    on_reject: OnReject | None = None,
) -> Iterator[Callable[[socket.socket], None]]:
    """Serve `app` in a thread while the block runs; yield a function that adds a socket to listen at.

    `protocol`: what speaks on a connection, instead of plain HTTP. `request_seconds`, `on_reject`: as in `Config`;
    `on_reject` is called in the server's thread.
    """
    server = _ThreadedServer(server_config(app, protocol, request_seconds, on_reject=on_reject))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    server.ready.wait()
    try:
        yield server.listen_at
    finally:
        server.read_what_arrived()
        server.should_exit = True
        thread.join()


class _ThreadedServer(uvicorn.Server):
    """Says when it is ready, and listens at further sockets."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    def listen_at(self, listener: socket.socket) -> None:
        """Listen at the socket until the server ends. Called in another thread."""
        asyncio.run_coroutine_threadsafe(self._listen_at(listener), self._loop).result()

    def read_what_arrived(self) -> None:
        """Let the loop react to what clients that have ended sent until now. Called in another thread."""

        async def iterations() -> None:
            for _ in range(_ITERATIONS):
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(iterations(), self._loop).result()

    async def _listen_at(self, listener: socket.socket) -> None:
        def protocol() -> asyncio.Protocol:
            return self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn calls it
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )

        self.servers.append(await self._loop.create_server(protocol, sock=listener))
