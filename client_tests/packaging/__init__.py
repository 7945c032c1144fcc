"""What users install: the wheel and what is built from it, outside the checkout."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
# Nothing of the environment of the tests, and their own Python first.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "VIRTUAL_ENV") and not name.startswith(("COVERAGE_", "SEGMETRICS_"))
} | {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])), "NO_PROXY": "*"}


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command to its end, which must be a success, and return what it prints."""
    ended = subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT | variables, capture_output=True, text=True, timeout=500, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def serving(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str] = ENVIRONMENT) -> Iterator[str]:
    """Run a command that serves while the block runs; yield the origin that it prints. Its processes end with it."""
    process = subprocess.Popen(
        list(map(str, command)), cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            assert process.stdout
            lines = iter(process.stdout.readline, "")
            found = next(filter(None, (re.match(r"Base URL\s+(\S+)/api", line) for line in lines)), None)
            assert found, f"{command} ended before it served"
            yield found[1]
        finally:
            os.killpg(process.pid, signal.SIGTERM)
