"""The command line: what it says to a slip of the hand, and how it ends when nobody reads on."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.checked import environment, run
from client_tests.serving import COMMAND, served
from client_tests.test_serve import demo
from mock_server import __version__
from mock_server.commands import SHELLS
from mock_server.explanations import EXPLANATIONS
from mock_server.findings import CATALOGUE


def command(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(**variables), capture_output=True, text=True, timeout=60
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "usage", "near"),
    [
        ("serv", "segmetrics-mock [-h]", "did you mean 'serve'?"),
        ("serve --prot 1", "segmetrics-mock serve", "no option --prot; did you mean '--port'?"),
        ("check --fial-on notice -- true", "segmetrics-mock check", "did you mean '--fail-on'?"),
        ("contract --yes-writ --fial http://127.0.0.1:1/api", "segmetrics-mock contract", "no option --fial"),
        ("fake contcat", "segmetrics-mock fake", "did you mean 'contact'?"),
        ("findings tag-dropped", "segmetrics-mock findings", "did you mean 'tags-dropped'?"),
        ("datasets demo", "segmetrics-mock datasets", "'demo' is one too many"),
        ("fake contact --count 200001", "segmetrics-mock fake", "at most 200,000"),
        ("serve --mode strikt", "", "did you mean 'strict'?"),
        ("serve --faults flaky", "", "did you mean 'flaky-network'?"),
        ("serve --dataset dmeo", "", "did you mean 'demo'?"),
    ],
)
def test_a_slip_of_the_hand_is_misuse_and_names_what_was_meant(line: str, usage: str, near: str) -> None:
    ended = command(*line.split())

    assert ended.returncode == 2
    assert f"usage: {usage}" in ended.stderr if usage else "usage" not in ended.stderr
    assert near in ended.stderr
    assert ended.stdout == ""


def test_without_a_command_the_help_is_shown_and_it_is_misuse() -> None:
    ended = command()

    assert ended.returncode == 2
    assert "segmetrics-mock check -- npm test" in ended.stderr


@pytest.mark.parametrize("name", ["serve", "check", "contract", "fake", "findings", "completion"])
def test_the_help_of_a_command_has_examples(name: str) -> None:
    ended = command(name, "--help")

    assert ended.returncode == 0
    assert f"segmetrics-mock {name}" in ended.stdout.partition("examples:")[2]


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_printed(option: str) -> None:
    assert command(option).stdout == f"segmetrics-mock {__version__}\n"


def test_the_findings_are_listed_and_each_is_explained() -> None:
    listed = command("findings")
    explained = command("findings", "tags-dropped")

    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(CATALOGUE)
    assert explained.stdout.startswith("tags-dropped, a warning: ")
    assert all(call in explained.stdout for call in EXPLANATIONS["tags-dropped"].example)
    assert EXPLANATIONS["tags-dropped"].why in explained.stdout
    assert "tags-replaced, documented: " in explained.stdout


def test_the_fault_plans_are_listed_as_they_can_be_written() -> None:
    listed = command("faults").stdout.splitlines()

    assert [line for line in listed if not line.startswith(" ")] == ["flaky-network", "lost-answers", "overloaded"]
    assert all(json.loads(line)["fault"] for line in listed if line.startswith(" "))


# Variables of options.


@pytest.mark.slow
def test_each_option_of_check_has_a_variable_and_the_option_wins() -> None:
    variables: dict[str, str | Path] = {"SEGMETRICS_MOCK_FAIL_UNDER": "100", "SEGMETRICS_MOCK_ACCOUNT": "a-42"}
    script = "import os; print(os.environ['SEGMETRICS_ACCOUNT_ID'])"

    by_variable = run(command=[sys.executable, "-c", script], variables=variables)
    by_option = run("--account", "b-43", command=[sys.executable, "-c", script], variables=variables)

    assert by_variable.stdout.startswith(b"a-42\n")
    assert b"coverage is 0.0 %, less than the required 100 %" in by_variable.stdout
    assert by_option.stdout.startswith(b"b-43\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SEGMETRICS_MOCK_FAIL_ON", "violations", "did you mean 'violation'?"),
        ("SEGMETRICS_MOCK_FAIL_UNDER", "much", "'much'"),
        ("SEGMETRICS_MOCK_ALLOW_PORT", "80,http", "'http' is not a port"),
        ("SEGMETRICS_MOCK_BASELINE_UPDATE", "yes", "SEGMETRICS_MOCK_BASELINE_UPDATE is 'yes'"),
    ],
)
def test_a_variable_that_cannot_be_read_is_misuse(name: str, value: str, why: str) -> None:
    ended = run(command=["true"], variables={name: value})

    assert ended.returncode == 2
    assert why in ended.stderr.decode()


def test_a_variable_that_is_not_a_setting_is_named() -> None:
    ended = command("datasets", SEGMETRICS_MOCK_PROT="1")

    assert ended.returncode == 0
    assert "SEGMETRICS_MOCK_PROT is not a setting; did you mean 'SEGMETRICS_MOCK_PORT'?" in ended.stderr


# How it ends.


@pytest.mark.slow
@pytest.mark.parametrize("line", ["fake contact --count 100000", "findings", "completion bash"])
def test_a_closed_pipe_ends_a_command_without_a_traceback(line: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as closed:  # noqa: PTH123 - a descriptor, not a path
        ended = subprocess.run(
            [*COMMAND, *line.split()], stdout=closed, stderr=subprocess.PIPE, env=environment(), timeout=60
        )

    assert ended.returncode == 141
    assert ended.stderr == b""


@pytest.mark.slow
def test_ctrl_c_ends_a_command_without_a_traceback() -> None:
    line = [*COMMAND, "fake", "contact", "--count", "200000"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.close()

        assert process.wait(timeout=30) in (-signal.SIGINT, 141)
        assert process.stderr.read() == b""


@pytest.mark.slow
def test_a_terminal_without_the_characters_of_a_text_gets_them_escaped() -> None:
    ended = run(command=["true", "é"], variables={"PYTHONIOENCODING": "ascii"})

    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
    assert rb"'\xe9'" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_completion_script_names_the_command(shell: str) -> None:
    assert "segmetrics-mock" in command("completion", shell).stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("line", "completed"),
    [("segmetrics-mock con", ["contract "]), ("segmetrics-mock check --fail", ["--fail-on", "--fail-under"])],
)
def test_bash_completes_commands_and_options(line: str, completed: list[str]) -> None:
    script = f"""
        eval "$({COMMAND[0]} {" ".join(COMMAND[1:])} completion bash)"
        COMP_LINE='{line}' COMP_POINT={len(line)} COMP_TYPE=9 _python_argcomplete segmetrics-mock
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", script], env=environment(PATH=path), capture_output=True, text=True, timeout=60
    )

    assert ended.stdout.splitlines() == completed


