"""The results of a section, and how they are printed."""

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PACKAGES = ("segmetrics-mock", "starlette", "uvicorn", "uvloop", "httptools", "sqlalchemy")
TOOLS = {"wrk": ["wrk", "-v"], "node": ["node", "--version"], "java": ["java", "-version"]}


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of each round and the bound for their median: at least it, or at most."""

    what: str
    figures: Sequence[float]
    bound: float
    at_least: bool
    unit: str = "×"

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    @property
    def met(self) -> bool:
        return self.median >= self.bound if self.at_least else self.median <= self.bound

    def as_dict(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "median": self.median,
            "figures": list(self.figures),
            "bound": self.bound,
            "at_least": self.at_least,
            "unit": self.unit,
            "met": self.met,
        }


@dataclass(slots=True)
class Section:
    """A table of figures. `columns`: the first names the row. `left_out`: what was not measured, with its reason."""

    title: str
    columns: Sequence[str]
    rows: list[list[str | float]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "goals": [goal.as_dict() for goal in self.goals],
            "left_out": self.left_out,
        }


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return the ratio of each round; rounds are interleaved, so that a slow moment of the machine affects both."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def show(section: Section, console: Console) -> None:
    console.print(section.title, style="bold", highlight=False)
    table = Table()
    for number, column in enumerate(section.columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in section.rows:
        table.add_row(*(figure if isinstance(figure, str) else _format(figure) for figure in row))
    console.print(table)
    if section.goals:
        goals = Table("what", show_edge=False)
        for column in ("measured", "rounds", "goal"):
            goals.add_column(column, justify="right")
        goals.add_column("met")
        for goal in section.goals:
            low, high = _format(min(goal.figures)), _format(max(goal.figures))
            bound = f"{'≥' if goal.at_least else '≤'} {goal.bound:g} {goal.unit}"
            met = "[green]yes[/]" if goal.met else "[bold red]no[/]"
            goals.add_row(goal.what, f"{_format(goal.median)} {goal.unit}", f"{low} to {high}", bound, met)
        console.print(goals)
    for text in section.left_out:
        console.print(f"left out: {text}", soft_wrap=True, highlight=False)
    console.print()


def environment() -> dict[str, str]:
    """Return the machine and the versions, as far as a figure depends on them."""
    found = {
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "system": f"{platform.system()} {platform.release()}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in PACKAGES},
    }
    for name, command in TOOLS.items():
        if shutil.which(name):
            ended = subprocess.run(command, capture_output=True, text=True)
            found[name] = (
                (ended.stdout + ended.stderr).splitlines()[0].partition(" Copyright")[0].partition("[epoll]")[0].strip()
            )
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def _format(value: float) -> str:
    """Return three significant digits, with commas between thousands."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
