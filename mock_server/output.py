"""The standard output, which may be closed, a pipe that nobody reads any more, or on a full disk."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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


def discard() -> None:
    """Discard what is still to be written, and all that is printed from here on.

    Else Python would complain at its end, and change the exit code.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
