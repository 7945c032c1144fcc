"""One SQLite database on one connection, used from one thread, one transaction at a time.

Statements are written with SQLAlchemy over the tables, compiled to text once, and run on the driver's
connection: a tenth of an ORM session's cost.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, Index, Table
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from mock_server.errors import UsageError
from mock_server.store.tables import Stored

SCHEMA_VERSION = 1
"""Raised whenever a table changes; a file of another version is refused."""

_DIALECT = sqlite_dialect(paramstyle="named")
_CACHE_KIB = 8192
_CHECKPOINT_SECONDS = 1.0


class Statement:
    """A SQLAlchemy statement, compiled once; its bind parameters are named."""

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        self.text = str(compiled)
        self.constants = {name: value for name, value in compiled.params.items() if value is not None}


class Session:
    """A transaction under way. `within` binds it to an integration, whose ids then fill every statement."""

    def __init__(self, connection: sqlite3.Connection, scope: dict[str, str] | None = None) -> None:
        self._connection = connection
        self.scope = scope or {}

    def within(self, account_id: str, integration_id: str) -> "Session":
        """The same transaction, for the rows of one integration."""
        return Session(self._connection, {"account_id": account_id, "integration_id": integration_id})

    def all(self, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
        return self._run(statement, values).fetchall()

    def one(self, statement: Statement, **values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._run(statement, values).fetchone()
        return row

    def run(self, statement: Statement, **values: Any) -> int:
        """How many rows it changed."""
        return self._run(statement, values).rowcount

    def run_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Runs a statement that needs no more than the row's values, once a row, at the driver's full speed."""
        self._connection.executemany(statement.text, rows)

    def _run(self, statement: Statement, values: Mapping[str, Any]) -> sqlite3.Cursor:
        return self._connection.execute(statement.text, {**statement.constants, **self.scope, **values})


class Database:
    """A database in memory, or in the file `path`, which is made when it does not exist.

    Raises UsageError when the file cannot be opened or is of another version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        try:
            self._check_version()
            self._connection = self._connect()
            self._prepare()
        except sqlite3.Error as error:
            raise UsageError(f"the database {path} cannot be used: {error}") from error
        self._closing = threading.Event()
        self._checkpointer = threading.Thread(target=self._checkpoint, daemon=True) if path else None
        if self._checkpointer:
            self._checkpointer.start()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Committed when the block ends, rolled back when it raises.

        The block must not wait for anything: it runs on the event loop's thread, alone.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield Session(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._closing.set()
        if self._checkpointer:
            self._checkpointer.join()
        self._connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path or ":memory:", isolation_level=None, check_same_thread=False)
        if self._path:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
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
                for text in _schema():
                    self._connection.execute(text)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _checkpoint(self) -> None:
        """Moves committed pages into the file now and then, off the path of requests."""
        connection = self._connect()
        while not self._closing.wait(_CHECKPOINT_SECONDS):
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        connection.close()


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _schema() -> Iterator[str]:
    for table in Stored.metadata.sorted_tables:
        yield _create(CreateTable(table))
        yield from (_create(CreateIndex(index)) for index in _indexes(table))


def _indexes(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _create(element: CreateTable | CreateIndex) -> str:
    return str(element.compile(dialect=_DIALECT))
