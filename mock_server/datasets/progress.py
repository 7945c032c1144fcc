"""Progress of loading a dataset: a bar on a terminal, plain lines elsewhere, nothing for a small dataset."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.datasets.loading import OnProgress

_MIN_CALLS = 5_000
_CALLS_PER_LINE = 10_000


@contextmanager
def progress(name: str) -> Iterator[OnProgress]:
    """Yield a function for `load` that shows the progress on standard error."""
    with _bar(name) if sys.stderr.isatty() else _lines(name) as on_progress:
        yield on_progress


@contextmanager
def _bar(name: str) -> Iterator[OnProgress]:
    bar = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if total < _MIN_CALLS:
            return
        if bar is None:
            from rich.console import Console
            from rich.progress import Progress

            bar = Progress(console=Console(stderr=True), transient=True)
            bar.start()
            bar.add_task(f"dataset {name}", total=total)
        bar.update(bar.task_ids[0], completed=done)

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def _lines(name: str) -> Iterator[OnProgress]:
    def show(done: int, total: int) -> None:
        if total >= _MIN_CALLS and (done % _CALLS_PER_LINE == 0 or done == total):
            print(f"dataset {name}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    yield show
