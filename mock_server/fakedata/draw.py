"""Drawing from a seed: the same draws on every machine, and each noun apart from the others.

Nothing here asks the machine's mathematics for logarithms or sines, whose last digit differs between libraries.
"""

import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any

DAY_SECONDS = 86_400


class Draw:
    """The draws for one noun. Instants are seconds before or after the start of today, in UTC."""

    def __init__(self, seed: int, noun: str, today: date) -> None:
        self.share = random.Random(f"{seed}/{noun}").random
        self.today = today
        self._start = datetime(today.year, today.month, today.day, tzinfo=UTC)

    def below(self, end: int) -> int:
        """A whole number from 0, under `end`."""
        return int(self.share() * end)

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self.share() * (most + 1 - least))

    def one(self, values: Sequence[Any]) -> Any:
        return values[int(self.share() * len(values))]

    def instant(self, second: int) -> str:
        return (self._start + timedelta(seconds=second)).isoformat()

    def day(self, number: int) -> str:
        return (self.today + timedelta(days=number)).isoformat()

    def second_after(self, start: int, months: int) -> int:
        """The second that is some months after `start`; after the 28th it is the 28th."""
        moment = self._start + timedelta(seconds=start)
        year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
        moved = moment.replace(year=year, month=month + 1, day=min(moment.day, 28))
        return int((moved - self._start).total_seconds())


class Weighted:
    """Entries of a recipe, drawn by their `weight`; one without counts 1."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.entries = entries
        self._ends = list(accumulate(entry.get("weight", 1) for entry in entries))

    def draw(self, draw: Draw) -> int:
        """The place of an entry."""
        return min(bisect(self._ends, draw.share() * self._ends[-1]), len(self._ends) - 1)
