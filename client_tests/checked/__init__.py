"""`check` as a user runs it: the real command in a process of its own, and small clients for it to run."""

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client_tests.serving import COMMAND

CHECKOUT = Path(__file__).parents[2]
PRODUCTION = "https://import.segmetrics.io/api"
# Variables of whoever runs these tests that would change what `check` writes.
_OF_THE_CALLER = ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR")


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a run. `report`: the JSON document."""

    code: int
    stdout: str
    stderr: str
    report: dict[str, Any]


def client(name: str, *arguments: str) -> list[str]:
    """Return the command line of one of the clients of this folder."""
    return [sys.executable, "-m", f"{__name__}.{name}", *arguments]


def arguments(*options: str | Path, command: list[str] | None = None) -> list[str]:
    """Return the command line of `check`; without a command there is no `--` either."""
    return [*COMMAND, "check", *map(str, options), *(["--", *command] if command else [])]


def environment(**variables: str | Path) -> dict[str, str]:
    """Return this process's environment with `variables`, and without those of the caller's CI."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_THE_CALLER}
    return kept | {name: str(value) for name, value in variables.items()}


def run(
    *options: str | Path,
    command: list[str] | None = None,
    variables: Mapping[str, str | Path] = {},
    stdin: bytes = b"",
) -> "subprocess.CompletedProcess[bytes]":
    """Run `segmetrics-mock check OPTIONS -- COMMAND` to its end."""
    line = arguments(*options, command=command)
    return subprocess.run(
        line, cwd=CHECKOUT, env=environment(**variables), input=stdin, capture_output=True, timeout=120
    )


def on_a_terminal(*command: str, columns: int = 80, **variables: str) -> str:
    """Return what `check` prints on a terminal of that width."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    line, own = arguments(command=list(command)), environment(TERM="xterm-256color", **variables)
    with subprocess.Popen(line, cwd=CHECKOUT, env=own, stdin=subprocess.DEVNULL, stdout=its) as process:
        os.close(its)
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            printed = b""
            while chunk := _read(terminal.fileno()):
                printed += chunk
        process.wait(timeout=60)
    return printed.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # How Linux shows that the other side is closed.
        return b""


def checked(folder: Path, command: list[str], *options: str | Path, **variables: str | Path) -> Checked:
    """Run `check` to its end with a JSON report, which is written to `folder`."""
    file = folder / "report.json"
    ended = run("--report-json", file, *options, command=command, variables=variables)
    assert file.exists(), ended.stderr.decode()
    return Checked(ended.returncode, ended.stdout.decode(), ended.stderr.decode(), json.loads(file.read_bytes()))
