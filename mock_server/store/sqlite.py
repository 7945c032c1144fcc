"""One SQLite database on one connection, in memory or in a file with a write-ahead log."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy.dialects.sqlite import dialect

from mock_server.errors import StoreError, UsageError
from mock_server.store.database import SCHEMA_VERSION, Database, Session, schema
from mock_server.store.memory import Memory

_DIALECT = dialect(paramstyle="qmark")
_CACHE_KIB = 8192
_PAGE_BYTES = 8192
_STATEMENTS_KEPT = 512
_MOST_AT_ONCE = 64
"""Calls that are committed together; with more of them the first would wait for long."""
_TAKEN_BACK = "nothing was stored: another call of the same moment failed, and its transaction with it; try again"
_LOCK_SECONDS = 5
_CHECKPOINT_SECONDS, _CHECKPOINT_COMMITS = 0.6, 800
"""After what time, or how many commits, pages are moved from the log; a commit logs eight pages or more."""
_ROUNDS = 3
"""Of moving pages. After two of them the log's restart still took 10 ms, after three 1 ms."""
_LOG_PAGES = 12_000
"""96 MB, twice what a full load writes in that time: a commit that finds the log longer moves pages itself, and all
calls wait. Without a bound it would grow for ever under a steady load."""
_TROUBLES = {
    sqlite3.SQLITE_FULL: "has no space left on its disk; free some",
    sqlite3.SQLITE_IOERR: "cannot be written or read; look after its disk: space, quota, write protection",
    sqlite3.SQLITE_READONLY: "may not be written; make the file and its folder writable",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; make the file and its folder readable and writable",
    sqlite3.SQLITE_BUSY: "is locked by another program; end that one",
    sqlite3.SQLITE_CORRUPT: "is damaged; put a sound copy in its place and start the server anew",
}
"""What a failure of the file, which is no bug of ours, means and asks for."""


