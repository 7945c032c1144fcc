"""Several processes that serve one listener: uvicorn's supervisor, and how all of them end together."""

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from uvicorn.config import STARTUP_FAILURE

from mock_server.errors import UsageError
from mock_server.http.limits import Config

__all__ = ["STARTUP_FAILURE", "Draining", "end_with_supervisor", "ended_by_sigterm", "supervise"]

ASGIApplication = Callable[[Any, Any, Any], Awaitable[None]]
# Of the event loop, from a call's cancellation to its response on the socket.
_TURNS_TO_RESPOND = 20


def supervise(config: Config, listener: socket.socket, is_stopped: Callable[[], bool]) -> None:
    """Run as many processes as `config` says, and a new one where one ends, until a signal.

    `is_stopped`: whether a signal came before. Raises UsageError when a worker exits with STARTUP_FAILURE.
    """
    from multiprocessing import resource_tracker

    from uvicorn.supervisors import Multiprocess

    supervisor = Multiprocess(config, [listener])  # handles signals from here on
    if hasattr(signal, "pthread_sigmask"):
        # A terminal sends ctrl-C to the workers too, and one that is starting would print a traceback. They inherit
        # that it is blocked, and the supervisor ends them.
        resource_tracker.ensure_running()  # when it starts, it unblocks SIGINT
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=_wait_for_interrupt, args=(supervisor.signal_queue,), daemon=True).start()
    if is_stopped():
        return
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise UsageError("a worker could not start, so all were ended")


def end_with_supervisor() -> None:
    """End this worker as soon as the supervisor has ended, however it did."""
    threading.Thread(target=_wait_for_supervisor, daemon=True).start()


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end this worker at once while the block runs: uvicorn only notes it, and would wait for the block."""
    handler = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


class Draining:
    """The application of a worker, which lets calls that a stop has cancelled send their responses.

    uvicorn cancels them before it ends the lifespan, and after that the process.
    """

    def __init__(self, app: ASGIApplication) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for _ in range(_TURNS_TO_RESPOND):
            await asyncio.sleep(0)
        await send({"type": "lifespan.shutdown.complete"})


def _wait_for_interrupt(signals: list[int]) -> None:
    """Add each SIGINT to the signals, which is blocked in all threads."""
    while True:
        signals.append(signal.sigwait({signal.SIGINT}))


def _wait_for_supervisor() -> None:
    supervisor = multiprocessing.parent_process()
    assert supervisor is not None
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
