"""Connections to one database, each used by one thread at a time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from queue import Empty, LifoQueue

from mock_server.errors import StoreError, UsageError
from mock_server.store.session import Connection

_WAIT_SECONDS = 5
# How many connections stay open while they are free.
KEPT_CONNECTIONS = 8


class Pool:
    """Connections that are made when none is free; the one that was used last is used first.

    `first`: is there for good, so that calls go on, one after the other, where the database accepts no further one.
    `connect`: raises StoreError where it does not.
    """

    def __init__(self, first: Connection, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._free: LifoQueue[Connection] = LifoQueue()
        self._free.put(first)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        connection = self._take()
        try:
            yield connection
        finally:
            if self._free.qsize() < KEPT_CONNECTIONS:
                self._free.put(connection)
            else:
                connection.close()

    def check_room(self, processes: int) -> None:
        """Raise UsageError where so many processes cannot have a connection each."""
        with ExitStack() as stack:
            try:
                for _ in range(processes - 1):
                    stack.enter_context(closing(self._connect()))
            except StoreError as error:
                raise UsageError(
                    f"the database has too few connections for {processes} --workers; take fewer, or raise its"
                    f" max_connections ({error})"
                ) from error

    def close(self) -> None:
        """Close what is free; the end of the process closes the others."""
        with suppress(Empty):
            while True:
                self._free.get_nowait().close()

    def _take(self) -> Connection:
        with suppress(Empty):
            return self._free.get_nowait()
        try:
            return self._connect()
        except StoreError as error:
            with suppress(Empty):
                return self._free.get(timeout=_WAIT_SECONDS)
            raise error
