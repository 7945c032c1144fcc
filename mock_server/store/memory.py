"""What was found in tables that rarely change, kept until one of them does."""

from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")

_MOST_KEPT = 1024
_LONGEST_KEPT = 4096
"""In characters. What clients name may be long, and theirs is the choice of it."""


class Memory:
    """`found`: what was found, by what was asked.

    It is right as long as it hears of every statement, and of each time that changes are taken back.
    """

    def __init__(self) -> None:
        self.found: dict[tuple[Any, ...], Any] = {}
        self._tables: set[str] = set()
        self._forgotten = 0
        self.is_learning = False

    def learn(self, key: tuple[Any, ...], find: Callable[[], Found]) -> Found:
        """Keeps what `find` finds, unless it changed something."""
        forgotten, outer = self._forgotten, self.is_learning
        self.is_learning = True
        try:
            found = find()
        finally:
            self.is_learning = outer
        if self._forgotten == forgotten and len(repr(key)) + len(repr(found)) <= _LONGEST_KEPT:
            if len(self.found) >= _MOST_KEPT:
                self.found.clear()
            self.found[key] = found
        return found

    def hear_read(self, tables: frozenset[str]) -> None:
        """What is being learnt reads these tables."""
        self._tables |= tables

    def hear_change(self, tables: frozenset[str]) -> None:
        """A statement changes these tables."""
        if self.is_learning or not self._tables.isdisjoint(tables):
            self.clear()

    def clear(self) -> None:
        self.found.clear()
        self._tables.clear()
        self._forgotten += 1
