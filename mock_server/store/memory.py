"""What was read from tables that rarely change, kept until one of them does."""

from typing import Any

Found = list[tuple[Any, ...]]

_MOST_KEPT = 1024
_LONGEST_KEPT = 4096
"""In characters. What clients name may be long, and theirs is the choice of it."""


class Memory:
    """Rows by the statement that found them and its values.

    It is right as long as it hears of every change: of a table's, and of each time that changes are taken back.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], Found] = {}
        self._tables: set[str] = set()

    def get(self, key: tuple[Any, ...]) -> Found | None:
        return self._found.get(key)

    def keep(self, key: tuple[Any, ...], tables: frozenset[str], found: Found) -> None:
        """`tables`: those that `found` was read from."""
        if len(repr(key)) + len(repr(found)) <= _LONGEST_KEPT:
            if len(self._found) >= _MOST_KEPT:
                self.clear()
            self._found[key] = found
            self._tables |= tables

    def hear(self, changed: frozenset[str]) -> None:
        """Rows of these tables may be others now."""
        if not self._tables.isdisjoint(changed):
            self.clear()

    def clear(self) -> None:
        self._found.clear()
        self._tables.clear()
