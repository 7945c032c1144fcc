"""A PostgreSQL database, which any number of servers may share.

What SQLite holds for the whole file, the row of an account holds here: a call that writes has it locked until it is
committed, so that the calls of one account come one after the other, whichever server they came to.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from mock_server.errors import StoreError, UsageError
from mock_server.store.database import SCHEMA_VERSION, Database, Session, Statement
from mock_server.store.memory import Memory
from mock_server.store.schema import TABLES

_CONNECT_SECONDS = 10
_LOCK_SECONDS = 30
_MARK = "segmetrics_mock"
"""The table that tells the version of ours."""
_NUL, _SHOWN_NUL = "\0", "\ufffd"
"""PostgreSQL's texts hold any character but this one."""


class PostgresSession(Session):
    def insert(self, statement: Statement, values: Mapping[str, Any]) -> int:
        number: int = self._execute(statement, values).fetchone()[0]
        return number

    def run(self, statement: Statement, **values: Any) -> int:
        changed: int = self._execute(statement, {**self.scope, **values}).rowcount
        return changed

    def run_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        self._heed(statement)
        self._cursor.executemany(statement.by_name, map(_without_nul, rows))

    def _execute(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        self._heed(statement)
        return self._cursor.execute(statement.by_name, _without_nul(values))


class PostgresDatabase(Database):
    """The database of a URL such as `postgresql+psycopg://user:password@host/name`; our tables are made there.

    Raises UsageError when it cannot be used, or holds tables of another version or program.
    """

    def __init__(self, url: str) -> None:
        self._begun = 0
        """How many transactions."""
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        try:
            self._connection = self._connect()
            self._prepare()
        except psycopg.Error as error:
            raise UsageError(
                f"the PostgreSQL database cannot be used: {_first_line(error)}; check --database"
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        try:
            if self._connection.closed:
                self._connection = self._connect()
            self._begun += 1
            if self._begun.bit_count() == 1:
                # What was planned for tables that were almost empty reads all of them. So plan anew as they grow.
                self._connection.execute("DISCARD PLANS")
            self._connection.execute("BEGIN")
            session = PostgresSession(self._connection.cursor(), Memory())
            yield session
            session.finish()
            self._connection.execute("COMMIT")
        except BaseException as error:
            if not self._connection.closed and self._connection.info.transaction_status != TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")
            if isinstance(error, psycopg.OperationalError):
                text = f"nothing was stored: the PostgreSQL database failed: {_first_line(error)}"
                raise StoreError(f"{text}; look after it, and try again") from error
            raise

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS)
        connection.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
        # As with SQLite's log: what was answered survives the end of any process of ours, not that of the machine.
        connection.execute("SET synchronous_commit = off")
        return connection

    def _prepare(self) -> None:
        """Makes the tables where there are none; one server does, the others wait for it."""
        with self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_MARK])
            if not self._has(_MARK):
                self._make()
            (version,) = self._connection.execute(f"SELECT version FROM {_MARK}").fetchone() or (None,)
        if version != SCHEMA_VERSION:
            raise UsageError(
                f"the PostgreSQL database has version {version}, this program writes version {SCHEMA_VERSION};"
                " name another database or schema, or drop this one's tables"
            )

    def _make(self) -> None:
        if taken := [name for name in TABLES if self._has(name)]:
            raise UsageError(
                f"the PostgreSQL database has a table '{taken[0]}' of another program; name a database or schema of"
                " our own, such as …?options=-csearch_path%3Dsegmetrics"
            )
        from sqlalchemy.dialects.postgresql import dialect

        from mock_server.store.tables import statements

        for text in statements(dialect()):  # type: ignore[no-untyped-call]
            self._connection.execute(text.encode())
        self._connection.execute(f"CREATE TABLE {_MARK} (version INTEGER)")
        self._connection.execute(f"INSERT INTO {_MARK} VALUES (%s)", [SCHEMA_VERSION])

    def _has(self, table: str) -> bool:
        """Whether there is such a table in the schema that ours go to."""
        found = self._connection.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = %s", [table]
        )
        return found.fetchone() is not None


def _without_nul(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        name: value.replace(_NUL, _SHOWN_NUL) if isinstance(value, str) and _NUL in value else value
        for name, value in values.items()
    }


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
