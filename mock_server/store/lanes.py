"""Transactions in threads: those of one account in order, those of different accounts at the same time."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from mock_server.clock import monotonic
from mock_server.errors import StoreError
from mock_server.store.batch import MAX_CALLS, Waiting, carry_out, resolve
from mock_server.store.pool import KEPT_CONNECTIONS, Pool
from mock_server.store.session import Session

Made = TypeVar("Made")
Job = Callable[[], None]
# How many threads there are for transactions that are not stuck, and with those that are. Each has a connection.
THREADS = KEPT_CONNECTIONS
MAX_THREADS = 40
# A transaction that takes longer is stuck: mostly, another session has locked its account.
_STUCK_SECONDS = 0.25
_IDLE_SECONDS = 1


class Lanes:
    """One queue for each account; what waits in it when its last transaction ends shares the next one.

    Works without an account have a transaction each, and wait for none. For each transaction that is stuck there is a
    thread more, up to a limit, while others wait.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        # What waits, by the account that a thread works for.
        self._waiting: dict[str, list[Waiting]] = {}
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._is_watched = False
        # When each thread began with the job that it has.
        self._began: dict[int, float] = {}
        self._threads = [self._started(self._work) for _ in range(THREADS)]
        self._helpers: list[threading.Thread] = []

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
        for _ in (*self._threads, *self._helpers):
            self._jobs.put(None)

    def _start(self, works: list[Waiting], account_id: str | None) -> None:
        finish = partial(self._finish, works, account_id)
        self._jobs.put(partial(self._carry_out, works, asyncio.get_running_loop(), finish))
        self._watch()

    def _watch(self) -> None:
        if not self._is_watched and not self._jobs.empty():
            self._is_watched = True
            asyncio.get_running_loop().call_later(_STUCK_SECONDS, self._replace_stuck)

    def _replace_stuck(self) -> None:
        """Start a thread for each one that is stuck, if jobs wait; it ends when none comes any more."""
        self._is_watched = False
        self._helpers = [thread for thread in self._helpers if thread.is_alive()]
        stuck_since = monotonic() - _STUCK_SECONDS
        stuck = sum(began < stuck_since for began in list(self._began.values()))
        wanted = min(THREADS + stuck, MAX_THREADS) - THREADS - len(self._helpers)
        for _ in range(min(wanted, self._jobs.qsize())):
            self._helpers.append(self._started(self._help))
        self._watch()

    def _started(self, work: Job) -> threading.Thread:
        # A thread that waits for the database must not hold up the end of the process.
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

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
            self._do(job)

    def _help(self) -> None:
        with suppress(Empty):
            while job := self._jobs.get(timeout=_IDLE_SECONDS):
                self._do(job)

    def _do(self, job: Job) -> None:
        self._began[threading.get_ident()] = monotonic()
        job()
        del self._began[threading.get_ident()]
