"""Query results of tables that rarely change, kept until one of them is written to."""

from typing import Any

_MAX_ENTRIES = 1024
# Of key and value together, as text: clients choose how long the names are that they send.
_MAX_ENTRY_LENGTH = 4096


class QueryCache(dict[tuple[Any, ...], Any]):
    """Results by what was asked.

    Whoever writes to the tables of accounts, integrations or tags clears it; so does a rollback.
    """

    def add(self, key: tuple[Any, ...], result: Any) -> None:
        if len(repr(key)) + len(repr(result)) <= _MAX_ENTRY_LENGTH:
            if len(self) >= _MAX_ENTRIES:
                self.clear()
            self[key] = result
