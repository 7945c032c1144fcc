"""The rows of one table, within the session's integration."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson
from pydantic_core import PydanticUndefined
from sqlalchemy import Boolean, ColumnElement, and_, bindparam, delete, insert, or_, select, update

from mock_server.store.database import Session, Statement
from mock_server.store.tables import JSONText, Scoped

Row = dict[str, Any]
"""A row by column name; JSON and booleans are Python values."""

_UPDATES_KEPT = 512
"""For how many sets of columns the compiled update is kept."""


class Rows:
    """Finds rows by the columns of `key`, and writes them; `hidden` columns are no fields of the API."""

    def __init__(self, table: type[Scoped], *key: str, hidden: tuple[str, ...] = ()) -> None:
        columns = table.__table__.columns  # type: ignore[attr-defined]
        self.columns = tuple(columns.keys())
        self._shown = tuple(name for name in self.columns if name not in (*Scoped.model_fields, *hidden))
        self._key = key
        self._json = tuple(name for name, column in columns.items() if isinstance(column.type, JSONText))
        self._flags = tuple(name for name, column in columns.items() if isinstance(column.type, Boolean))
        self._defaults = {name: _default(table, name) for name in self.columns if name != "number"}
        self._select = select(*columns)
        self._table = table
        self._columns = columns
        written: dict[str, Any] = {name: bindparam(name) for name in self.columns if name != "number"}
        self._find = self.statement(*key)
        self._insert = Statement(insert(table).values(written))
        self._update = lru_cache(_UPDATES_KEPT)(self._make_update)
        self._delete = Statement(delete(table).where(columns["number"] == bindparam("number_")))
        wanted: Any = bindparam("integration", type_=columns["integration_id"].type)
        self._page = Statement(
            self._select.where(
                columns["account_id"] == bindparam("account"),
                or_(wanted.is_(None), columns["integration_id"] == wanted),
                columns["number"] > bindparam("after"),
            )
            .order_by(columns["number"])
            .limit(bindparam("limit"))
        )

    def statement(self, *columns: str) -> Statement:
        """Selects the integration's rows whose `columns` have the given values, oldest first."""
        return self.where(and_(*(self._columns[name] == bindparam(name) for name in columns)))

    def where(self, *any_of: ColumnElement[bool]) -> Statement:
        """Selects the integration's rows that fit any of the conditions, oldest first."""
        within = [self._columns[name] == bindparam(name) for name in ("account_id", "integration_id")]
        return Statement(self._select.where(*within, or_(*any_of)).order_by(self._columns["number"]))

    def find(self, session: Session, *key: Any) -> Row | None:
        return self.first(session, self._find, **dict(zip(self._key, key, strict=True)))

    def first(self, session: Session, statement: Statement, **values: Any) -> Row | None:
        found = session.one(statement, **values)
        return None if found is None else self._decode(found)

    def all(self, session: Session, statement: Statement, **values: Any) -> list[Row]:
        return [self._decode(found) for found in session.all(statement, **values)]

    def page(self, session: Session, account_id: str, integration_id: str | None, after: int, limit: int) -> list[Row]:
        """At most `limit` rows of an account with a `number` over `after`."""
        found = session.all(self._page, account=account_id, integration=integration_id, after=after, limit=limit)
        return [self._decode(row) for row in found]

    def present(self, row: Row) -> dict[str, Any]:
        """The row under the API's field names."""
        return {name: row[name] for name in self._shown}

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
        session.run(self._update(tuple(changed)), number_=before["number"], **self._encode(changed))
        return before | changed

    def add_many(self, session: Session, rows: Iterable[Row]) -> None:
        """Inserts rows that are new, in their order; columns that they leave out have their default."""
        blank = {**self._defaults, **session.scope}
        session.run_many(self._insert, (self._encode(blank | row) for row in rows))

    def delete(self, session: Session, rows: Iterable[Row]) -> None:
        for row in rows:
            session.run(self._delete, number_=row["number"])

    def _decode(self, found: tuple[Any, ...]) -> Row:
        row = dict(zip(self.columns, found, strict=True))
        for name in self._json:
            row[name] = orjson.loads(row[name])
        for name in self._flags:
            row[name] = bool(row[name])
        return row

    def _encode(self, row: Row) -> Row:
        return {**row, **{name: orjson.dumps(row[name]).decode() for name in self._json if name in row}}

    def _make_update(self, names: tuple[str, ...]) -> Statement:
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        return Statement(update(self._table).where(self._columns["number"] == bindparam("number_")).values(values))


def _default(table: type[Scoped], name: str) -> Any:
    default = table.model_fields[name].default
    return None if default is PydanticUndefined else default
