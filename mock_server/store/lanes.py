"""Transactions in threads: those of one account in order, those of different accounts at the same time."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from mock_server.errors import StoreError
from mock_server.store.batch import MAX_CALLS, Waiting, carry_out, resolve
from mock_server.store.pool import Pool
from mock_server.store.session import Session

Made = TypeVar("Made")
# And as many connections.
THREADS = 8


class Lanes:
    """One queue for each account; what waits in it when its last transaction ends shares the next one.

    Works without an account have a transaction each, and wait for none.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        # What waits, by the account that a thread works for.
        self._waiting: dict[str, list[Waiting]] = {}
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A thread that waits for the database must not hold up the end of the process.
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def add(self, work: Callable[[Session], Made], account_id: str | None) -> "asyncio.Future[Made]":
        """Return the future result of the work, which is there when it is committed. Called in the event loop."""
        future: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        if account_id is None:
            self._start([(work, future)], None)
        elif account_id in self._waiting:
            self._waiting[account_id].append((work, future))
        else:
            self._waiting[account_id] = []
            self._start([(work, future)], account_id)
        return future

    def close(self) -> None:
        """End the threads that do not wait for the database."""
        for _ in self._threads:
            self._jobs.put(None)

    def _start(self, works: list[Waiting], account_id: str | None) -> None:
        finish = partial(self._finish, works, account_id)
        self._jobs.put(partial(self._carry_out, works, asyncio.get_running_loop(), finish))

    def _carry_out(
        self, works: list[Waiting], loop: asyncio.AbstractEventLoop, finish: Callable[[list[Any]], None]
    ) -> None:
        """Carry out the works, and call `finish` with their outcomes in the event loop. Called in a thread."""
        try:
            with self._pool.connection() as connection:
                outcomes = carry_out(connection, [work for work, _ in works])
        except StoreError as error:
            outcomes = [error] * len(works)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(finish, outcomes)

    def _finish(self, works: list[Waiting], account_id: str | None, outcomes: list[Any]) -> None:
        resolve(works, outcomes)
        if account_id is None:
            return
        waiting = self._waiting[account_id]
        if waiting:
            self._waiting[account_id] = waiting[MAX_CALLS:]
            self._start(waiting[:MAX_CALLS], account_id)
        else:
            del self._waiting[account_id]

    def _work(self) -> None:
        while job := self._jobs.get():
            job()
