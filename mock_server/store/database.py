"""A database: transactions over it, and statements in them.

Statements are written with SQLAlchemy over the tables, compiled to text once for a dialect, and run on the driver's
connection: a tenth of an ORM session's cost.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Index, Table, UpdateBase
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import visitors

from mock_server.errors import UsageError
from mock_server.store.memory import Memory
from mock_server.store.tables import Stored

SCHEMA_VERSION = 1
"""Raised whenever a table changes; a database of another version is refused."""

Compiled = tuple[str, Mapping[str, Any]]


class Statement:
    """A SQLAlchemy statement; its bind parameters are named. `tables`: those that it reads or changes."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, Compiled] = {}
        self.tables = frozenset(part.name for part in visitors.iterate(statement) if isinstance(part, Table))
        self.is_change = isinstance(statement, UpdateBase)

    def compiled(self, dialect: Dialect) -> Compiled:
        """Its text, and the values that it always has."""
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect)
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            found = self._compiled[dialect.name] = str(compiled), constants
        return found


class Session:
    """A transaction under way. `within` binds it to an integration, whose ids then fill every statement.

    `connection`: the driver's own, `sqlite3` or psycopg. `memory`: of what no one else can have changed meanwhile.
    """

    def __init__(self, connection: Any, dialect: Dialect, memory: Memory, scope: dict[str, str] | None = None) -> None:
        self._connection = connection
        self._dialect = dialect
        self._memory = memory
        self.scope = scope or {}
        self._is_marked = False

    def within(self, account_id: str, integration_id: str) -> "Session":
        """The same transaction, for the rows of one integration."""
        scope = {"account_id": account_id, "integration_id": integration_id}
        return type(self)(self._connection, self._dialect, self._memory, scope)

    def mark(self) -> None:
        """Sets the place that `undo` goes back to. What was locked before it stays locked then."""
        self._connection.execute("SAVEPOINT mark")
        self._is_marked = True

    def undo(self) -> None:
        """Takes back what was written since `mark`; the transaction goes on."""
        if self._is_marked:
            self._connection.execute("ROLLBACK TO mark")
            self._memory.clear()

    def release(self) -> None:
        """Forgets the mark, and keeps what was written."""
        if self._is_marked:
            self._is_marked = False
            self._connection.execute("RELEASE mark")

    def all(self, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._run(statement, values).fetchall()
        return found

    def recall(self, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
        """The same as `all`, from memory where the tables that are read did not change since."""
        key = (statement, *self.scope.values(), *values.values())
        found = self._memory.get(key)
        if found is None:
            found = self.all(statement, **values)
            self._memory.keep(key, statement.tables, found)
        return found

    def one(self, statement: Statement, **values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._run(statement, values).fetchone()
        return row

    def run(self, statement: Statement, **values: Any) -> int:
        """How many rows it changed."""
        changed: int = self._run(statement, values).rowcount
        return changed

    def run_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Runs a statement that needs no more than the row's values, once a row, at the driver's full speed."""
        self._memory.hear(statement.tables)
        self._connection.cursor().executemany(statement.compiled(self._dialect)[0], rows)

    def _run(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        if statement.is_change:
            self._memory.hear(statement.tables)
        text, constants = statement.compiled(self._dialect)
        return self._connection.execute(text, {**constants, **self.scope, **values})


class Database(ABC):
    """One connection, used from one thread."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Session]:
        """Committed when the block ends, rolled back when it raises.

        The block must not wait for anything: it runs on the event loop's thread, alone.
        Raises StoreError when the database fails.
        """

    def call(self) -> AbstractContextManager[Session]:
        """The same for one call of the API, on an event loop; it is not committed before `settled`.

        When the block raises, only what it wrote since its session's `mark` is sure to be taken back.
        """
        return self.transaction()

    async def settled(self) -> None:  # noqa: B027  # nothing to wait for where each call is committed at its end
        """Returns when the last `call` is committed. Raises StoreError when it could not be."""

    @abstractmethod
    def close(self) -> None: ...


def open_database(where: str) -> Database:
    """The database of a URL such as `postgresql+psycopg://…`, of a file's path, or, for an empty text, in memory.

    Raises UsageError when it cannot be used.
    """
    if where.startswith(("postgresql:", "postgresql+psycopg:")):
        if find_spec("psycopg") is None:
            raise UsageError("PostgreSQL needs a driver: pip install 'segmetrics-mock[postgres]'")
        from mock_server.store.postgres import PostgresDatabase

        return PostgresDatabase(where)
    from mock_server.store.sqlite import SqliteDatabase

    return SqliteDatabase(Path(where) if where else None)


def schema(dialect: Dialect) -> Iterator[str]:
    """The statements that make all tables and indexes."""
    for table in Stored.metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect))
        yield from (str(CreateIndex(index).compile(dialect=dialect)) for index in _indexes(table))


def _indexes(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))
