"""PostgreSQL, through psycopg: a database that any number of servers may share.

SQLite locks the whole file; here a call locks the row of its account until it is committed, so that the calls of one
account are serialized, whichever server receives them.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import psycopg as postgresql

from mock_server.errors import StoreError, UnavailableError, UsageError
from mock_server.store.cache import QueryCache
from mock_server.store.impatient import ImpatientConnection
from mock_server.store.pool import Pool
from mock_server.store.session import Connection, Session
from mock_server.store.statements import Statements
from mock_server.store.tables import TABLES, Schema, definitions, digest, table_of

_CONNECT_SECONDS = 5
_TIMEOUTS = {"lock_timeout": "5s", "statement_timeout": "10s"}
# A timeout that the URL has set stays as it is.
_SET_TIMEOUT = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s AND source <> 'client'"
_STATEMENT_SECONDS = "SELECT setting::float / 1000 FROM pg_settings WHERE name = 'statement_timeout'"
# A database that does not respond cannot cancel a statement; it is left alone so much later.
_GRACE_SECONDS = 3
# What to do about a failure; about any other, `_CHECK`.
_REMEDIES: dict[type[psycopg.Error], str] = {
    errors.LockNotAvailable: "another session has locked what the call needs, end it",
    errors.QueryCanceled: "it is overloaded, or a statement was canceled by hand",
}
_CHECK = "check it"
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
_DIGEST = select(table_of(Schema).c.digest)


def open_pool(url: str) -> Pool:
    """Return connections to the database of a URL such as `postgresql://user:password@host/name`.

    Raises UsageError when it cannot be used, or holds tables of another version or program.
    """
    parameters = _parameters_of(url)
    try:
        first = PostgresConnection(parameters)
        first.create_tables()
    except psycopg.Error as error:
        raise UsageError(f"the PostgreSQL database cannot be used: {_first_line(error)}; check --database") from error
    return Pool(first, partial(_connected, parameters))


def _connected(parameters: Mapping[str, Any]) -> "PostgresConnection":
    try:
        return PostgresConnection(parameters)
    except psycopg.Error as error:
        text = f"nothing was stored: no connection to the PostgreSQL database: {_first_line(error)}"
        raise UnavailableError(f"{text}; {_CHECK}, and try again") from error


class PostgresConnection(Connection):
    """A connection to a database that has our tables. Raises psycopg.Error."""

    statements = Statements(_DIALECT)

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._begun = 0
        self._locked: str | None = None
        self.cache = QueryCache()
        self._connect()

    def begin(self) -> None:
        self.cache.clear()  # another server may have written since
        self._locked = None
        if not self._connection.closed:
            try:
                self._begin()
            except psycopg.OperationalError:
                if not self._connection.closed:
                    raise
            else:
                return
        # The database was restarted, or has ended an idle connection. Nothing of the transaction was sent.
        self._connect()
        self._begin()

    def commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            if not self._connection.closed:
                raise
            raise UnavailableError(
                "it is not known whether this was stored: the PostgreSQL database failed during the commit:"
                f" {_first_line(error)}; read what is stored before you try again"
            ) from error

    def roll_back(self) -> None:
        self.cache.clear()
        if not self._connection.closed and self._connection.info.transaction_status != TransactionStatus.IDLE:
            self._connection.execute("ROLLBACK")

    def set_savepoint(self) -> None:
        self._connection.execute("SAVEPOINT call")

    def release_savepoint(self) -> None:
        self._connection.execute("RELEASE call")

    def roll_back_to_savepoint(self) -> None:
        if not self._connection.closed:
            self._connection.execute("ROLLBACK TO call")
            self._connection.execute("RELEASE call")

    def as_store_error(self, error: BaseException) -> BaseException:
        if not isinstance(error, (psycopg.OperationalError, errors.ReadOnlySqlTransaction)):
            return error
        text = f"nothing was stored: the PostgreSQL database failed: {_first_line(error)}"
        return UnavailableError(f"{text}; {_REMEDIES.get(type(error), _CHECK)}, and try again")

    def note_lock(self, account_id: str) -> None:
        if self._locked not in (None, account_id):
            raise StoreError(
                f"nothing was stored: the calls of {self._locked} and {account_id} cannot share a transaction"
            )
        self._locked = account_id

    def close(self) -> None:
        self._connection.close()

    def _begin(self) -> None:
        self._begun += 1
        if self._begun.bit_count() == 1:
            # Plans that were made for almost empty tables read whole tables, so they are discarded as the tables grow.
            self._connection.execute("DISCARD PLANS")
        self._connection.execute("BEGIN")

    def _connect(self) -> None:
        self._connection = ImpatientConnection.connect(**self._parameters, autocommit=True)
        self._connection.adapters.register_dumper(str, _TextDumper)
        for name, timeout in _TIMEOUTS.items():
            self._connection.execute(_SET_TIMEOUT, [timeout, name])
        (seconds,) = self._connection.execute(_STATEMENT_SECONDS).fetchone() or (0,)
        self._connection.patience_seconds = seconds + _GRACE_SECONDS if seconds else None
        self.cursor = self._connection.cursor()

    def create_tables(self) -> None:
        """Create the tables if they are missing; one server does, the others wait for it."""
        with self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [Schema.__tablename__])
            session = Session(self)
            if not self._has(str(Schema.__tablename__)):
                if taken := [table.name for table in TABLES if self._has(table.name)]:
                    raise UsageError(
                        f"the PostgreSQL database has a table '{taken[0]}' of another program; name a database or"
                        " schema of our own, such as …?options=-csearch_path%3Dsegmetrics"
                    )
                for definition in definitions(_DIALECT):
                    self._connection.execute(definition.encode())
                session.run(insert(Schema).values(digest=digest(_DIALECT)))
            found = session.value(_DIGEST)
        if found != digest(_DIALECT):
            raise UsageError(
                f"the PostgreSQL database was made by another version of this program, {found};"
                " name another database or schema, or drop this one's tables"
            )

    def _has(self, table: str) -> bool:
        """Return whether the current schema has such a table."""
        found = self._connection.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = %s", [table]
        )
        return found.fetchone() is not None


def _parameters_of(url: str) -> dict[str, Any]:
    """Return what a URL says about the connection.

    Raises UsageError for a wrong one, without any part that may belong to the password.
    """
    _, _, rest = url.partition("://")
    # As the driver reads it: the first `@` ends user and password, unless a `/` comes before.
    user, _, beyond = rest.partition("@")
    if "@" in beyond or ("/" in user and beyond):
        raise UsageError("--database has an '@' or '/' that is part of a name or password; write it as %40 or %2F")
    try:
        given = conninfo_to_dict(f"postgresql://{rest}")
    except psycopg.ProgrammingError as error:
        found = re.sub('".*"', '"…"', _first_line(error))
        raise UsageError(f"--database is not a valid URL: {found}; percent-encode other characters in it") from None
    return {"connect_timeout": _CONNECT_SECONDS, **given}


class _TextDumper(StrDumperUnknown):
    """Writes texts with NUL, which PostgreSQL does not store, as the replacement character."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
