"""The recipient of a response: whether it is still at the other end of the connection."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress

from mock_server.clock import monotonic

OnAbandoned = Callable[[float], None]


class Recipient:
    """The client at the other end of a connection. It may leave while a response is on its way.

    A client that closes its connection and one that closes its sending half only look alike until something is sent:
    the system of the former refuses it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._closed = asyncio.Event()
        self._closed_at = 0.0
        self._has_left = False
        self._has_refused = False
        self._on_abandoned: OnAbandoned | None = None

    @property
    def has_closed(self) -> bool:
        """Return whether the client has closed its sending half, or all of the connection."""
        return self._closed.is_set()

    @property
    def is_watched(self) -> bool:
        """Return whether somebody wants to know if the response under way arrives."""
        return self._on_abandoned is not None

    def watch(self, on_abandoned: OnAbandoned | None) -> None:
        """Call `on_abandoned`, with the time of the monotonic clock, if the client leaves before the response is out.

        It replaces the callback of an earlier response; None is for a response that is not meant to arrive.
        """
        self._on_abandoned = on_abandoned
        if self._has_left:
            self._abandon()

    async def pause(self, seconds: float) -> None:
        """Wait for the time, or until the client has closed its half: what is sent then shows whether it is there."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)

    def close(self) -> None:
        """Note that the client has closed its sending half."""
        if not self.has_closed:
            self._closed_at = monotonic()
            self._closed.set()

    def leave(self) -> None:
        """Note that the client left without the response."""
        self.close()
        self._has_left = True
        self._abandon()

    def has_refused(self) -> bool:
        """Return whether the client's system has refused what was sent after the client closed its half.

        Over TLS the end of a connection is sent, too, and refused by clients that have all that they wanted.
        """
        if self._has_refused or self.transport.get_extra_info("ssl_object"):
            return self._has_refused
        with suppress(OSError, ValueError):  # the socket is closed, and reports nothing any more
            error = self.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            # To ask for it clears it.
            self._has_refused = error == errno.EPIPE
        return self._has_refused

    def _abandon(self) -> None:
        on_abandoned, self._on_abandoned = self._on_abandoned, None
        if on_abandoned:
            on_abandoned(self._closed_at)
