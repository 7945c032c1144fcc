"""A disk that is full, a limit of file size, files that may not be written: an error 500 that says what to do.

The rest goes on: calls that were acknowledged stay, the admin side answers, and calls are taken again when it is over.
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

# Before the trouble, in it, and after it.
CALLS, SHORT_CALLS = 2000, 60

CLIENTS = 4
_PADDING = 20_000
_DISK_MEGABYTES = 160
_LOOK_EVERY = 20
# How long a trouble lasts, with more calls if need be: there may be room left in the log and in the file.
_LEAST_REFUSED, _MOST_SECONDS = 100, 60
_OPTIONS = ("--journal-limit", "100")
_INSIDE = "SEGMETRICS_ENDURANCE_OWN_MOUNTS"
_ADMIN = ("/__admin/health", "/__admin/sandboxes/demo/requests", "/__admin/sandboxes/demo/report", "/__admin/ui")

# Takes the folder of the database and the server's process id; the trouble lasts as long as the block.
Trouble = Callable[[Path, int], AbstractContextManager[None]]


def run(*, short: bool, seed: int) -> Figures:
    if _INSIDE not in os.environ and (own_mounts := _own_mounts()):
        again = [*own_mounts, sys.executable, "-m", "benchmarks.endurance", "disk", "--seed", str(seed)]
        os.execvpe(again[0], again + ["--short"] * short, {**os.environ, _INSIDE: "1"})
    calls = SHORT_CALLS if short else CALLS
    figures: Figures = {"calls before, in and after each trouble": calls}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures["a limit of file size"] = _endure(_size_limited, folder / "limited", calls, seed)
        if _INSIDE in os.environ:
            with _small_disk(folder / "small"):
                figures["a full disk"] = _endure(_full, folder / "small", calls, seed)
                figures["a disk mounted read-only"] = _refused_at_start(folder / "small")
        else:
            figures["a full disk, a disk mounted read-only"] = "left out: no own mounts can be made here"
        if _may_protect(folder):
            figures["files protected as immutable"] = _endure(_protected, folder / "protected", calls, seed)
        else:
            figures["files protected as immutable"] = "left out: chattr +i needs root and a file system that has it"
    return figures


def _endure(trouble: Trouble, folder: Path, calls: int, seed: int) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "data.db"
    clients = [Client(number, seed, padding=_PADDING) for number in range(CLIENTS)]
    refused = 0
    name = trouble.__name__.strip("_")
    with http_client() as http, progress(f"disk, {name}", 3 * calls) as tell:
        with fresh_server("--database", str(path), *_OPTIONS) as server:
            sandbox = demo(server.origin, http)
            for number in range(calls):
                clients[number % CLIENTS].send(sandbox)
            tell(calls)
            with trouble(folder, server.process.pid):
                sent, until = 0, time.monotonic() + _MOST_SECONDS
                while sent < calls or (refused < _LEAST_REFUSED and time.monotonic() < until):
                    refused += not _taken(clients[sent % CLIENTS], sandbox, path)
                    if sent % _LOOK_EVERY == 0:
                        _check_admin(sandbox, clients)
                    sent += 1
            require(refused > 0, f"no call was refused for the trouble '{name}'")
            tell(2 * calls)
            over_at = path.stat().st_mtime_ns
            for number in range(calls):
                clients[number % CLIENTS].send(sandbox)
            _write_until_moved(clients, sandbox, path, over_at)
            server.process.kill()
        check_file(path)
        with fresh_server("--database", str(path), *_OPTIONS) as server:
            check_stored(demo(server.origin, http), clients)
            tell(3 * calls)
    return f"{refused:,} clear errors 500, nothing lost, nothing half-written, service went on"


def _taken(client: Client, sandbox: Sandbox, path: Path) -> bool:
    """Whether the client's next call was carried out; otherwise it must be told why, and what to do."""
    call = client.call()
    answer = sandbox.send(call.method, call.path, integration=call.integration, json=call.body)
    if answer.status_code != 500:
        client.take(answer.status_code, answer.text)
        return True
    (text,) = errors_of(answer)
    clear = text.startswith("nothing was stored") and str(path) in text and "disk" in text
    require(clear, f"{call.method} {call.path} was answered with 500 and no clear text: {text}")
    client.settle(done=False)
    return False


def _write_until_moved(clients: list[Client], sandbox: Sandbox, path: Path, since: int) -> None:
    """Write until the server moves pages of its write-ahead log into the file: it must not grow for ever."""
    patience = time.monotonic() + 60
    while path.stat().st_mtime_ns <= since:
        for client in clients:
            client.send(sandbox)
        require(time.monotonic() < patience, "the write-ahead log is not moved into the file any more")


def _check_admin(sandbox: Sandbox, clients: list[Client]) -> None:
    check_stored(sandbox, clients)
    for path in _ADMIN:
        answer = sandbox.http.get(sandbox.origin + path, follow_redirects=True)
        require(answer.status_code == 200, f"GET {path} was answered with {answer.status_code}: {answer.text[:1000]}")


@contextmanager
def _size_limited(folder: Path, pid: int) -> Iterator[None]:
    """The server may write no file beyond half of its database: what `ulimit -f` does, any system has it."""
    size = (folder / "data.db").stat().st_size
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size // 2, resource.RLIM_INFINITY))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def _full(folder: Path, _: int) -> Iterator[None]:
    """Another file takes all the space."""
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
    """Whether a file that is open already can be made immutable: only some file systems have it."""
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
    """The start of a command line that runs a command with mounts of its own; empty where that is forbidden."""
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
    """A server does not start on a database that it may not write; it says so, and its data are as they were."""
    path = folder / "data.db"
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    before = path.read_bytes()
    command = [*COMMAND, "serve", "--port", "0", "--database", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    told = ended.stderr.strip()
    require(ended.returncode == 2 and str(path) in told and "\n" not in told, f"read-only: {ended}")
    require(path.read_bytes() == before, "a server that may not write has written")
    with fresh_server("--database", str(path)) as server:
        require(httpx.get(f"{server.origin}/__admin/health", trust_env=False).status_code == 200, "it does not start")
    return "the server does not start, and says why"
