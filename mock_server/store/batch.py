"""Group commit: calls that arrive together share a transaction, since the commit is most of their cost."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mock_server.errors import UnavailableError
from mock_server.store.session import Connection, Session

Made = TypeVar("Made")
Work = Callable[[Session], Any]
Waiting = tuple[Work, "asyncio.Future[Any]"]

# With more of them, the first call would wait too long.
MAX_CALLS = 64


def carry_out(connection: Connection, works: Sequence[Work]) -> list[Any]:
    """Do the works in one transaction; return for each its result or, where it failed, the exception.

    If one fails, each is done again in a transaction of its own, so that it takes no other with it. Each must therefore
    depend on the database alone.
    """
    try:
        with connection.transaction() as session:
            return [work(session) for work in works]
    except UnavailableError as error:
        return [error] * len(works)
    except Exception as error:
        if len(works) == 1:
            return [error]
    return [outcome for work in works for outcome in carry_out(connection, [work])]


def resolve(waiting: Sequence[Waiting], outcomes: Sequence[Any]) -> None:
    """Give each waiting call its outcome."""
    for (_, future), outcome in zip(waiting, outcomes, strict=True):
        if future.done():  # whoever awaited it was cancelled
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


class CommitBatch:
    """The calls that will share the next transaction: it comes after a turn of the event loop without a new call."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[Waiting] = []

    def add(self, work: Callable[[Session], Made]) -> "asyncio.Future[Made]":
        """Return the future result of the work, which is there when it is committed."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._carry_out_when_quiet, 0)
        future: asyncio.Future[Made] = loop.create_future()
        self._waiting.append((work, future))
        return future

    def carry_out(self) -> None:
        """Carry out and commit the calls so far, if there are any."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            resolve(waiting, carry_out(self._connection, [work for work, _ in waiting]))

    def _carry_out_when_quiet(self, waited: int) -> None:
        """Go on if no call has come since the last turn of the loop; `waited`: how many there were then."""
        waiting = len(self._waiting)
        if waiting == waited or waiting >= MAX_CALLS:
            self.carry_out()
        else:
            asyncio.get_running_loop().call_soon(self._carry_out_when_quiet, waiting)
