"""The rows of one table, within the session's integration."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson

from mock_server.store.database import Session, Statement
from mock_server.store.schema import TABLES

Row = dict[str, Any]
"""A row by column name; JSON and booleans are Python values."""

IN_SCOPE = "account_id = :account_id AND integration_id = :integration_id"
"""The condition that a row is the session's integration's."""
_SCOPE = ("number", "account_id", "integration_id")
_UPDATES_KEPT = 512
"""For how many sets of columns the update is kept."""


class Rows:
    """Finds rows by the columns of `key`, and writes them; `hidden` columns are no fields of the API."""

    def __init__(self, table: str, *key: str, hidden: tuple[str, ...] = ()) -> None:
        described = TABLES[table]
        self.table = table
        self.columns = described.columns
        self._json = described.json
        self._flags = described.flags
        self._hidden = (*_SCOPE, *hidden)
        self._key = key
        written = [name for name in self.columns if name != "number"]
        self._defaults = {name: described.defaults[name] for name in written}
        self.select = f"SELECT * FROM {table}"
        self._find = self.where(" AND ".join(f"{name} = :{name}" for name in key))
        self._insert = Statement(inserting(table, written), postgres="RETURNING number")
        self._update = lru_cache(_UPDATES_KEPT)(self._make_update)
        self._delete = Statement(f"DELETE FROM {table} WHERE number = :number")
        self._page = Statement(
            f"{self.select} WHERE account_id = :account AND {only('integration_id')}"
            " AND number > :after ORDER BY number LIMIT :limit"
        )

    def where(self, condition: str) -> Statement:
        """Selects the integration's rows that fit the condition, oldest first."""
        return Statement(f"{self.select} WHERE {IN_SCOPE} AND ({condition}) ORDER BY number")

    def find(self, session: Session, *key: Any) -> Row | None:
        return self.first(session, self._find, **dict(zip(self._key, key, strict=True)))

    def first(self, session: Session, statement: Statement, **values: Any) -> Row | None:
        found = session.one(statement, **values)
        return None if found is None else self._decode(found)

    def all(self, session: Session, statement: Statement, **values: Any) -> list[Row]:
        return [self._decode(found) for found in session.all(statement, **values)]

    def page(self, session: Session, account_id: str, integration_id: str | None, after: int, limit: int) -> list[Row]:
        """At most `limit` rows of an account with a `number` over `after`."""
        found = session.all(self._page, account=account_id, integration_id=integration_id, after=after, limit=limit)
        return [self._decode(row) for row in found]

    def present(self, row: Row) -> dict[str, Any]:
        """The row under the API's field names."""
        shown = row.copy()
        for name in self._hidden:
            del shown[name]
        return shown

    def put(self, session: Session, before: Row | None, after: Row) -> Row:
        """Inserts `after`, or updates the row `before` to it when they differ; the row as it is then.

        Columns that `after` leaves out stay as they were, or have their default in a new row.
        """
        if before is None:
            row = {**self._defaults, **after, **session.scope}
            row["number"] = session.insert(self._insert, self._encode(row))
            return row
        changed = {name: value for name, value in after.items() if value != before[name]}
        if not changed:
            return before
        session.run(self._update(tuple(changed)), number=before["number"], **self._encode(changed))
        return before | changed

    def add_many(self, session: Session, rows: Iterable[Row]) -> None:
        """Inserts rows that are new, in their order; columns that they leave out have their default."""
        blank = {**self._defaults, **session.scope}
        session.run_many(self._insert, (self._encode(blank | row) for row in rows))

    def delete(self, session: Session, rows: Iterable[Row]) -> None:
        for row in rows:
            session.run(self._delete, number=row["number"])

    def _decode(self, found: tuple[Any, ...]) -> Row:
        row = dict(zip(self.columns, found, strict=True))
        for name in self._json:
            row[name] = orjson.loads(row[name])
        for name in self._flags:
            row[name] = bool(row[name])
        return row

    def _encode(self, row: Row) -> Row:
        encoded = row.copy()
        for name in self._json:
            if name in encoded:
                encoded[name] = orjson.dumps(encoded[name]).decode()
        return encoded

    def _make_update(self, names: tuple[str, ...]) -> Statement:
        return Statement(f"UPDATE {self.table} SET {assigning(names)} WHERE number = :number")


def only(name: str) -> str:
    """The condition that a column has the value of its name, where one is given."""
    # PostgreSQL takes a value's type from the first place where it has one.
    return f"({name} = :{name} OR :{name} IS NULL)"


def inserting(table: str, columns: Sequence[str]) -> str:
    """The text of a statement that inserts a row."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"


def assigning(columns: Iterable[str]) -> str:
    """What follows SET in a statement that updates a row."""
    return ", ".join(f"{name} = :{name}" for name in columns)
