"""Importing the suite does nothing: no files, no connections, nothing left to do at exit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parent
MODULES = sorted(
    ".".join(file.relative_to(SUITE.parent).with_suffix("").parts).removesuffix(".__init__")
    for file in SUITE.rglob("*.py")
)

# Forbids connections and records writes and exit handlers, then imports the modules that the command line names.
PROGRAM = """
import atexit, importlib, os, sys

def audit(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        sys.exit(f"{event}: {arguments}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        sys.exit(f"opened for writing: {arguments[0]}")

def register(function, *args, **kwargs):
    if function.__module__.startswith("contracts"):
        sys.exit(f"at exit: {function.__module__}.{function.__qualname__}")
    return at_exit(function, *args, **kwargs)

at_exit, atexit.register = atexit.register, register
sys.addaudithook(audit)
for name in sys.argv[1:]:
    importlib.import_module(name)
    print(name)
"""


@pytest.mark.slow
def test_importing_every_module_has_no_side_effect(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEGMETRICS_")}
    environment |= {"PYTHONPATH": str(SUITE.parent), "TMPDIR": str(tmp_path)}

    ended = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM, *MODULES],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.stderr == ""
    assert ended.stdout.splitlines() == MODULES
    assert "contracts.hooks" in MODULES
    assert list(tmp_path.iterdir()) == []
