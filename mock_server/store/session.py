"""A session: statements in an open transaction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import Executable

from mock_server.errors import StoreError
from mock_server.store.cache import QueryCache
from mock_server.store.statements import NamedRow, Row, Statements

Found = TypeVar("Found")
Deferred = Callable[["Session", list[dict[str, Any]]], None]


class Cursor(Protocol):
    """The driver's cursor, as far as it is used here."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, statement: Any, parameters: Any = (), /) -> Any: ...

    def executemany(self, statement: Any, parameters: Any, /) -> Any: ...

    def fetchall(self) -> list[Row]: ...


class Connection(ABC):
    """A driver's connection: how a database begins and ends transactions, and savepoints in them.

    `cache`: cleared by the connection whenever another program may have changed the data.
    """

    cursor: Cursor
    statements: Statements
    cache: QueryCache

    @abstractmethod
    def begin(self) -> None: ...

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def roll_back(self) -> None:
        """End the transaction, if there is one."""

    @abstractmethod
    def set_savepoint(self) -> None: ...

    @abstractmethod
    def release_savepoint(self) -> None: ...

    @abstractmethod
    def roll_back_to_savepoint(self) -> None:
        """Undo what was written since the savepoint, if there is still a transaction."""

    @abstractmethod
    def as_store_error(self, error: BaseException) -> BaseException:
        """Return a StoreError where the database failed, else the error itself."""

    def note_lock(self, account_id: str) -> None:  # noqa: B027 a file is locked as a whole
        """Note that the transaction locks an account.

        Raises StoreError at a second one: transactions that lock several could wait for each other for ever.
        """

    @abstractmethod
    def close(self) -> None: ...

    @contextmanager
    def transaction(self) -> Iterator["Session"]:
        """Commit when the block ends, roll back when it raises.

        Raises StoreError when the database fails.
        """
        with self.raising_store_errors():
            try:
                self.begin()
                session = Session(self)
                yield session
                session.flush()
                self.commit()
            except BaseException:
                self.roll_back()
                raise

    @contextmanager
    def raising_store_errors(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            raised = self.as_store_error(error)
            if raised is error:
                raise
            raise raised from error


class Session:
    """Runs statements in a transaction, each with the values of the scope."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor
        self._statements = connection.statements
        self._cache = connection.cache
        self._deferred: dict[Deferred, list[dict[str, Any]]] = {}
        # The values of every statement, and columns of every new row: `generation`, `integration_id`.
        self.scope: Mapping[str, Any] = {}

    def scoped_to(self, generation: int, integration_id: str = "") -> Self:
        """Return the same session for one account, or one of its integrations."""
        scoped = object.__new__(type(self))
        scoped.__dict__.update(self.__dict__)
        scoped.scope = {"generation": generation, "integration_id": integration_id}
        return scoped

    def all(self, statement: Executable, **values: Any) -> list[Row]:
        compiled = self._statements[statement]
        self._cursor.execute(compiled.text, compiled.parameters({**self.scope, **values}))
        return compiled.decoded(self._cursor.fetchall())

    def rows(self, statement: Executable, **values: Any) -> list[NamedRow]:
        compiled = self._statements[statement]
        self._cursor.execute(compiled.text, compiled.parameters({**self.scope, **values}))
        return compiled.named(self._cursor.fetchall())

    def one(self, statement: Executable, **values: Any) -> Row | None:
        found = self.all(statement, **values)
        return found[0] if found else None

    def value(self, statement: Executable, **values: Any) -> Any:
        """Return the first column of the first row, or None."""
        found = self.one(statement, **values)
        return None if found is None else found[0]

    def run(self, statement: Executable, **values: Any) -> int:
        """Run a statement; return how many rows it changed."""
        compiled = self._statements[statement]
        self._cursor.execute(compiled.text, compiled.parameters({**self.scope, **values}))
        return self._cursor.rowcount

    def insert(self, statement: Executable, row: Mapping[str, Any]) -> int:
        """Insert a row; return its `number`. The values of the scope are not added."""
        compiled = self._statements[statement]
        self._cursor.execute(compiled.text, compiled.parameters(row))
        return int(self._cursor.fetchall()[0][0])

    def run_many(self, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement once for each row of values, without those of the scope."""
        compiled = self._statements[statement]
        self._cursor.executemany(compiled.text, [compiled.parameters(row) for row in rows])

    def savepoint(self) -> AbstractContextManager[None]:
        """Roll back the writes of the block when it raises; the transaction continues.

        Raises StoreError where the database failed.
        """
        return _Savepoint(self._connection)

    def is_store_error(self, error: Exception) -> bool:
        """Return whether the database failed, so that nothing more can be done in this transaction."""
        return isinstance(self._connection.as_store_error(error), StoreError)

    def note_lock(self, account_id: str) -> None:
        """Note that the transaction locks an account. Raises StoreError where it locks another one already."""
        self._connection.note_lock(account_id)

    def cached(self, find: Callable[..., Found], *arguments: Any) -> Found:
        """Return the result of `find(session, *arguments)`, from the cache if possible.

        `find` may only read tables whose writers call `invalidate`; its result must not be modified.
        """
        key = (find, *self.scope.values(), arguments)
        found: Found | None = self._cache.get(key)
        if found is None:
            found = find(self, *arguments)
            self._cache.add(key, found)
        return found

    def invalidate(self) -> None:
        """Clear the cache after a write to accounts, integrations or tags."""
        self._cache.clear()

    def defer(self, write: Deferred, row: dict[str, Any]) -> None:
        """Call `write` at `flush`, with all rows that were deferred for it by then."""
        self._deferred.setdefault(write, []).append(row)

    def flush(self) -> None:
        """Write the deferred rows; needed before they are read, and before the commit."""
        while self._deferred:
            write, rows = self._deferred.popitem()
            write(self, rows)


class _Savepoint(AbstractContextManager[None]):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.set_savepoint()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None:
            self._connection.release_savepoint()
            return
        self._connection.cache.clear()
        with self._connection.raising_store_errors():
            self._connection.roll_back_to_savepoint()
            raise error
