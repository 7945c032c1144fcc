"""Group commit: calls that arrive together share a transaction, since the commit is most of their cost."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from mock_server.errors import StoreError
from mock_server.store.session import Connection, Session

Made = TypeVar("Made")

# With more of them, the first call would wait too long.
_MAX_CALLS = 64
_OTHER_FAILED = "nothing was stored: another call in the same transaction failed; try again"


class CommitBatch:
    """The transaction that calls share. It is committed after a turn of the event loop without a new call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session: Session | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop

    async def run(self, work: Callable[[Session], Made]) -> Made:
        """Do the work of a call, and return its result when it is committed.

        If the work raises, nothing of the batch is stored, and its other calls raise StoreError.
        """
        try:
            if self._session is None:
                self._session = self._begin()
            made = work(self._session)
        except BaseException as error:
            with self._connection.raising_store_errors():
                self._roll_back(error)
                raise
        committed = self._loop.create_future()
        self._waiting.append(committed)
        await committed
        return made

    def commit(self) -> None:
        """Commit the calls so far, if there are any."""
        if self._session is None:
            return
        try:
            self._session.flush()
            self._connection.commit()
        except Exception as error:
            self._roll_back(error)
        else:
            self._end(None)

    def _begin(self) -> Session:
        self._connection.begin()
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._commit_when_quiet, 0)
        return Session(self._connection)

    def _roll_back(self, error: BaseException) -> None:
        self._connection.roll_back()
        failure = self._connection.as_store_error(error)
        self._end(failure if isinstance(failure, StoreError) else StoreError(_OTHER_FAILED))

    def _commit_when_quiet(self, waited: int) -> None:
        """Commit if no call has come since the last turn of the loop; `waited`: how many there were then."""
        waiting = len(self._waiting)
        if waiting == waited or waiting >= _MAX_CALLS:
            self.commit()
        else:
            self._loop.call_soon(self._commit_when_quiet, waiting)

    def _end(self, error: BaseException | None) -> None:
        self._session = None
        waiting, self._waiting = self._waiting, []
        for committed in waiting:
            if committed.done():  # its client went away
                continue
            if error is None:
                committed.set_result(None)
            else:
                committed.set_exception(error)
