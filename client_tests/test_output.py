"""The terminal is not the database: whatever becomes of the output, calls are stored and answered, exit codes stay."""

import os
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from client_tests.checked import CHECKOUT, arguments, client, environment
from client_tests.sandbox import Sandbox
from client_tests.serving import COMMAND, served

pytestmark = pytest.mark.slow

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
CONTROL = "\x1b]0;owned\x07\u202e\u200b"


def shell(script: str, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in which `"$@"` is the command."""
    line = ["bash", "-c", script, "bash", *command]
    return subprocess.run(line, cwd=CHECKOUT, env=environment(**variables), capture_output=True, text=True, timeout=120)


def test_a_pipe_that_nobody_reads_holds_up_no_call() -> None:
    with httpx.Client() as http, served("--log-requests") as server:
        sandbox = Sandbox.default(server.origin, http)
        field = "x" * 4_000

        for number in range(100):
            assert sandbox.post("product", {"id": number, "name": "A", field: 1}).status_code == 200

        assert len(sandbox.state()["products"]) == 100
        server.process.terminate()
        server.process.wait(timeout=10)


@pytest.mark.parametrize("output", [pytest.param("> /dev/full", marks=needs_full), ">&-", "| head -3 >&2"])
def test_serving_goes_on_whatever_becomes_of_the_output(output: str, tmp_path: Path) -> None:
    script = f"""
        {{ "$@" & echo $! > {tmp_path}/pid; wait; }} {output} &
        for try in $(seq 200); do curl -s --noproxy '*' $URL/__admin/health && break; sleep 0.1; done
        for try in 1 2 3; do
          curl -s --noproxy '*' -o /dev/null -w '%{{http_code}} ' $URL/api/v1/demo/payments/product \
            -H 'Authorization: sandbox-key-0123456789' -H 'Content-Type: application/json' -d '{{"id": 1, "name": "A"}}'
        done
        kill $(cat {tmp_path}/pid); wait
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = shell(script, *COMMAND, "serve", "--port", str(port), "--log-requests", URL=f"http://127.0.0.1:{port}")

    assert '"ok"' in ended.stdout
    assert ended.stdout.endswith("200 200 200 ")
    assert "Traceback" not in ended.stderr


def test_names_that_control_a_terminal_are_printed_as_escapes() -> None:
    variables = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    with httpx.Client() as http, served("--log-requests", env=variables, encoding="latin-1") as server:
        sandbox = Sandbox.default(server.origin, http)

        assert sandbox.post("product", {"id": 1, "name": "A", f"ö{CONTROL}": 1}).status_code == 200

        server.process.terminate()
        assert server.process.stdout
        printed = server.process.stdout.read()
    assert r"/body/ö\x1b]0;owned\x07\u202e\u200b: " in printed


@pytest.mark.parametrize("output", [pytest.param("> /dev/full", marks=needs_full), ">&-", "| head -1 > /dev/null"])
@pytest.mark.parametrize(("order", "code"), [("good", 0), ("bad", 1)])
def test_the_exit_code_of_check_is_that_of_the_verdict(order: str, code: int, output: str) -> None:
    command = arguments(command=["sh", "-c", f"{' '.join(client('shop', order))} > /dev/null"])

    ended = shell(f'"$@" {output}; echo ${{PIPESTATUS[0]}} >&2', *command)

    assert ended.stderr == f"{code}\n"


@needs_full
@pytest.mark.parametrize("command", [["findings"], ["datasets"], ["faults"], ["fake", "contact", "--count", "3000"]])
def test_other_commands_end_in_one_line_when_their_output_cannot_be_written(command: list[str]) -> None:
    ended = shell('"$@" > /dev/full', *COMMAND, *command)

    assert ended.returncode == 2
    assert ended.stderr == "segmetrics-mock: the output cannot be used: No space left on device\n"


def test_other_commands_end_as_a_shell_has_it_when_nobody_reads_on() -> None:
    ended = shell('"$@" | head -1; echo ${PIPESTATUS[0]} >&2', *COMMAND, "fake", "contact", "--count", "3000")

    assert ended.stderr == "141\n"
    assert ended.stdout.count("\n") == 1


def test_a_closed_output_is_not_taken_for_the_next_file(tmp_path: Path) -> None:
    database = tmp_path / "data.db"

    ended = shell('timeout -s TERM 5 "$@" >&- 2>&-', *COMMAND, "serve", "--port", "0", "--database", str(database))

    assert ended.returncode in (0, 124), ended
    assert database.read_bytes().startswith(b"SQLite format 3\0")
    assert b"Base URL" not in database.read_bytes()
