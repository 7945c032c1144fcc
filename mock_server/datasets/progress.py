"""Progress of loading a dataset: a bar on a terminal, plain lines elsewhere, nothing for a small dataset."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mock_server.datasets.loading import OnProgress
from mock_server.output import complain
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
            _draw(f"dataset {name} [{bar:25}] {percent} %")

    try:
        yield show
    finally:
        if shown >= 0:
            _draw("")


def _draw(text: str) -> None:
    """Replace the line of the bar."""
    with suppress(OSError):  # closed, or on a full disk
        print(f"\r{_ERASE_LINE}{text}", end="", file=sys.stderr, flush=True)


@contextmanager
def _lines(name: str) -> Iterator[OnProgress]:
    def show(done: int, total: int) -> None:
        if total >= _MIN_CALLS and (done % _CALLS_PER_LINE == 0 or done == total):
            complain(f"dataset {name}: {done:,} of {total:,}")

    yield show