# What `serve` prints.


def log_of(*options: str) -> list[str]:
    with httpx.Client() as http, served("--log-requests", *options) as server:
        demo(server, http).post("product", {"name": 5, "colour": "red"})
        server.process.terminate()
        return server.process.communicate(timeout=30)[0].strip().splitlines()


def test_a_logged_request_is_followed_by_its_findings() -> None:
    request, *findings = log_of()

    assert " POST   /api/v1/demo/payments/product 400 " in request
    assert "  violation missing-field /body/id: missing 'id' field " in findings
    assert all("\x1b" not in line for line in [request, *findings])


def test_a_request_is_logged_as_json_when_asked() -> None:
    (line,) = log_of("--log-format", "json")

    logged: dict[str, Any] = json.loads(line)
    assert (logged["method"], logged["status"], logged["operation"]) == ("POST", 400, "upsert_product")
    assert logged["findings"][0] == {
        "code": "missing-field",
        "severity": "violation",
        "pointer": "/body/id",
        "message": "missing 'id' field ",
    }


@pytest.mark.slow
def test_serving_goes_on_when_nobody_reads_the_log_any_more() -> None:
    with httpx.Client() as http, served("--log-requests") as server:
        assert server.process.stdout
        server.process.stdout.readline()  # the end of the banner
        server.process.stdout.close()
        for _ in range(3):
            assert demo(server, http).post("product", {"id": 1, "name": "Course"}).status_code == 200
