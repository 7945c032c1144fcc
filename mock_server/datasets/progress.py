"""Progress of loading a dataset: a bar on a terminal, plain lines elsewhere, nothing for a small dataset."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.datasets.loading import OnProgress
from mock_server.styled import is_coloured

_MIN_CALLS = 5_000
_CALLS_PER_LINE = 10_000
_ERASE_LINE = "\x1b[K"


@contextmanager
def progress(name: str) -> Iterator[OnProgress]:
    """Yield a function for `load` that shows the progress on standard error."""
    with _bar(name) if is_coloured(sys.stderr) else _lines(name) as on_progress:
        yield on_progress


@contextmanager
def _bar(name: str) -> Iterator[OnProgress]:
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // total
        if total >= _MIN_CALLS and percent != shown:
            shown = percent
            bar = "#" * (percent // 4)
            print(f"\r{_ERASE_LINE}dataset {name} [{bar:25}] {percent} %", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if shown >= 0:
            print(f"\r{_ERASE_LINE}", end="", file=sys.stderr, flush=True)


@contextmanager
def _lines(name: str) -> Iterator[OnProgress]:
    def show(done: int, total: int) -> None:
        if total >= _MIN_CALLS and (done % _CALLS_PER_LINE == 0 or done == total):
            print(f"dataset {name}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    yield show
