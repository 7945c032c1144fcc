"""A database: transactions over one connection, to SQLite or PostgreSQL."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeVar

from mock_server.errors import UsageError
from mock_server.store.batch import CommitBatch
from mock_server.store.session import Connection, Session

Made = TypeVar("Made")
_POSTGRES = re.compile(r"postgres(ql)?(\+psycopg)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Committed(Generic[Made]):
    """The result of a committed transaction. Only a database creates one."""

    value: Made


class Database:
    """Transactions over one connection, from one thread at a time."""

    def __init__(self, connection: Connection, *, shares_commits: bool) -> None:
        """`shares_commits`: whether API calls that arrive together share a transaction."""
        self.connection = connection
        self._batch = CommitBatch(connection) if shares_commits else None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit when the block ends, roll back when it raises.

        The block must not await: it runs alone, in the thread of the event loop.
        Raises StoreError when the database fails.
        """
        if self._batch:
            self._batch.carry_out()
        with self.connection.transaction() as session:
            yield session

    async def commit(self, work: Callable[[Session], Made]) -> Committed[Made]:
        """Do the work of an API call in a transaction.

        It may be done twice, where another call of its transaction fails.
        Raises StoreError when the database fails, and what `work` raises; nothing of it is stored then.
        """
        if self._batch:
            return Committed(await self._batch.add(work))
        with self.transaction() as session:
            made = work(session)
        return Committed(made)

    def close(self) -> None:
        if self._batch:
            self._batch.carry_out()
        self.connection.close()


def open_database(location: str = "") -> Database:
    """Open the database of a URL such as `postgresql://…`, of a file, or, for an empty text, in memory.

    Raises UsageError when it cannot be used.
    """
    scheme, has_scheme, _ = location.partition("://")
    if has_scheme and _POSTGRES.fullmatch(scheme):
        if find_spec("psycopg") is None:
            raise UsageError("PostgreSQL needs a driver: pip install 'segmetrics-mock[postgres]'")
        from mock_server.store.postgres import PostgresConnection

        return Database(PostgresConnection(location), shares_commits=False)
    if has_scheme and scheme.isascii() and scheme.replace("+", "").isalnum():
        raise UsageError(f"--database begins with {scheme}://; name an SQLite file, or a postgresql:// URL")
    from mock_server.store.sqlite import SqliteConnection

    return Database(SqliteConnection(Path(location) if location else None), shares_commits=True)
