"""A database: transactions over it, and statements in them, which run on the driver's own cursor."""

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property, partial
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from mock_server.errors import UsageError
from mock_server.store.memory import Memory

SCHEMA_VERSION = 2
"""Raised whenever a table changes; a database of another version is refused."""

Found = TypeVar("Found")

_VALUE = re.compile(r":(\w+)")
_TABLE = re.compile(r"(?:FROM|JOIN|INTO|UPDATE) (\w+)")


class Prepared(NamedTuple):
    """`pick`: the values of `text`, in their order, out of all by name."""

    text: str
    pick: Callable[[Mapping[str, Any]], Any]


class Statement:
    """One statement of SQL that all databases understand, a value in it written as `:name`.

    `postgres`: what PostgreSQL needs at the end of it.
    """

    def __init__(self, text: str, postgres: str = "") -> None:
        self._text = text
        self._postgres = postgres
        self.is_change = not text.startswith("SELECT")

    @cached_property
    def tables(self) -> frozenset[str]:
        """Those that it reads or changes."""
        return frozenset(_TABLE.findall(self._text))

    @cached_property
    def by_place(self) -> Prepared:
        """With `?` for a value, which is quicker to bind than a name."""
        return Prepared(_VALUE.sub("?", self._text), _picker(_VALUE.findall(self._text)))

    @cached_property
    def by_name(self) -> str:
        """With `%(name)s`. By place, a value in two clauses would be two to PostgreSQL, and GROUP BY fail."""
        return _VALUE.sub(r"%(\1)s", f"{self._text} {self._postgres}".rstrip())


def _picker(names: list[str]) -> Callable[[Mapping[str, Any]], Any]:
    """`names`: in the order of their places."""
    if len(names) == 1:
        (only,) = names
        return lambda values: (values[only],)
    return itemgetter(*names) if names else lambda _: ()


class Session(ABC):
    """A transaction under way. `within` binds it to an integration, whose ids then fill every statement.

    `cursor`: the driver's own, for all statements. `memory`: of what no one else can have changed meanwhile.
    """

    def __init__(self, cursor: Any, memory: Memory) -> None:
        self._cursor = cursor
        self._memory = memory
        self.scope: Mapping[str, str] = {}
        self._place: tuple[str, ...] = ()
        """The values of `scope`, as a key has them."""
        self._whole = self
        self._inner: Self | None = None
        self._has_changed = False
        self._is_marked = False
        self._late: dict[Write, list[dict[str, Any]]] = {}

    def within(self, account_id: str, integration_id: str) -> Self:
        """The same transaction, for the rows of one integration. Calls that come together often have the same."""
        if self._inner and self._inner._place == (account_id, integration_id):
            return self._inner
        self._inner = inner = type(self)(self._cursor, self._memory)
        inner.scope = {"account_id": account_id, "integration_id": integration_id}
        inner._place = tuple(inner.scope.values())
        inner._whole = self._whole
        return inner

    def start(self) -> None:
        """A call begins, of which nothing is written yet."""
        self._has_changed = False

    def mark(self) -> None:
        """Lets `undo` take back what is written from here on. It doubles the cost of writing."""
        self._cursor.execute("SAVEPOINT mark")
        self._is_marked = True

    def undo(self) -> None:
        """Takes back what the call wrote; the transaction goes on, and what was locked before `mark` stays locked.

        Raises RuntimeError where the call wrote something without a mark.
        """
        if self._is_marked:
            self._cursor.execute("ROLLBACK TO mark")
            self._memory.clear()
        elif self._has_changed:
            raise RuntimeError("a call was refused when it had already written")
        self._has_changed = False

    def release(self) -> None:
        """Forgets the mark, and keeps what was written."""
        if self._is_marked:
            self._is_marked = False
            self._cursor.execute("RELEASE mark")

    def all(self, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._execute(statement, {**self.scope, **values}).fetchall()
        return found

    def one(self, statement: Statement, **values: Any) -> tuple[Any, ...] | None:
        # All are read: a row that is left would keep the transaction open.
        found: list[tuple[Any, ...]] = self._execute(statement, {**self.scope, **values}).fetchall()
        return found[0] if found else None

    def recall(self, find: Callable[..., Found], *arguments: Any) -> Found:
        """What `find(session, *arguments)` gives, from memory where the tables that it uses did not change since.

        Asked twice, `find` must give the same; and nobody may change what it gave.
        """
        key = (find, self._place, arguments)
        found: Found | None = self._memory.found.get(key)
        if found is None:
            found = self._memory.learn(key, partial(find, self, *arguments))
        return found

    @abstractmethod
    def insert(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """Inserts a row, given whole, into a table with a `number`, and gives that of the row."""

    def write_late(self, write: "Write", row: dict[str, Any]) -> None:
        """Has `write` called when the transaction ends, or at `finish`, with all rows that came for it by then."""
        self._whole._late.setdefault(write, []).append(row)

    def finish(self) -> None:
        """Writes what is late. Whoever reads what was written so calls it first; a commit does."""
        late, self._whole._late = self._whole._late, {}
        for write, rows in late.items():
            write(self, rows)

    @abstractmethod
    def run(self, statement: Statement, **values: Any) -> int:
        """How many rows it changed."""

    @abstractmethod
    def run_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Runs a statement that needs no more than the row's values, once a row, at the driver's full speed."""

    @abstractmethod
    def _execute(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        """The cursor, when the statement ran."""

    def _heed(self, statement: Statement) -> None:
        if statement.is_change:
            self._memory.hear_change(statement.tables)
            self._whole._has_changed = True
        elif self._memory.is_learning:
            self._memory.hear_read(statement.tables)


Write = Callable[[Session, list[dict[str, Any]]], None]
"""Writes rows."""


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

        When the block raises, nothing of it is stored, nor of the calls that share its transaction.
        """
        return self.transaction()

    def settled(self) -> Awaitable[None] | None:
        """What to wait for until the last `call` is committed: it raises StoreError when it could not be.

        None where each is committed at its end.
        """
        return None

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
