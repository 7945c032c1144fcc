"""The real command in a process of its own, as a user starts it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-m", "mock_server"]
_BASE_URL = re.compile(r"^Base URL\s+(\S+)/api$", re.MULTILINE)


def ended(*options: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end. `cwd`: its copy of `mock_server` takes precedence over the installed one."""
    return subprocess.run([*COMMAND, *options], cwd=cwd, capture_output=True, text=True, timeout=60)


def with_variables(**variables: str) -> dict[str, str]:
    return {**os.environ, "NO_PROXY": "*", **variables}


def refused(*options: str, **variables: str) -> str:
    """Return the only line that `serve` prints when it refuses to start."""
    ended = subprocess.run(
        [*COMMAND, "serve", *options], env=with_variables(**variables), capture_output=True, text=True, timeout=10
    )
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    assert ended.stderr.startswith("segmetrics-mock: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


@dataclass(frozen=True, slots=True)
class Served:
    """A running server. `banner`: what it printed when it was ready."""

    origin: str
    banner: str
    process: "subprocess.Popen[str]"


@contextmanager
def served(*options: str, **popen: object) -> Iterator[Served]:
    """Run `segmetrics-mock serve --port 0 OPTIONS` while the block runs, and end it by SIGTERM."""
    process = subprocess.Popen(  # type: ignore[call-overload]
        [*COMMAND, "serve", "--port", "0", *options], stdout=subprocess.PIPE, text=True, **popen
    )
    with process:
        try:
            banner = ""
            while "curl " not in banner:
                line = process.stdout.readline()
                assert line, f"the server ended before it was ready:\n{banner}"
                banner += line
            found = _BASE_URL.search(banner)
            assert found, banner
            yield Served(found[1], banner, process)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=10)
