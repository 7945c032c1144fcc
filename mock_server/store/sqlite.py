"""One SQLite database on one connection, in memory or in a file with a write-ahead log."""

import asyncio
import threading
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from mock_server.errors import StoreError, UsageError
from mock_server.store.database import SCHEMA_VERSION, Database, Session, Statement
from mock_server.store.memory import Memory
from mock_server.store.schema import SQLITE

_CACHE_KIB = 8192
_PAGE_BYTES = 8192
_MOST_AT_ONCE = 64
"""Calls that are committed together; with more of them the first would wait for long."""
_TAKEN_BACK = "nothing was stored: another call of the same moment failed, and its transaction with it; try again"
_LOCK_MILLISECONDS = 5000
_CHECKPOINT_SECONDS = 0.1
"""How long committed pages stay in the log alone. Moved more rarely, they are fewer, but hold up calls for longer."""
_LONG_LOG_PAGES = 6_000
"""48 MB: from here on the log begins anew. A full load writes a fifth to a half of it in that time."""
_ROUNDS = 2
"""Of moving pages before that. With one the p99 of calls is a twelfth longer."""
_MOST_LOG_PAGES = 2 * _LONG_LOG_PAGES
"""A commit that finds the log longer moves pages itself, and all calls wait: it must not grow for ever."""
_TROUBLES: dict[type[BaseException], str] = {
    apsw.FullError: "has no space left on its disk; free some",
    apsw.IOError: "cannot be written or read; look after its disk: space, quota, write protection",
    apsw.ReadOnlyError: "may not be written; make the file and its folder writable",
    apsw.CantOpenError: "cannot be opened; make the file and its folder readable and writable",
    apsw.BusyError: "is locked by another program; end that one",
    apsw.CorruptError: "is damaged; put a sound copy in its place and start the server anew",
}
"""What a failure of the file, which is no bug of ours, means and asks for."""


class SqliteSession(Session):
    def insert(self, statement: Statement, values: Mapping[str, Any]) -> int:
        number: int = self._execute(statement, values).connection.last_insert_rowid()
        return number

    def run(self, statement: Statement, **values: Any) -> int:
        changed: int = self._execute(statement, {**self.scope, **values}).connection.changes()
        return changed

    def run_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        self._heed(statement)
        text, pick = statement.by_place
        self._cursor.executemany(text, map(pick, rows))

    def _execute(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        self._heed(statement)
        text, pick = statement.by_place
        return self._cursor.execute(text, pick(values))


class SqliteDatabase(Database, AbstractContextManager[Session]):
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
        self._has_committed = threading.Event()
        self._is_closing = threading.Event()
        self._waiting: list[asyncio.Future[None]] | None = None
        """Who waits for the transaction of the calls under way; None where there is none."""
        self._loop: asyncio.AbstractEventLoop
        """Of these calls. To ask for the running one costs a call of the system."""
        try:
            self._check_version()
            self._connection = self._connect()
            self._session = self._new_session()
            self._prepare()
        except apsw.Error as error:
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
        """Calls that come close after each other are committed together: the commit is most of their cost.

        The database itself begins and ends them: a generator would take five times as long.
        """
        return self

    def __enter__(self) -> Session:
        """A call begins, in the transaction of the calls before it, or in a new one."""
        try:
            if self._waiting is None:
                self._begin()
                self._waiting = []
                self._loop = asyncio.get_running_loop()
                self._loop.call_soon(self._settle_when_quiet, 0)
            self._session.start()
        except BaseException as error:
            raise self._taken_back(error) from error
        return self._session

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """The call ends; `error`: with which, if any."""
        try:
            if error:
                raise error
            self._session.release()
        except BaseException as failure:
            raise self._taken_back(failure) from failure

    def settled(self) -> Awaitable[None] | None:
        if self._waiting is None:
            return None
        settled = self._loop.create_future()
        self._waiting.append(settled)
        return settled

    def _settle_when_quiet(self, waited: int) -> None:
        """Settles after a turn of the event loop in which no further call came. `waited`: how many did before it."""
        if self._waiting is None:
            return
        waiting = len(self._waiting)
        if waiting == waited or waiting >= _MOST_AT_ONCE:
            self._settle()
        else:
            self._loop.call_soon(self._settle_when_quiet, waiting)

    def _settle(self, error: BaseException | None = None) -> None:
        """Commits the calls under way and tells those who wait; with `error`, all of them were taken back."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        if error is None:
            try:
                self._commit()
            except apsw.Error as failure:
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
        version = self._connection.execute("PRAGMA data_version").get
        if version != self._data_version:
            self._memory.clear()
            self._data_version = version

    def _commit(self) -> None:
        self._session.finish()
        self._connection.execute("COMMIT")
        self._let_write()
        self._has_committed.set()

    def _roll_back(self) -> None:
        """Ends the transaction, if there is one: SQLite ends some by itself."""
        if self._connection.in_transaction:
            with suppress(apsw.Error):  # the failure that led here is the one to tell
                self._connection.execute("ROLLBACK")
        self._let_write()
        self._memory.clear()
        self._session = self._new_session()

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
        trouble = _TROUBLES.get(type(error))
        if trouble:
            return StoreError(f"nothing was stored: the database {self._path} {trouble}, and try again")
        return StoreError(otherwise) if otherwise else error

    def close(self) -> None:
        self._settle()
        self._is_closing.set()
        self._has_committed.set()
        if self._checkpointer:
            self._checkpointer.join()
        self._connection.close()

    def _new_session(self) -> SqliteSession:
        return SqliteSession(self._connection.cursor(), self._memory)

    def _connect(self, timeout: int = _LOCK_MILLISECONDS) -> apsw.Connection:
        """`timeout`: for how long it waits for another program's lock."""
        connection = apsw.Connection(str(self._path or ":memory:"))
        connection.set_busy_timeout(timeout)
        # Else a statement is planned anew for each value that it is given.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        if self._path:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_MOST_LOG_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection

    def _check_version(self) -> None:
        """Refuses a file that is not ours before anything is written to it."""
        if self._path is None or not self._path.exists():
            return
        with closing(apsw.Connection(str(self._path))) as connection:
            if _is_empty(connection):
                return
            version = connection.execute("PRAGMA user_version").get
        if version != SCHEMA_VERSION:
            raise UsageError(
                f"the database {self._path} has version {version}, this program writes version"
                f" {SCHEMA_VERSION}; name another file, or delete this one"
            )

    def _prepare(self) -> None:
        if _is_empty(self._connection):
            with self.transaction():
                for text in SQLITE:
                    self._connection.execute(text)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _checkpoint(self) -> None:
        """Moves committed pages into the file, off the path of calls."""
        connection = self._connect(timeout=0)
        while True:
            self._has_committed.wait()
            if self._is_closing.wait(_CHECKPOINT_SECONDS):
                break
            self._has_committed.clear()
            with suppress(apsw.Error):  # a full disk: the pages stay where they are until the next time
                if _move_pages(connection) < _LONG_LOG_PAGES:
                    continue
                # Each round takes what came during the one before; what is left is quick to sync, while all calls wait.
                for _ in range(_ROUNDS):
                    _move_pages(connection)
                with self._writing:
                    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        connection.close()


def _move_pages(connection: apsw.Connection) -> int:
    """Moves what is committed from the log into the file, while calls go on; how many pages the log holds."""
    pages, _ = connection.wal_checkpoint()
    return pages


def _is_empty(connection: apsw.Connection) -> bool:
    return not connection.execute("SELECT COUNT(*) FROM sqlite_master").get
