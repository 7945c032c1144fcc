"""The rows of one table, within the session's integration."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from pydantic_core import PydanticUndefined
from sqlalchemy import ColumnElement, Executable, Select, bindparam, delete, insert, select, update

from mock_server.store.session import Session
from mock_server.store.statements import if_given, in_scope, of_generation
from mock_server.store.tables import Scoped, table_of

# By column name, with Python values.
Row = dict[str, Any]

_SCOPE = ("number", "generation", "integration_id")
_CACHED_UPDATES = 512


class Rows:
    """Finds rows by the columns of `key`, and writes them; `hidden` columns are not fields of the API."""

    def __init__(self, model: type[Scoped], *key: str, hidden: tuple[str, ...] = ()) -> None:
        self.table = table = table_of(model)
        self.c = table.c
        self.columns = tuple(table.c.keys())
        self.hidden = (*_SCOPE, *hidden)
        self.fields = tuple(name for name in self.columns if name not in self.hidden)
        self._defaults = {
            name: None if field.default is PydanticUndefined else field.default
            for name, field in model.model_fields.items()
            if name != "number"
        }
        self._known = frozenset(self.columns)
        self._find = self.where(*(table.c[name] == bindparam(name) for name in key))
        self._key = key
        values = {name: bindparam(name, type_=table.c[name].type) for name in self._defaults}
        self._insert_many = insert(table).values(values)
        self._insert = self._insert_many.returning(table.c.number)
        self._update = lru_cache(_CACHED_UPDATES)(self._update_of)
        self._delete = delete(table).where(table.c.number == bindparam("row"))
        self._page = (
            select(table)
            .where(of_generation(table), if_given(table.c.integration_id, "only"), table.c.number > bindparam("after"))
            .order_by(table.c.number)
            .limit(bindparam("limit"))
        )

    def where(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """Return the statement for the integration's rows that meet the conditions, oldest first."""
        return select(self.table).where(in_scope(self.table), *conditions).order_by(self.table.c.number)

    def find(self, session: Session, *key: Any) -> Row | None:
        return self.first(session, self._find, **dict(zip(self._key, key, strict=True)))

    def first(self, session: Session, statement: Executable, **values: Any) -> Row | None:
        found = session.rows(statement, **values)
        return found[0] if found else None

    def all(self, session: Session, statement: Executable, **values: Any) -> list[Row]:
        return session.rows(statement, **values)

    def page(self, session: Session, integration_id: str | None, after: int, limit: int) -> list[Row]:
        """Return at most `limit` rows of the session's account with a `number` over `after`."""
        return self.all(session, self._page, only=integration_id, after=after, limit=limit)

    def present(self, row: Row) -> dict[str, Any]:
        """Return the row under the API's field names."""
        shown = row.copy()
        for name in self.hidden:
            del shown[name]
        return shown

    def put(self, session: Session, before: Row | None, after: Mapping[str, Any]) -> Row:
        """Insert `after`, or update the row `before` to it; return the resulting row.

        Columns that `after` does not contain stay as they are, or get their default in a new row.
        Raises ValueError for a column that the table does not have.
        """
        if not self._known.issuperset(after):
            raise ValueError(f"{self.table.name} has no column {sorted(after.keys() - self._known)}")
        if before is None:
            row = {**self._defaults, **after, **session.scope}
            row["number"] = session.insert(self._insert, row)
            return row
        changed = {name: value for name, value in after.items() if _differs(value, before[name])}
        if not changed:
            return before
        session.run(
            self._update(tuple(changed)), row=before["number"], **{f"new_{name}": v for name, v in changed.items()}
        )
        return before | changed

    def delete(self, session: Session, rows: Iterable[Row]) -> None:
        for row in rows:
            session.run(self._delete, row=row["number"])

    def _update_of(self, names: tuple[str, ...]) -> Executable:
        """Return the statement that sets these columns of a row."""
        values = {name: bindparam(f"new_{name}", type_=self.table.c[name].type) for name in names}
        return update(self.table).where(self.table.c.number == bindparam("row")).values(values)


def _differs(value: Any, before: Any) -> bool:
    """Return whether two values differ, or two JSON values that Python calls equal, such as `false` and `0`."""
    if value is before:
        return False
    return value != before or (isinstance(value, dict | list) and orjson.dumps(value) != orjson.dumps(before))
