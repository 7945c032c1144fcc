"""The checked command: a process group of its own, signals forwarded, nothing of it left running."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from mock_server.errors import UsageError

_GRACE_SECONDS = 5.0
"""How long the command may take to end after a signal before it is killed."""
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def find_command(command: Sequence[str]) -> None:
    """Raises UsageError when there is no such command."""
    if shutil.which(command[0]) is None:
        raise UsageError(f"there is no command '{command[0]}'")


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs the command to its end; its exit code, 128 + n when signal n ended it.

    Raises UsageError when it cannot be started. Call it from the main thread.
    """
    try:
        child = subprocess.Popen(command, env=dict(environment), start_new_session=True)
    except OSError as error:
        raise UsageError(f"'{command[0]}' cannot be started: {error.strerror}") from error
    with _forwarding_to(child.pid):
        try:
            code = child.wait()
        finally:
            _end_group(child.pid)
    return code if code >= 0 else 128 - code


@contextmanager
def _forwarding_to(group: int) -> Iterator[None]:
    """Hands signals on to the group; one that outlives its grace is killed."""

    def forward(number: int, _: FrameType | None) -> None:
        _signal_group(group, signal.Signals(number))
        signal.setitimer(signal.ITIMER_REAL, _GRACE_SECONDS)

    def kill(_: int, __: FrameType | None) -> None:
        _signal_group(group, signal.SIGKILL)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, kill)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_group(group: int) -> None:
    """Ends what the command left behind."""
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        # macOS says so of a group whose last process is a zombie.
        pass
