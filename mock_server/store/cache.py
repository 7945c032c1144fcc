"""A cache for query results of tables that rarely change; a write to one of them invalidates it."""

from typing import Any

_MAX_ENTRIES = 1024
# Of key and value together, as text: clients can send long names.
_MAX_ENTRY_LENGTH = 4096


class QueryCache(dict[tuple[Any, ...], Any]):
    """Query results by function, scope and arguments.

    It is cleared by every write to the tables of accounts, integrations or tags, and by every rollback.
    """

    def add(self, key: tuple[Any, ...], result: Any) -> None:
        if len(repr(key)) + len(repr(result)) <= _MAX_ENTRY_LENGTH:
            if len(self) >= _MAX_ENTRIES:
                self.clear()
            self[key] = result
