"""Run with a full disk, a limit of the file size, protected files: each error 500 says what to do.

What was acknowledged stays, the admin side responds, and calls are accepted again afterwards.
"""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from benchmarks.endurance.kill import check_file
from benchmarks.endurance.load import Client, check_stored, demo, http_client
from benchmarks.endurance.run import Figures, fresh_server, progress, require
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import COMMAND

# Before the fault, in it, and after it.
CALLS, SHORT_CALLS = 2000, 60

CLIENTS = 4
_PADDING = 20_000
_DISK_MEGABYTES = 160
_CHECK_EVERY = 20
# How long a fault lasts, with more calls if need be: there may be room left in the log and in the file.
_MIN_REFUSED, _MAX_SECONDS = 100, 60
_OPTIONS = ("--journal-limit", "100")
_INSIDE = "SEGMETRICS_ENDURANCE_OWN_MOUNTS"
_ADMIN = ("/__admin/health", "/__admin/sandboxes/demo/requests", "/__admin/sandboxes/demo/report", "/__admin/ui")

# Takes the folder of the database and the server's process id; the fault lasts as long as the block.
DiskFault = Callable[[Path, int], AbstractContextManager[None]]


def run(*, short: bool, seed: int) -> Figures:
    if _INSIDE not in os.environ and (own_mounts := _own_mounts()):
        again = [*own_mounts, sys.executable, "-m", "benchmarks.endurance", "disk", "--seed", str(seed)]
        os.execvpe(again[0], again + ["--short"] * short, {**os.environ, _INSIDE: "1"})
    calls = SHORT_CALLS if short else CALLS
    figures: Figures = {"calls before, in and after each fault": calls}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures["a limit of file size"] = _run_with(_size_limited, folder / "limited", calls, seed)
        if _INSIDE in os.environ:
            with _small_disk(folder / "small"):
                figures["a full disk"] = _run_with(_full, folder / "small", calls, seed)
                figures["a disk mounted read-only"] = _refused_at_start(folder / "small")
        else:
            figures["a full disk, a disk mounted read-only"] = "left out: no own mounts can be made here"
        if _may_protect(folder):
            figures["files protected as immutable"] = _run_with(_protected, folder / "protected", calls, seed)
        else:
            figures["files protected as immutable"] = "left out: chattr +i needs root and a file system that has it"
    return figures


def _run_with(fault: DiskFault, folder: Path, calls: int, seed: int) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "data.db"
    clients = [Client(number, seed, padding=_PADDING) for number in range(CLIENTS)]
    refused = 0
    name = fault.__name__.strip("_")
    with http_client() as http, progress(f"disk, {name}", 3 * calls) as show:
        with fresh_server("--database", str(path), *_OPTIONS) as server:
            sandbox = demo(server.origin, http)
            for number in range(calls):
                clients[number % CLIENTS].send(sandbox)
            show(calls)
            with fault(folder, server.process.pid):
                sent, until = 0, time.monotonic() + _MAX_SECONDS
                while sent < calls or (refused < _MIN_REFUSED and time.monotonic() < until):
                    refused += not _was_applied(clients[sent % CLIENTS], sandbox, path)
                    if sent % _CHECK_EVERY == 0:
                        _check_admin(sandbox, clients)
                    sent += 1
            require(refused > 0, f"no call was refused for the fault '{name}'")
            show(2 * calls)
            over_at = path.stat().st_mtime_ns
            for number in range(calls):
                clients[number % CLIENTS].send(sandbox)
            _write_until_moved(clients, sandbox, path, over_at)
            server.process.kill()
        check_file(path)
        with fresh_server("--database", str(path), *_OPTIONS) as server:
            check_stored(demo(server.origin, http), clients)
            show(3 * calls)
    return f"{refused:,} clear errors 500, nothing lost, nothing half-written, service went on"


def _was_applied(client: Client, sandbox: Sandbox, path: Path) -> bool:
    """Send the client's next call; return whether it was applied. A refusal must say why, and what to do."""
    call = client.call()
    answer = sandbox.send(call.method, call.path, integration=call.integration, json=call.body)
    if answer.status_code != 500:
        client.take(answer.status_code, answer.text)
        return True
    (text,) = errors_of(answer)
    clear = text.startswith("nothing was stored") and str(path) in text and "disk" in text
    require(clear, f"{call.method} {call.path} was answered with 500 and no clear text: {text}")
    client.finish_pending(applied=False)
    return False


def _write_until_moved(clients: list[Client], sandbox: Sandbox, path: Path, since: int) -> None:
    """Write until the server moves pages of its write-ahead log into the file, so that the log stays small."""
    deadline = time.monotonic() + 60
    while path.stat().st_mtime_ns <= since:
        for client in clients:
            client.send(sandbox)
        require(time.monotonic() < deadline, "the write-ahead log is not moved into the file any more")


def _check_admin(sandbox: Sandbox, clients: list[Client]) -> None:
    check_stored(sandbox, clients)
    for path in _ADMIN:
        answer = sandbox.http.get(sandbox.origin + path, follow_redirects=True)
        require(answer.status_code == 200, f"GET {path} was answered with {answer.status_code}: {answer.text[:1000]}")


@contextmanager
def _size_limited(folder: Path, pid: int) -> Iterator[None]:
    """Limit the files of the server to half the size of its database, as `ulimit -f` would."""
    size = (folder / "data.db").stat().st_size
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size // 2, resource.RLIM_INFINITY))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def _full(folder: Path, _: int) -> Iterator[None]:
    """Fill the disk with another file."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    ballast.unlink()


@contextmanager
def _protected(folder: Path, _: int) -> Iterator[None]:
    files = [str(file) for file in folder.iterdir() if not file.name.endswith("-shm")]
    subprocess.run(["chattr", "+i", *files], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


def _may_protect(folder: Path) -> bool:
    """Return whether a file that is open can be made immutable; only some file systems support it."""
    if not shutil.which("chattr"):
        return False
    with (folder / "probe").open("wb", buffering=0) as file:
        if subprocess.run(["chattr", "+i", file.name], capture_output=True).returncode:
            return False
        try:
            file.write(b"x")
        except OSError:
            return True
        else:
            return False
        finally:
            subprocess.run(["chattr", "-i", file.name], check=True)


def _own_mounts() -> list[str]:
    """Return the start of a command line that gives a command mounts of its own, or nothing where that is forbidden."""
    for options in ([], ["--user", "--map-root-user"]):
        command = ["unshare", *options, "--mount", "--"]
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(FileNotFoundError):
            if subprocess.run([*command, *_mount_command(Path(folder))], capture_output=True).returncode == 0:
                return command
    return []


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    subprocess.run(_mount_command(folder), check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount_command(folder: Path) -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MEGABYTES}m", "tmpfs", str(folder)]


def _refused_at_start(folder: Path) -> str:
    """Check that a server does not start on a read-only database, says so, and leaves its data unchanged."""
    path = folder / "data.db"
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    before = path.read_bytes()
    command = [*COMMAND, "serve", "--port", "0", "--database", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    printed = ended.stderr.strip()
    require(ended.returncode == 2 and str(path) in printed and "\n" not in printed, f"read-only: {ended}")
    require(path.read_bytes() == before, "a server that may not write has written")
    with fresh_server("--database", str(path)) as server:
        require(httpx.get(f"{server.origin}/__admin/health", trust_env=False).status_code == 200, "it does not start")
    return "the server does not start, and says why"
