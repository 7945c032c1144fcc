"""What the runs share: a server of their own, how far they are, what they found."""

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
Tell = Callable[[float], None]

_LINES = 10


class BrokenPromiseError(Exception):
    """A promise was broken; the text says which, and what shows it."""


def require(holds: bool, text: str) -> None:
    """Raises BrokenPromiseError with the text where the promise does not hold."""
    if not holds:
        raise BrokenPromiseError(text)


@contextmanager
def fresh_server(*options: str) -> Iterator[Served]:
    """A server of the run's own. Raises BrokenPromiseError when it printed a traceback."""
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
def progress(name: str, total: float) -> Iterator[Tell]:
    """A bar on a terminal, else a line for each tenth; on standard error."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn(name), BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f}"))
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
            task = bar.add_task(name, total=total)
            yield lambda done: bar.update(task, completed=done)
        return
    started, told = time.monotonic(), 0

    def tell(done: float) -> None:
        nonlocal told
        if done * _LINES >= (told + 1) * total:
            told = int(done * _LINES / total)
            seconds = time.monotonic() - started
            print(f"{name}: {done:,.0f} of {total:,.0f}, {seconds:.0f} s", file=sys.stderr, flush=True)

    yield tell


def print_table(title: str, figures: Figures) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
