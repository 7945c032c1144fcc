"""Charts as shapes that a template draws as SVG: stacked bars over time, and a line over them.

The shapes are in a box of 1000 by 100, which the page stretches; texts are outside it, so that they stay legible.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from mock_server.web.dashboard.theme import money as as_money

WIDTH, HEIGHT = 1000, 100
_MAX_BARS = 95
_GAP = 0.2  # between bars, as a share of their width


@dataclass(frozen=True, slots=True)
class Series:
    """Values by day. `colour`: a class of the style sheet."""

    name: str
    colour: str
    days: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.days.values())


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. `top`: the label of its upper edge. `line`: points of an SVG polyline, or empty. `step`: day or week."""

    series: Sequence[Series]
    bars: Sequence[Bar]
    top: str
    middle: str
    labels: Sequence[str]
    step: str
    rows: Sequence[tuple[str, Sequence[str]]]
    line: str = ""
    line_name: str = ""
    totals: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def over_time(
        cls, series: Sequence[Series], first: str, last: str, *, money: bool, line: Series | None = None
    ) -> "Chart":
        """Return bars that stack the series: one per day from `first` to `last`, or per week."""
        starts = _bar_starts(date.fromisoformat(first), date.fromisoformat(last))
        values = [_bar_values(one, starts) for one in series]
        line_values = _bar_values(line, starts) if line else []
        highest = max([*(sum(column) for column in zip(*values, strict=True)), *line_values, 1])
        top = _round_up(highest)
        formatted = as_money if money else "{:,}".format
        width = WIDTH / len(starts)
        bars = []
        for position, start in enumerate(starts):
            base = 0
            for one, column in zip(series, values, strict=True):
                if column[position] <= 0:
                    continue
                base += column[position]
                bars.append(
                    Bar(
                        x=round(position * width + width * _GAP / 2, 2),
                        y=round(HEIGHT - HEIGHT * base / top, 2),
                        width=round(width * (1 - _GAP), 2),
                        height=round(HEIGHT * column[position] / top, 2),
                        colour=one.colour,
                        text=f"{start} {one.name}: {formatted(column[position])}",
                    )
                )
        points = (
            f"{width * (position + 0.5):.2f},{HEIGHT - HEIGHT * max(0, value) / top:.2f}"
            for position, value in enumerate(line_values)
        )
        columns = [*values, *([line_values] if line else [])]
        return cls(
            series=series,
            bars=bars,
            top=_tick(top, money),
            middle=_tick(top / 2, money),
            labels=[starts[0].isoformat(), starts[len(starts) // 2].isoformat(), starts[-1].isoformat()],
            step="day" if len(starts) == 1 or starts[1] - starts[0] == timedelta(1) else "week",
            rows=[
                (day.isoformat(), [formatted(column[position]) for column in columns])
                for position, day in enumerate(starts)
            ],
            line=" ".join(points),
            line_name=line.name if line else "",
            totals=[formatted(one.total) for one in series],
        )


def _bar_starts(first: date, last: date) -> list[date]:
    """Return the days at which bars begin."""
    days = (last - first).days + 1
    step = 1 if days <= _MAX_BARS else 7 if days <= 7 * _MAX_BARS else 28
    return [first + timedelta(days=offset) for offset in range(0, days, step)][-4 * _MAX_BARS :]


def _bar_values(series: Series, starts: Sequence[date]) -> list[int]:
    """Return the sum of the series for each bar."""
    step = (starts[1] - starts[0]).days if len(starts) > 1 else 1
    sums: dict[int, int] = defaultdict(int)
    for day, value in series.days.items():
        sums[(date.fromisoformat(day) - starts[0]).days // step] += value
    return [sums[position] for position in range(len(starts))]


def _tick(value: float, money: bool) -> str:
    """Return a short label for the scale: `2,000`, `0.5`, `90 T`."""
    amount = value / 100 if money else value
    for size, letter in ((1e12, " T"), (1e9, " bn"), (1e6, " M")):
        if amount >= size:
            return f"{amount / size:,g}{letter}"
    return f"{amount:,g}"


def _round_up(value: int) -> int:
    """Return the next round number: 1, 2, 3, 4, 6, 8, 10, 20, …"""
    power: int = 10 ** (len(str(value)) - 1)
    return next(step * power for step in (1, 2, 3, 4, 6, 8, 10) if step * power >= value)
