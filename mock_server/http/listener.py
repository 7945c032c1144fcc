"""The socket on which the server listens."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.errors import UsageError

_BACKLOG = 2048


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open a socket that listens at the address while the block runs.

    Raises UsageError when that is not possible.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio turns Nagle's delay off only where a given socket was made with IPPROTO_TCP.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise UsageError(f"the address {host} cannot be used: {error.strerror}") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"port {port} on {host} cannot be used: {reason}; choose another with --port") from error
        listener.listen(_BACKLOG)
        yield listener
