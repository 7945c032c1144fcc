"""Servers as processes: started, timed to their first response, observed through /proc (Linux), ended."""

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
    """A running server. `start_seconds`: from the start of the process to its first response."""

    port: int
    pid: int
    start_seconds: float
    scheme: str = "http"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Return the user and system time of the process and its children, in steps of a clock tick."""
        return sum(sum(times) for _, times in _family(self.pid)) / _TICKS

    def peak_bytes(self) -> int:
        """Return the peak memory of the process and its children, each at its own peak."""
        return sum(_peak(pid) for pid, _ in _family(self.pid))

    def status(self, request: Request) -> int:
        """Return the status of the response to a request."""
        return status(self.port, request)


@contextmanager
def started(command: Callable[[int], Sequence[str]], probe: Request, *, timeout: float = 60) -> Iterator[Running]:
    """Run a server while the block runs. `command`: for a port; `probe`: a request that it must answer with 2xx.

    `timeout`: seconds until its first response. Raises SystemExit with what it printed when there is none.
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
            seconds = _first_answer(process, port, probe, begun, timeout)
            if seconds is None:
                log.seek(0)
                raise SystemExit(f"{' '.join(arguments)}\ndid not answer:\n{log.read()[-3000:]}")
            yield Running(port, process.pid, seconds)
        finally:
            _end(process)


def _first_answer(
    process: "subprocess.Popen[bytes]", port: int, probe: Request, begun: float, timeout: float
) -> float | None:
    while time.perf_counter() - begun < timeout and process.poll() is None:
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
    """End the process and its children, which form a session of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=20)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _family(pid: int) -> list[tuple[int, list[int]]]:
    """Return the pid of the process and its descendants, and the ticks of user, system and ended children of each."""
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
