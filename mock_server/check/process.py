"""Run the checked command: a process group of its own, signals forwarded, nothing left running."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from mock_server.errors import UsageError

_GRACE_SECONDS = 5.0  # between a forwarded signal and the kill
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def require_command(command: Sequence[str]) -> None:
    """Raise UsageError when there is no such command."""
    if shutil.which(command[0]) is None:
        raise UsageError(f"there is no command '{command[0]}'")


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    descriptors: Collection[int] = (),
    has_started: Callable[[], bool] = lambda: True,
) -> int:
    """Run the command to its end, and return its exit code, 128 + n when signal n ended it.

    `descriptors`: open files that its process inherits. `has_started`: whether the process has come to the client's own
    command; until it has, a signal ends it at once.
    Raises UsageError when it cannot be started, SystemExit 128 + n when signal n comes before the client's command.
    Call it from the main thread.
    """
    group = _Group(has_started)
    with _handling({**dict.fromkeys(_FORWARDED, group.forward), signal.SIGALRM: group.kill}):
        try:
            child = subprocess.Popen(command, env=dict(environment), start_new_session=True, pass_fds=descriptors)
        except OSError as error:
            raise UsageError(f"'{command[0]}' cannot be started: {error.strerror}") from error
        try:
            group.start(child.pid)
            code = child.wait()
        finally:
            group.end()
    if group.ended_early_by:
        raise SystemExit(128 + group.ended_early_by)
    return code if code >= 0 else 128 - code


@contextmanager
def signals_as_exit() -> Iterator[None]:
    """Raise SystemExit 128 + n on signal n, so that context managers close what is open."""

    def exit_by(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handling(dict.fromkeys(_FORWARDED, exit_by)):
        yield


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Defer signals to the end of the block, so that what is made in it is known when they come, and can be closed."""
    deferred: list[int] = []
    with _handling(dict.fromkeys(_FORWARDED, lambda number, _: deferred.append(number))):
        yield
    for number in deferred:
        signal.raise_signal(number)


class _Group:
    """The command's process group. A signal that comes before it exists is sent when it does; then the grace begins.

    `ended_early_by`: the signal at which it was killed, because the client's own command had not started.
    """

    def __init__(self, has_started: Callable[[], bool]) -> None:
        self._has_started = has_started
        self.ended_early_by = 0
        self._id = 0
        self._pending: list[int] = []

    def start(self, id: int) -> None:
        self._id = id
        self._deliver()

    def forward(self, number: int, _: FrameType | None) -> None:
        self._pending.append(number)
        self._deliver()

    def kill(self, _: int, __: FrameType | None) -> None:
        _signal_group(self._id, signal.SIGKILL)

    def end(self) -> None:
        """Kill what the command left behind."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        _signal_group(self._id, signal.SIGKILL)

    def _deliver(self) -> None:
        while self._id and self._pending:
            number = self._pending.pop(0)
            if not self._has_started():
                self.ended_early_by = number
                number = signal.SIGKILL
            _signal_group(self._id, number)
            signal.setitimer(signal.ITIMER_REAL, _GRACE_SECONDS)


@contextmanager
def _handling(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Install handlers for the block. A signal that was ignored before, as under nohup, stays ignored."""
    before = {number: signal.getsignal(number) for number in handlers}
    handled = {number for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in handled:
        signal.signal(number, handlers[number])
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        # macOS raises it for a group whose last process is a zombie.
        pass
