"""The terminal is not the database: whatever becomes of the output, calls are stored and answered, exit codes stay."""

import json
import os
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from client_tests.checked import CHECKOUT, arguments, client, environment
from client_tests.raw import raw_exchange
from client_tests.sandbox import Sandbox
from client_tests.serving import COMMAND, served
from contracts.serving import served as broken

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


def test_a_standard_error_that_nobody_reads_holds_up_no_call() -> None:
    """For the warnings of the server itself: at some 1,600 requests that are none, 64 KB of them stopped it."""
    with httpx.Client() as http, served(stderr=subprocess.PIPE) as server:
        for _ in range(2_000):
            assert b" 400 " in raw_exchange(server.origin, b"NOTHING\r\n\r\n")

        assert Sandbox.default(server.origin, http).post("product", {"id": 1, "name": "A"}).status_code == 200


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_each_line_of_the_log_is_json_in_any_encoding(encoding: str) -> None:
    """For names in characters that the output lacks, which were escaped in a way that JSON does not know."""
    variables = {**os.environ, "PYTHONIOENCODING": encoding}
    name = f"ö\U0001f600{CONTROL}"
    with httpx.Client() as http, served("--log-requests", "--log-format", "json", env=variables) as server:
        Sandbox.default(server.origin, http).stored("product", {"id": 1, "name": "A", name: 1})
        server.process.terminate()
        printed = server.process.communicate(timeout=30)[0]

    assert printed.isascii()
    assert json.loads(printed)["findings"][0]["pointer"] == f"/body/{name}"


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
@pytest.mark.parametrize(
    ("line", "code"),
    [("findings", 0), ("serve --port 99999", 2), ("findings nothing", 2), ("contract http://127.0.0.1:1/api", 2)],
)
def test_an_error_that_cannot_be_written_leaves_the_exit_code(line: str, code: int) -> None:
    """For a full disk behind the standard error: misuse ended with 1, as if the contract was broken."""
    ended = shell('"$@" 2> /dev/full', *COMMAND, *line.split(), SEGMETRICS_MOCK_NONSENSE="1")

    assert ended.returncode == code


@pytest.mark.parametrize("output", [pytest.param("> /dev/full", marks=needs_full), "| head -1 > /dev/null"])
def test_the_exit_code_of_contract_is_that_of_the_verdict(output: str) -> None:
    """For `contract | head`, which ended with 141, and a full disk, with 2."""
    with broken("created_is_201") as url:
        line = [*COMMAND, "contract", url, "--quick", "--fail-fast", "--seed", "1"]
        ended = shell(f'"$@" {output}; echo ${{PIPESTATUS[0]}} >&2', *line)

    assert ended.stderr == "1\n"


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
