"""SQLite, through the standard library: in memory, or in a file with a write-ahead log."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.dialects import sqlite

from mock_server.errors import StoreError, UnavailableError, UsageError
from mock_server.store.cache import QueryCache
from mock_server.store.database_file import DAMAGED, DatabaseFile, check_file
from mock_server.store.session import Connection, Session
from mock_server.store.statements import Statements
from mock_server.store.tables import Schema, definitions, digest

_log = logging.getLogger("mock_server")
_OLDEST = (3, 35, 0)  # RETURNING
_PAGE_BYTES = 8192
_CACHE_KIB = 8192
_LOCK_SECONDS = 5.0
# How often committed pages are moved from the log into the file.
_CHECKPOINT_SECONDS = 0.1
# How often the file is checked to be still there while nothing is committed.
_FILE_CHECK_SECONDS = 1.0
# 48 MB: beyond this, the log is restarted.
_LONG_LOG_PAGES = 6_000
# Beyond this, a commit moves pages itself while all calls wait, so that the log cannot grow without limit.
_MAX_LOG_PAGES = 2 * _LONG_LOG_PAGES
_CACHED_STATEMENTS = 512
_DIALECT = sqlite.dialect()
# Cause and remedy of a failure, by SQLite's primary result code.
_FAILURES = {
    sqlite3.SQLITE_FULL: "has no space left on its disk; free some",
    sqlite3.SQLITE_IOERR: "cannot be written or read; check its disk: space, quota, write protection",
    sqlite3.SQLITE_READONLY: "may not be written; make the file and its folder writable",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; make the file and its folder readable and writable",
    sqlite3.SQLITE_BUSY: "is locked by another program; stop that program",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
_NOT_IN_PLACE = (
    "was deleted or replaced while it was served; put it back, or restart the server to serve what is there then"
)


class SqliteConnection(Connection):
    """A database in memory, or in the file `path`, which is made when it does not exist.

    Raises UsageError when the file cannot be opened or has other tables, or when SQLite is too old.
    """

    def __init__(self, path: Path | None = None) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            oldest = ".".join(map(str, _OLDEST))
            raise UsageError(f"Python's SQLite is {sqlite3.sqlite_version}; use a Python with SQLite {oldest} or newer")
        self._path = path
        self._file: DatabaseFile | None = None
        self._data_version = -1
        self._checkpointer: _Checkpointer | None = None
        self.cache = QueryCache()
        self.statements = Statements(_DIALECT)
        try:
            if path:
                check_file(path, digest(_DIALECT))
            self._connection = self._connect()
            self.cursor = self._connection.cursor()
            if _is_empty(self._connection):
                self._create_tables()
            if path:
                self._watch(path)
        except sqlite3.Error as error:
            raise UsageError(f"the database {path} cannot be used: {error}") from error

    def begin(self) -> None:
        self.cursor.execute("BEGIN IMMEDIATE")
        if self._file and not self._file.is_in_place():
            raise UnavailableError(f"nothing was stored: the database {self._path} {_NOT_IN_PLACE}, and try again")
        # It changes when another program has written to the file, which none can do between here and the commit.
        (version,) = self.cursor.execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self.cache.clear()
            self._data_version = version

    def commit(self) -> None:
        self.cursor.execute("COMMIT")
        if self._checkpointer:
            self._checkpointer.has_committed.set()

    def roll_back(self) -> None:
        self.cache.clear()
        if self._connection.in_transaction:  # SQLite ends some by itself
            with suppress(sqlite3.Error):  # the original error is raised
                self.cursor.execute("ROLLBACK")

    def set_savepoint(self) -> None:
        self.cursor.execute("SAVEPOINT call")

    def release_savepoint(self) -> None:
        self.cursor.execute("RELEASE call")

    def roll_back_to_savepoint(self) -> None:
        if self._connection.in_transaction:
            self.cursor.execute("ROLLBACK TO call")
            self.cursor.execute("RELEASE call")

    def as_store_error(self, error: BaseException) -> BaseException:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" in str(error):
            code = sqlite3.SQLITE_CORRUPT
        if failure := _FAILURES.get(code):
            kind = UnavailableError if code == sqlite3.SQLITE_BUSY else StoreError
            return kind(f"nothing was stored: the database {self._path} {failure}, and try again")
        return error

    def close(self) -> None:
        if self._checkpointer:
            self._checkpointer.stop()
        self._connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path or ":memory:",
            timeout=_LOCK_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
        )
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if self._path:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_MAX_LOG_PAGES}")
        return connection

    def _watch(self, path: Path) -> None:
        with self.transaction():  # from which on there is a log
            self._file = DatabaseFile(path)
        self._checkpointer = _Checkpointer(self._connect, self._file, f"the database {path} {_NOT_IN_PLACE}")
        self._checkpointer.start()

    def _create_tables(self) -> None:
        self.begin()
        for definition in definitions(_DIALECT):
            self.cursor.execute(definition)
        Session(self).run(insert(Schema).values(digest=digest(_DIALECT)))
        self.commit()


class _Checkpointer(threading.Thread):
    """Moves committed pages from the log into the file: on the path of calls, one in a hundred would wait 50 ms.

    That is the p99 of `python -m benchmarks peers`, 2026-11-26.
    It also logs `loss` when the file is no longer in its place.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], file: DatabaseFile, loss: str) -> None:
        super().__init__(daemon=True)
        self.has_committed = threading.Event()
        self._is_closing = threading.Event()
        self._connect = connect
        self._file = file
        self._loss = loss
        self._was_in_place = True

    def run(self) -> None:
        with closing(self._connect()) as connection:
            while True:
                has_committed = self.has_committed.wait(_FILE_CHECK_SECONDS)
                if self._is_closing.wait(_CHECKPOINT_SECONDS if has_committed else 0):
                    return
                self._check_file()
                if has_committed:
                    self.has_committed.clear()
                    self._checkpoint(connection)

    def _check_file(self) -> None:
        is_in_place = self._file.is_in_place()
        if self._was_in_place and not is_in_place:
            _log.error(self._loss)
        self._was_in_place = is_in_place

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):  # a full disk: the pages stay in the log until the next time
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > _LONG_LOG_PAGES:
                # Few pages have come meanwhile, so all calls wait only briefly.
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    def stop(self) -> None:
        self._is_closing.set()
        self.has_committed.set()
        self.join()


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)
