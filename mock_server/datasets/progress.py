"""How far a loading is: a bar on a terminal, plain lines elsewhere; nothing for what is done before one looks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.datasets.loading import Report

_NOTEWORTHY = 5_000
_LINE_EVERY = 10_000


@contextmanager
def progress(name: str) -> Iterator[Report]:
    """What `load` reports to; written to standard error."""
    with _bar(name) if sys.stderr.isatty() else _lines(name) as report:
        yield report


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    shown = None

    def report(done: int, total: int) -> None:
        nonlocal shown
        if total < _NOTEWORTHY:
            return
        if shown is None:
            from rich.console import Console
            from rich.progress import Progress

            shown = Progress(console=Console(stderr=True), transient=True)
            shown.start()
            shown.add_task(f"dataset {name}", total=total)
        shown.update(shown.task_ids[0], completed=done)

    try:
        yield report
    finally:
        if shown is not None:
            shown.stop()


@contextmanager
def _lines(name: str) -> Iterator[Report]:
    def report(done: int, total: int) -> None:
        if total >= _NOTEWORTHY and (done % _LINE_EVERY == 0 or done == total):
            print(f"dataset {name}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    yield report
