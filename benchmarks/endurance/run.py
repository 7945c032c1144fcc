"""What the runs share: a server of their own, progress, figures."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from client_tests.serving import Served, served

# What a run found, by what it is called in the table.
Figures = dict[str, object]

# Takes how much is done.
ShowProgress = Callable[[float], None]

_LINES = 10


class BrokenPromiseError(Exception):
    """A run failed; the text says what was promised, and what shows that it does not hold."""


def require(holds: bool, text: str) -> None:
    """Raise BrokenPromiseError with the text unless the promise holds."""
    if not holds:
        raise BrokenPromiseError(text)


@contextmanager
def fresh_server(*options: str) -> Iterator[Served]:
    """Serve a fake for one run. Raises BrokenPromiseError when it printed a traceback."""
    with tempfile.TemporaryFile("w+") as errors:

        def traceback() -> str:
            errors.seek(0)
            _, found, rest = errors.read().partition("Traceback (most recent call last)")
            return f"\nthe server printed a traceback{rest[:4000]}" if found else ""

        try:
            with served(*options, stderr=errors) as server:
                yield server
        except BrokenPromiseError as broken:
            raise BrokenPromiseError(f"{broken}{traceback()}") from broken
        require(not (found := traceback()), found)


@contextmanager
def progress(name: str, total: float) -> Iterator[ShowProgress]:
    """Show the progress on standard error: a bar on a terminal, else a line for each tenth."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn(name), BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f}"))
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
            task = bar.add_task(name, total=total)
            yield lambda done: bar.update(task, completed=done)
        return
    started, shown = time.monotonic(), 0

    def show(done: float) -> None:
        nonlocal shown
        if done * _LINES >= (shown + 1) * total:
            shown = int(done * _LINES / total)
            seconds = time.monotonic() - started
            print(f"{name}: {done:,.0f} of {total:,.0f}, {seconds:.0f} s", file=sys.stderr, flush=True)

    yield show


def print_table(title: str, figures: Figures) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
