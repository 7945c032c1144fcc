"""A database: transactions in SQLite, or in PostgreSQL."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeVar

from mock_server.errors import UsageError
from mock_server.store.batch import CommitBatch, carry_out, resolve
from mock_server.store.lanes import Lanes
from mock_server.store.pool import Pool
from mock_server.store.session import Connection, Session

Made = TypeVar("Made")
_POSTGRES = re.compile(r"postgres(ql)?(\+psycopg)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Committed(Generic[Made]):
    """The result of a committed transaction. Only a database creates one."""

    value: Made


class Database(ABC):
    """Transactions. They raise StoreError when the database fails; nothing of them is stored then."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Session]:
        """Commit when the block ends, roll back when it raises.

        The block must not await, and the thread waits for the database: this is for what comes before calls are served.
        """

    @abstractmethod
    def transact(self, work: Callable[[Session], Made], account_id: str | None = None) -> "asyncio.Future[Made]":
        """Do the work in a transaction; return its future result. Called in the event loop.

        `account_id`: the account that it locks, whose other calls come before or after it; None for none.
        """

    @abstractmethod
    async def commit(self, work: Callable[[Session], Made], account_id: str) -> Committed[Made]:
        """Do the work of an API call in a transaction, which calls that come together share.

        It may be done twice, where another call of its transaction fails. Raises what `work` raises, too.
        """

    def check_room(self, processes: int) -> None:  # noqa: B027 a file takes any number
        """Raise UsageError where so many processes cannot have a connection each."""

    @abstractmethod
    def close(self) -> None: ...


class SqliteDatabase(Database):
    """Transactions over one connection, in the thread of the event loop."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._batch = CommitBatch(connection)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self._batch.carry_out()
        with self.connection.transaction() as session:
            yield session

    def transact(self, work: Callable[[Session], Made], account_id: str | None = None) -> "asyncio.Future[Made]":  # noqa: ARG002 all wait for the file
        self._batch.carry_out()
        future: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        resolve([(work, future)], carry_out(self.connection, [work]))
        return future

    async def commit(self, work: Callable[[Session], Made], account_id: str) -> Committed[Made]:  # noqa: ARG002
        return Committed(await self._batch.add(work))

    def close(self) -> None:
        self._batch.carry_out()
        self.connection.close()


class PostgresDatabase(Database):
    """Transactions in threads: calls of different accounts do not wait for each other, nor the event loop for any."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lanes = Lanes(pool)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with self._pool.connection() as connection, connection.transaction() as session:
            yield session

    def transact(self, work: Callable[[Session], Made], account_id: str | None = None) -> "asyncio.Future[Made]":
        return self._lanes.add(work, account_id)

    async def commit(self, work: Callable[[Session], Made], account_id: str) -> Committed[Made]:
        return Committed(await self._lanes.add(work, account_id))

    def check_room(self, processes: int) -> None:
        self._pool.check_room(processes)

    def close(self) -> None:
        self._lanes.close()
        self._pool.close()


def open_database(location: str = "") -> Database:
    """Open the database of a URL such as `postgresql://…`, of a file, or, for an empty text, in memory.

    Raises UsageError when it cannot be used.
    """
    scheme, has_scheme, _ = location.partition("://")
    if has_scheme and _POSTGRES.fullmatch(scheme):
        if find_spec("psycopg") is None:
            raise UsageError("PostgreSQL needs a driver: pip install 'segmetrics-mock[postgres]'")
        from mock_server.store.postgres import open_pool

        return PostgresDatabase(open_pool(location))
    if has_scheme and scheme.isascii() and scheme.replace("+", "").isalnum():
        raise UsageError(f"--database begins with {scheme}://; name an SQLite file, or a postgresql:// URL")
    from mock_server.store.sqlite import SqliteConnection

    return SqliteDatabase(SqliteConnection(Path(location) if location else None))
