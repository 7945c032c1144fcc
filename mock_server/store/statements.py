"""Statements of SQLAlchemy Core, compiled once per dialect, so that they can run on the driver's own cursor."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Executable, Table, and_, bindparam, or_
from sqlalchemy.sql.compiler import SQLCompiler

Row = tuple[Any, ...]
# By column name.
NamedRow = dict[str, Any]
Parameters = Sequence[Any] | Mapping[str, Any]
Convert = Callable[[Any], Any]


class CompiledStatement:
    """The text of a statement, and how values go into it and come out of it.

    `parameters` raises KeyError for a missing value.
    """

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every Executable has it
        assert isinstance(compiled, SQLCompiler)
        self.text = str(compiled)
        self._literals = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        encoders = {
            name: encode
            for name, bind in compiled.binds.items()
            if (encode := bind.type.dialect_impl(dialect).bind_processor(dialect))
        }
        # The driver takes the values by their place, or by name.
        places = compiled.positiontup
        self._pick = None if places is None else _picker(places)
        self._encoders: list[tuple[Any, Convert]] = [
            (key, encoders[name])
            for key, name in (enumerate(places) if places else zip(encoders, encoders, strict=True))
            if name in encoders
        ]
        columns = getattr(statement, "exported_columns", ())
        self._names = [column.key for column in columns]
        self._decoders: list[tuple[int, str, Convert]] = [
            (place, column.key, decode)
            for place, column in enumerate(columns)
            if (decode := column.type.dialect_impl(dialect).result_processor(dialect, None))
        ]

    def parameters(self, values: Mapping[str, Any]) -> Parameters:
        """Return the values in the form that the driver expects."""
        if self._literals:
            values = {**self._literals, **values}
        if self._pick is None:
            values = dict(values)
            for name, encode in self._encoders:
                values[name] = encode(values[name])
            return values
        if not self._encoders:
            return self._pick(values)
        picked = list(self._pick(values))
        for place, encode in self._encoders:
            picked[place] = encode(picked[place])
        return picked

    def decoded(self, rows: list[Row]) -> list[Row]:
        """Return the rows with each value converted from what the driver gives."""
        return [self._decoded(row) for row in rows] if self._decoders else rows

    def named(self, rows: list[Row]) -> list[NamedRow]:
        """Return the rows by column name, with each value converted from what the driver gives."""
        named = [dict(zip(self._names, row, strict=True)) for row in rows]
        for row in named:
            for _, name, decode in self._decoders:
                row[name] = decode(row[name])
        return named

    def _decoded(self, row: Row) -> Row:
        values = list(row)
        for place, _, decode in self._decoders:
            values[place] = decode(values[place])
        return tuple(values)


class Statements(dict[Executable, CompiledStatement]):
    """Compiled statements by their source; a new one is compiled on first use."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._dialect = dialect

    def __missing__(self, statement: Executable) -> CompiledStatement:
        self[statement] = compiled = CompiledStatement(statement, self._dialect)
        return compiled


def in_scope(table: Table) -> ColumnElement[bool]:
    """Return the condition that a row is of the session's integration."""
    return and_(of_generation(table), table.c.integration_id == bindparam("integration_id"))


def of_generation(table: Table) -> ColumnElement[bool]:
    """Return the condition that a row is of the session's account."""
    return table.c.generation == bindparam("generation")


def if_given(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column has the value `name`, or that this value is None."""
    value = bindparam(name, type_=column.type)
    return or_(value.is_(None), column == value)


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """Return a function that picks the values of `names`, in order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]
