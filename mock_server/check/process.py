"""Run the checked command: a process group of its own, signals forwarded."""

import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from mock_server.check.supervisor import Supervisor
from mock_server.errors import UsageError

_GRACE_SECONDS = 5.0  # between a forwarded signal and the kill
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def require_command(command: Sequence[str]) -> None:
    """Raise UsageError when there is no such command."""
    if shutil.which(command[0]) is None:
        raise UsageError(f"there is no command '{command[0]}'")


def run(
    supervisor: Supervisor,
    command: Sequence[str],
    environment: Mapping[str, str],
    descriptor: int | None = None,
    has_started: Callable[[], bool] = lambda: True,
) -> int:
    """Run the command to its end, and return its exit code, 128 + n when signal n ended it.

    `descriptor`: as in `Supervisor.start`. `has_started`: whether the process has come to the client's own
    command; until it has, a signal ends it at once.
    Raises UsageError when it cannot be started, SystemExit 128 + n when signal n comes before the client's command.
    Call it from the main thread.
    """
    group = _Group(supervisor, has_started)
    with _handling({**dict.fromkeys(_FORWARDED, group.forward), signal.SIGALRM: group.kill}):
        try:
            supervisor.start(command, environment, descriptor)
        except OSError as error:
            raise UsageError(f"'{command[0]}' cannot be started: {error.strerror or error}") from error
        try:
            group.start()
            code = supervisor.wait()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    if group.ended_early_by:
        raise SystemExit(128 + group.ended_early_by)
    return code


@contextmanager
def signals_as_exit() -> Iterator[None]:
    """Raise SystemExit 128 + n on signal n, so that context managers close what is open."""

    def exit_by(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handling(dict.fromkeys(_FORWARDED, exit_by)):
        yield


class _Group:
    """The command's process group. A signal that comes before it exists is sent when it does; then the grace begins.

    `ended_early_by`: the signal at which it was killed, because the client's own command had not started.
    """

    def __init__(self, supervisor: Supervisor, has_started: Callable[[], bool]) -> None:
        self._supervisor = supervisor
        self._has_started = has_started
        self.ended_early_by = 0
        self._exists = False
        self._pending: list[int] = []

    def start(self) -> None:
        self._exists = True
        self._deliver()

    def forward(self, number: int, _: FrameType | None) -> None:
        self._pending.append(number)
        self._deliver()

    def kill(self, _: int, __: FrameType | None) -> None:
        self._supervisor.signal(signal.SIGKILL)

    def _deliver(self) -> None:
        while self._exists and self._pending:
            number = self._pending.pop(0)
            if not self._has_started():
                self.ended_early_by = number
                number = signal.SIGKILL
            self._supervisor.signal(number)
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
