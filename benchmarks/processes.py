"""Servers as processes: started, timed to their first answer, watched through /proc (Linux), ended."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mock_server.store.accounts import DEFAULT_SANDBOX

Request = tuple[str, str, bytes]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """`start_seconds`: from the start of the process to its first answer."""

    port: int
    pid: int
    start_seconds: float
    scheme: str = "http"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """User's and system's time of the process and all its children so far, in steps of a clock tick."""
        return sum(sum(times) for _, times in _family(self.pid)) / _TICKS

    def peak_bytes(self) -> int:
        """The most memory that the process and its children had, each at its own peak."""
        return sum(_peak(pid) for pid, _ in _family(self.pid))

    def status(self, request: Request) -> int:
        """The status of the answer to a request."""
        return status(self.port, request)


@contextmanager
def started(command: Callable[[int], Sequence[str]], probe: Request, *, patience: float = 60) -> Iterator[Running]:
    """A server while the block runs. `command`: for a port; `probe`: what it must answer with 2xx.

    `patience`: seconds until its first answer. Raises SystemExit with what it printed when none comes.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="benchmark-home-") as home, tempfile.TemporaryFile("w+") as log:
        arguments = command(port)
        begun = time.perf_counter()
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | {"HOME": home, "NO_COLOR": "1"},
        )
        try:
            seconds = _first_answer(process, port, probe, begun, patience)
            if seconds is None:
                log.seek(0)
                raise SystemExit(f"{' '.join(arguments)}\ndid not answer:\n{log.read()[-3000:]}")
            yield Running(port, process.pid, seconds)
        finally:
            _end(process)


def _first_answer(
    process: "subprocess.Popen[bytes]", port: int, probe: Request, begun: float, patience: float
) -> float | None:
    while time.perf_counter() - begun < patience and process.poll() is None:
        try:
            if 200 <= status(port, probe) < 300:
                return time.perf_counter() - begun
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.005)
    return None


def status(port: int, request: Request) -> int:
    method, path, body = request
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"Authorization": DEFAULT_SANDBOX.api_key, "Content-Type": "application/json"}
        connection.request(method, path, body or None, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The process and its children, which are a session of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=20)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _family(pid: int) -> list[tuple[int, list[int]]]:
    """The process and its descendants: pid, and the ticks of its user, system, and those of its ended children."""
    parents, times = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = int(file.parent.name), file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[number], times[number] = int(rest[1]), [int(ticks) for ticks in rest[11:15]]
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return [(member, times[member]) for member in found if member in times]


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
