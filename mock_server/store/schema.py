"""The tables as `tables` declares them, worked out ahead: to load SQLModel takes longer than all else of a start.

`schema.json` is written by `python -m mock_server.store.tables`; a test holds it to what the tables say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

SCHEMA_JSON = Path(__file__).with_name("schema.json")


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: in their order. `json`, `flags`: those whose values are JSON texts, or 0 and 1. `defaults`: of all."""

    columns: tuple[str, ...]
    json: tuple[str, ...]
    flags: tuple[str, ...]
    defaults: Mapping[str, Any]


_SCHEMA = orjson.loads(SCHEMA_JSON.read_bytes())
TABLES = {
    name: Table(tuple(table["defaults"]), tuple(table["json"]), tuple(table["flags"]), table["defaults"])
    for name, table in _SCHEMA["tables"].items()
}
"""By name."""
SQLITE: list[str] = _SCHEMA["sqlite"]
"""The statements that make all tables and indexes in SQLite."""
