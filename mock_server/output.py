"""The standard streams, which may be closed, full, or pipes that nobody reads: what they take decides nothing else."""

import atexit
import logging
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from mock_server.text import printable

STDOUT, STDERR = 1, 2
# How much may wait for a slow reader, in lines.
_MOST_WAITING = 10_000
_LAST_LINES_SECONDS = 0.5


def open_closed_streams() -> None:
    """Open the standard streams that were closed, at nothing: the next file would be taken for one of them."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


@contextmanager
def may_stay_unread() -> Iterator[None]:
    """Let what is printed in the block be lost, where it cannot be written: something else is the result."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        discard()


def say(*texts: str, end: str = "\n") -> None:
    """Print a line for each text; where that cannot be, they are lost."""
    with may_stay_unread():
        print(*texts, sep="\n", end=end)


def complain(text: str) -> None:
    """Print an error or a warning to the standard error, with escapes for what is not to be printed."""
    with suppress(OSError):
        print(printable(text, keep="\n"), file=sys.stderr, flush=True)


def discard() -> None:
    """Discard what is still to be written, and all that is printed from here on.

    Else Python would complain at its end, and change the exit code.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class BackgroundWriter:
    """Writes lines to a standard stream, in their order and in a thread of its own: whoever adds one never waits.

    Lines that come while very many wait are counted instead.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: deque[tuple[Callable[[], str], int]] = deque()
        self._waiting_lines = 0
        self._left_out = 0
        self._changed = threading.Condition()
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def add(self, make_text: Callable[[], str], lines: int = 1) -> None:
        """Write the text that `make_text` returns, soon. It is called in the thread. `lines`: about how many it has."""
        with self._changed:
            if self._waiting_lines >= _MOST_WAITING:
                self._left_out += lines
                return
            self._waiting.append((make_text, lines))
            self._waiting_lines += lines
            self._changed.notify()
            if self._thread is None:
                # Started here: a worker process does not inherit the threads of its supervisor.
                self._thread = threading.Thread(target=self._write_all, daemon=True)
                self._thread.start()
                atexit.register(self._end)

    def _end(self) -> None:
        """Wait a moment for the last lines."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        if self._thread:
            self._thread.join(_LAST_LINES_SECONDS)

    def _write_all(self) -> None:
        while make_text := self._next():
            try:
                text = make_text()
            except Exception as error:
                # The lines after it are not to be lost as well.
                text = f"a line could not be printed: {error!r}\n"
            _write(self._descriptor, text)

    def _next(self) -> Callable[[], str] | None:
        """Wait for the next text, and return what makes it; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ending)
            if not self._waiting:
                return None
            make_text, lines = self._waiting.popleft()
            self._waiting_lines -= lines
            if self._left_out and not self._waiting:
                self._waiting.append((partial(_lines_left_out, self._left_out), 0))
                self._left_out = 0
            return make_text


def _lines_left_out(count: int) -> str:
    return f"{count:,} lines were not printed: the output is too slow\n"


def _write(descriptor: int, text: str) -> None:
    """Write to the stream itself: Python's own buffer would be locked by a write that never ends."""
    stream = sys.stdout if descriptor == STDOUT else sys.stderr
    content = text.encode(stream.encoding or "utf-8", "backslashreplace")
    with suppress(OSError):  # closed, or on a full disk
        while content:
            try:
                content = content[os.write(descriptor, content) :]
            except BlockingIOError:
                select.select([], [descriptor], [])


class _LogHandler(logging.Handler):
    """Writes records to the standard error, by a BackgroundWriter."""

    def __init__(self, writer: BackgroundWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.add(lambda: printable(self.format(record), keep="\n") + "\n")


ERRORS = BackgroundWriter(STDERR)


def log_to_stderr() -> None:
    """Let the warnings and errors that are logged in this process be written to the standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", handlers=[_LogHandler(ERRORS)])