class SqliteDatabase(Database):
    """A database in memory, or in the file `path`, which is made when it does not exist.

    Raises UsageError when the file cannot be opened or is of another version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._memory = Memory()
        self._data_version = 0
        self._writing = threading.Lock()
        """Held by whoever has a transaction, or begins the log anew."""
        self._is_writing = False
        self._is_closing = False
        self._commits = 0
        self._checkpoint_is_due = threading.Event()
        self._waiting: list[asyncio.Future[None]] | None = None
        """Who waits for the transaction of the calls under way; None where there is none."""
        try:
            self._check_version()
            self._connection = self._connect()
            self._session = Session(self._connection, _DIALECT, self._memory)
            self._prepare()
        except sqlite3.Error as error:
            raise UsageError(f"the database {path} cannot be used: {error}") from error
        self._checkpointer = threading.Thread(target=self._checkpoint, daemon=True) if path else None
        if self._checkpointer:
            self._checkpointer.start()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self._settle()
        try:
            self._begin()
            yield self._session
            self._commit()
        except BaseException as error:
            self._roll_back()
            raise self._told(error) from error

    def call(self) -> AbstractContextManager[Session]:
        """Calls that come close after each other are committed together: the commit is most of their cost."""
        return _Call(self)

    def begin_call(self) -> Session:
        try:
            if self._waiting is None:
                self._begin()
                self._waiting = []
                asyncio.get_running_loop().call_soon(self._settle_when_quiet, 0)
            self._session.start()
        except BaseException as error:
            raise self._taken_back(error) from error
        return self._session

    def end_call(self, error: BaseException | None) -> None:
        """`error`: with which the call ended, if it did."""
        try:
            if error:
                raise error
            self._session.release()
        except BaseException as failure:
            raise self._taken_back(failure) from failure

    async def settled(self) -> None:
        if self._waiting is not None:
            settled = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            await settled

    def _settle_when_quiet(self, waited: int) -> None:
        """Settles after a turn of the event loop in which no further call came. `waited`: how many did before it."""
        if self._waiting is None:
            return
        waiting = len(self._waiting)
        if waiting == waited or waiting >= _MOST_AT_ONCE:
            self._settle()
        else:
            asyncio.get_running_loop().call_soon(self._settle_when_quiet, waiting)

    def _settle(self, error: BaseException | None = None) -> None:
        """Commits the calls under way and tells those who wait; with `error`, all of them were taken back."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        if error is None:
            try:
                self._commit()
            except sqlite3.Error as failure:
                self._roll_back()
                error = failure
        for settled in waiting:
            if settled.done():
                continue
            if error is None:
                settled.set_result(None)
            else:
                settled.set_exception(self._told(error, _TAKEN_BACK))

    def _begin(self) -> None:
        self._writing.acquire()
        self._is_writing = True
        self._connection.execute("BEGIN IMMEDIATE")
        # It changes when another program wrote to the file, which none can do from here to the commit.
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self._memory.clear()
            self._data_version = version

    def _commit(self) -> None:
        self._session.finish()
        self._connection.execute("COMMIT")
        self._let_write()
        self._commits += 1
        if self._commits >= _CHECKPOINT_COMMITS:
            self._checkpoint_is_due.set()

    def _roll_back(self) -> None:
        """Ends the transaction, if there is one: SQLite ends some by itself."""
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # the failure that led here is the one to tell
                self._connection.execute("ROLLBACK")
        self._let_write()
        self._memory.clear()
        self._session = Session(self._connection, _DIALECT, self._memory)

    def _taken_back(self, error: BaseException) -> BaseException:
        """Takes back what the calls under way wrote, since one of them failed; the error as it is to be told."""
        self._roll_back()
        self._settle(error)
        return self._told(error)

    def _let_write(self) -> None:
        if self._is_writing:
            self._is_writing = False
            self._writing.release()

    def _told(self, error: BaseException, otherwise: str = "") -> BaseException:
        """The error as a StoreError, where the file failed or there is a text for what it is `otherwise`."""
        trouble = _TROUBLES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if trouble:
            return StoreError(f"nothing was stored: the database {self._path} {trouble}, and try again")
        return StoreError(otherwise) if otherwise else error

    def close(self) -> None:
        self._settle()
        self._is_closing = True
        self._checkpoint_is_due.set()
        if self._checkpointer:
            self._checkpointer.join()
        self._connection.close()

    def _connect(self, timeout: float = _LOCK_SECONDS) -> sqlite3.Connection:
        """`timeout`: seconds that it waits for another program's lock."""
        connection = sqlite3.connect(
            self._path or ":memory:",
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        if self._path:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection

    def _check_version(self) -> None:
        """Refuses a file that is not ours before anything is written to it."""
        if self._path is None or not self._path.exists():
            return
        with closing(sqlite3.connect(self._path)) as connection:
            if _is_empty(connection):
                return
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            raise UsageError(
                f"the database {self._path} has version {version}, this program writes version"
                f" {SCHEMA_VERSION}; name another file, or delete this one"
            )

    def _prepare(self) -> None:
        if _is_empty(self._connection):
            with self.transaction():
                for text in schema(_DIALECT):
                    self._connection.execute(text)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _checkpoint(self) -> None:
        """Moves committed pages into the file now and then, off the path of calls."""
        connection = self._connect(timeout=0)
        while True:
            self._checkpoint_is_due.wait(_CHECKPOINT_SECONDS)
            if self._is_closing:
                break
            self._checkpoint_is_due.clear()
            self._commits = 0
            with suppress(sqlite3.OperationalError):  # a full disk: the pages stay where they are until the next time
                # Calls go on meanwhile; each round takes what came during the one before. What is left is little and
                # quick to sync: now the log can begin anew.
                for _ in range(_ROUNDS):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                with self._writing:
                    connection.execute("PRAGMA wal_checkpoint(RESTART)")
        connection.close()


class _Call(AbstractContextManager[Session]):
    """A call from its begin to its end. As a generator it would cost five times as much."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def __enter__(self) -> Session:
        return self._database.begin_call()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._database.end_call(error)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
