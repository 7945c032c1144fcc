"""The file of an SQLite database: whose it is, whether it is intact, and whether it is still in its place."""

import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic

from mock_server.errors import UsageError
from mock_server.store.tables import Schema

# The first bytes of every SQLite database.
_MAGIC = b"SQLite format 3\0"
# How long a start may check a large database.
_CHECK_SECONDS = 1.0
# Between two looks at the clock, in instructions of SQLite's machine: about a millisecond.
_CHECK_STEPS = 10_000
_NAMED_TABLES = 3
DAMAGED = "is damaged; replace it with an intact copy and restart the server"


class DatabaseFile:
    """The file that is open now, and its write-ahead log."""

    def __init__(self, path: Path) -> None:
        names = (path, path.with_name(f"{path.name}-wal"))
        self._files = {name: identity for name in names if (identity := _identity(name))}

    def is_in_place(self) -> bool:
        """Return whether both are still found under their names: otherwise what is written to them is lost."""
        return all(_identity(name) == identity for name, identity in self._files.items())


def _identity(name: Path) -> tuple[int, int] | None:
    try:
        status = name.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def check_file(path: Path, digest: str) -> None:
    """Raise UsageError for a file that is not an intact database with our tables, before anything is written to it.

    `digest`: of our tables. A file that does not exist, or has no tables, is made into a database later. A large one is
    checked for a second.
    """
    try:
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            return
        with path.open("rb") as file:
            is_sqlite = file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise UsageError(f"the database {path} cannot be used: {error.strerror}") from error
    if not is_sqlite:
        raise UsageError(f"{path} is not an SQLite database, but some other file; name another one")
    try:
        with closing(sqlite3.connect(path)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if not tables:
                return
            if Schema.__tablename__ not in tables:
                named = ", ".join(tables[:_NAMED_TABLES])
                raise UsageError(f"the database {path} is another program's, with tables such as {named}; name another")
            _check_pages(connection, path)
            (found,) = connection.execute(f"SELECT digest FROM {Schema.__tablename__}").fetchone() or ("",)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _damaged(path, str(error)) from error
        raise
    if found != digest:
        raise UsageError(
            f"the database {path} was made by another version of this program, {found};"
            " name another file, or delete this one if its data is not needed"
        )


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Check the pages, then the indexes, until the time is up."""
    ends = monotonic() + _CHECK_SECONDS
    connection.set_progress_handler(lambda: monotonic() > ends, _CHECK_STEPS)
    try:
        for check in ("quick_check", "integrity_check"):
            (found,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
            if found != "ok":
                raise _damaged(path, found)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    finally:
        connection.set_progress_handler(None, 0)


def _damaged(path: Path, found: str) -> UsageError:
    text = " ".join(found.split())
    return UsageError(f"the database {path} is damaged: {text}; replace it with an intact copy, or name another file")
