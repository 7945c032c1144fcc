"""Ctrl-C in each command, whenever it comes: no traceback, and nothing goes on."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from client_tests.checked import CHECKOUT, environment
from client_tests.serving import COMMAND

pytestmark = pytest.mark.slow

# Interrupts the process when it imports the module of this variable.
INTERRUPTING = """
import os, signal, sys

def watch(event, arguments):
    if event == "import" and arguments[0] == os.environ["INTERRUPTED_AT"]:
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(watch)
"""
ENDED = (-signal.SIGINT, 128 + signal.SIGINT)


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("--help", "mock_server.commands"),
        ("findings", "mock_server.messages"),
        ("datasets", "mock_server.fakedata"),
        ("faults", "mock_server.faults"),
        ("fake contact", "mock_server.datasets.command"),
        ("fake contact", "decimal"),
        ("completion bash", "argcomplete.shell_integration"),
        ("serve --port 0", "mock_server.serving"),
        ("check -- true", "mock_server.check.command"),
        ("contract http://127.0.0.1:1/api", "mock_server.contract.command"),
    ],
)
def test_ctrl_c_while_a_command_loads(line: str, module: str, tmp_path: Path) -> None:
    """For the moment before a command runs, in which Python itself answers with a traceback."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTING)
    variables = environment(PYTHONPATH=tmp_path, INTERRUPTED_AT=module)

    ended = subprocess.run(
        [*COMMAND, *line.split()], cwd=CHECKOUT, env=variables, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode in ENDED
    assert ended.stderr == ""


def test_ctrl_c_while_the_workers_start(tmp_path: Path) -> None:
    """For a terminal, which sends ctrl-C to the workers too: each printed a traceback."""
    line = [*COMMAND, "serve", "--port", "0", "--workers", "2", "--database", str(tmp_path / "data.db")]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            process.kill()
            pytest.skip("this system does not list the children of a process")
        while len(children.read_text("ascii").split()) < 3:  # the tracker of multiprocessing, and the workers
            assert process.poll() is None

        os.killpg(process.pid, signal.SIGINT)

        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == ""
