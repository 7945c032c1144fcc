"""Random choices from a seed: the same on every machine, and independent for each kind of data.

Logarithms and sines are not used, since their last digit differs between the mathematics libraries of machines.
"""

import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any, Generic, TypeVar

DAY_SECONDS = 86_400

Value = TypeVar("Value")
Entry = TypeVar("Entry", bound=Mapping[str, Any])


class SeededRandom:
    """Random choices for one kind of data. Instants are seconds relative to the start of today, in UTC."""

    def __init__(self, seed: int, kind: str, today: date) -> None:
        self.fraction = random.Random(f"{seed}/{kind}").random
        self.today = today
        self._start = datetime(today.year, today.month, today.day, tzinfo=UTC)

    def below(self, end: int) -> int:
        """Return a whole number from 0, below `end`."""
        return int(self.fraction() * end)

    def between(self, first: int, last: int) -> int:
        """Return a whole number from `first` to `last`."""
        return first + int(self.fraction() * (last + 1 - first))

    def choice(self, values: Sequence[Value]) -> Value:
        return values[int(self.fraction() * len(values))]

    def instant(self, second: int) -> str:
        return (self._start + timedelta(seconds=second)).isoformat()

    def day(self, number: int) -> str:
        return (self.today + timedelta(days=number)).isoformat()

    def months_after(self, start: int, months: int) -> int:
        """Return the second that is some months after the second `start`; days after the 28th become the 28th."""
        moment = self._start + timedelta(seconds=start)
        year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
        moved = moment.replace(year=year, month=month + 1, day=min(moment.day, 28))
        return int((moved - self._start).total_seconds())


class Weighted(Generic[Entry]):
    """Entries of a recipe, chosen by their `weight`; without one it is 1."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._ends = list(accumulate(entry.get("weight", 1) for entry in entries))

    def choose(self, random: SeededRandom) -> int:
        """Return the index of an entry."""
        return min(bisect(self._ends, random.fraction() * self._ends[-1]), len(self._ends) - 1)
