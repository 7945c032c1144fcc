"""The program that runs a command and ends with all of its descendants. It imports nothing of the kit.

What to run comes over a channel, whose other end only the process has that started it. When that end is closed,
because the process is done or because it was killed, everything below this one is killed, and its folder is deleted.
Over the channel go: a line with the folder, or why there is none; a byte with the command's descriptor, if it has one,
and a line with the command; a line with the number of the error, 0 if it runs; then signals for it, a byte each.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

REQUEST = b"r"
# The command's number for the descriptor.
DESCRIPTOR = 3

_PR_SET_CHILD_SUBREAPER = 36
# What cannot be killed, such as a program that runs as another user, is waited for so long.
_LAST_SECONDS = 5.0
_POLL_SECONDS = 0.01


def main(channel: socket.socket) -> int:
    """Run the command that comes over the channel; return its exit code, 128 + n when signal n ended it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever sends them to all processes means the command: this process ends after it.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda _, __: None)
    if sys.platform == "linux":
        # Each descendant whose parent ends becomes a child of this process.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        folder = tempfile.mkdtemp(prefix="segmetrics-mock-")
    except OSError as error:
        send_line(channel, ["", error.strerror])
        return 0
    try:
        send_line(channel, [folder, ""])
        command = _start(channel)
        return _wait(command, channel) if command else 0
    except ConnectionError:
        return 0  # nobody waits for the command
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def send_line(channel: socket.socket, value: object) -> None:
    channel.sendall(json.dumps(value).encode() + b"\n")


def _start(channel: socket.socket) -> int:
    """Start the command that is asked for; return its process id, 0 when there is none."""
    beginning, files, _, _ = socket.recv_fds(channel, len(REQUEST), 1)
    line = channel.makefile("rb").readline()
    if not beginning or not line.endswith(b"\n"):
        return 0
    request = json.loads(line)
    try:
        command = os.posix_spawn(
            request["program"],
            request["command"],
            request["environment"],
            file_actions=[(os.POSIX_SPAWN_DUP2, file, DESCRIPTOR) for file in files],
            setpgroup=0,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores them
        )
    except OSError as error:
        send_line(channel, error.errno)
        return 0
    for file in files:
        os.close(file)
    send_line(channel, 0)
    return command


def _wait(command: int, channel: socket.socket) -> int:
    """Wait for the command, and end what it leaves behind; return its exit code."""
    threading.Thread(target=_pass_signals_on, args=(command, channel), daemon=True).start()
    ended = 0
    while ended != command:
        ended, status = os.waitpid(-1, 0)
    _end_descendants(command)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _pass_signals_on(command: int, channel: socket.socket) -> None:
    """Send the command's process group what comes over the channel. SIGKILL, and its end, is for all descendants."""
    with suppress(ConnectionError):
        while received := channel.recv(1):
            if received[0] == signal.SIGKILL:
                _kill_descendants(command)
            else:
                _signal_group(command, received[0])
    _kill_descendants(command)


def _end_descendants(command: int) -> None:
    """Kill all descendants until none is left."""
    last = time.monotonic() + _LAST_SECONDS
    while time.monotonic() < last:
        _kill_descendants(command)
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            time.sleep(_POLL_SECONDS)


def _kill_descendants(command: int) -> None:
    _signal_group(command, signal.SIGKILL)
    parents = dict(_parents_of_proc() if sys.platform == "linux" else _parents_of_ps())
    found = [os.getpid()]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    for process in found[1:]:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def _signal_group(group: int, number: int) -> None:
    # macOS raises PermissionError for a group whose last process is a zombie.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _parents_of_proc() -> Iterator[tuple[int, int]]:
    """Yield each process with its parent."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # After the name, which may contain anything: state, parent.
            yield int(file.parent.name), int(file.read_bytes().rpartition(b")")[2].split()[1])


def _parents_of_ps() -> Iterator[tuple[int, int]]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        process, parent = line.split()
        yield int(process), int(parent)


if __name__ == "__main__":
    sys.exit(main(socket.socket(fileno=int(sys.argv[1]))))
