"""The checked command: a process group of its own, signals forwarded, nothing of it left running."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    group = _Group()
    with _handling({**dict.fromkeys(_FORWARDED, group.forward), signal.SIGALRM: group.kill}):
        try:
            child = subprocess.Popen(command, env=dict(environment), start_new_session=True)
        except OSError as error:
            raise UsageError(f"'{command[0]}' cannot be started: {error.strerror}") from error
        try:
            group.start(child.pid)
            code = child.wait()
        finally:
            group.end()
    return code if code >= 0 else 128 - code


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A signal raises SystemExit 128 + n, so that what is open is closed on its way out."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handling(dict.fromkeys(_FORWARDED, leave)):
        yield


@contextmanager
def held_signals() -> Iterator[None]:
    """A signal waits for the end of the block: what is made there can be closed when it comes."""
    held: list[int] = []
    with _handling(dict.fromkeys(_FORWARDED, lambda number, _: held.append(number))):
        yield
    for number in held:
        signal.raise_signal(number)


class _Group:
    """The command's process group. A signal that comes before it is there waits for it; then the grace begins."""

    def __init__(self) -> None:
        self._id = 0
        self._waiting: list[int] = []

    def start(self, id: int) -> None:
        self._id = id
        self._deliver()

    def forward(self, number: int, _: FrameType | None) -> None:
        self._waiting.append(number)
        self._deliver()

    def kill(self, _: int, __: FrameType | None) -> None:
        _signal_group(self._id, signal.SIGKILL)

    def end(self) -> None:
        """Ends what the command left behind."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        _signal_group(self._id, signal.SIGKILL)

    def _deliver(self) -> None:
        while self._id and self._waiting:
            _signal_group(self._id, self._waiting.pop(0))
            signal.setitimer(signal.ITIMER_REAL, _GRACE_SECONDS)


@contextmanager
def _handling(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Installs handlers for a while. A signal that whoever started us had ignored, as nohup does, stays ignored."""
    before = {number: signal.getsignal(number) for number in handlers}
    heard = {number for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in heard:
        signal.signal(number, handlers[number])
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        # macOS says so of a group whose last process is a zombie.
        pass
