"""`segmetrics-mock contract`: what it finds, what it prints, what it leaves behind."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from client_tests.checked import environment
from client_tests.serving import COMMAND
from client_tests.test_contract_baseline import ADOPTED, document_of, write
from contracts.serving import served
from mock_server import cli

Ended = subprocess.CompletedProcess[str]


def contract(url: str, *options: str) -> Ended:
    command = [*COMMAND, "contract", url, *options]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300, encoding="utf-8")


def generated(har: Path) -> list[tuple[str, str, str]]:
    """Return method, path and body of each call, without the server's port and the run's prefix."""
    calls = []
    for entry in json.loads(har.read_text("utf-8"))["log"]["entries"]:
        request = entry["request"]
        parts = (request["url"].partition("/api/")[2], request.get("postData", {}).get("text", ""))
        path, body = (re.sub(r"smc7-[0-9]+-|\b[0-9]{13,}\b", "·", text) for text in parts)
        calls.append((request["method"], path, body))
    return calls


def state(url: str) -> dict[str, Any]:
    answer = httpx.get(f"{url.removesuffix('/api')}/__admin/sandboxes/demo/state", trust_env=False)
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.slow
def test_the_fake_keeps_the_contract_and_one_seed_gives_the_same_cases(tmp_path: Path) -> None:
    """What others have stored is not touched; pruning drops what a run could have met, and nothing of `check`."""
    calls = []
    headers = {"Authorization": "sandbox-key-0123456789"}
    of_check = {"code": "bad-value", "operation": "upsert_contact", "pointer": "/body/email"}
    # No call of a quick run shows whether this holds.
    place = {"code": "contract/invoice-creates-products", "operation": "upsert_invoice", "pointer": "/"}
    unobservable = {**place, "expires": "2020-01-31", "reason": "an old proxy"}
    failed = {"code": "contract/server-error", "operation": "upsert_product", "pointer": "/"}
    baseline = tmp_path / "segmetrics.baseline.yaml"
    write(baseline, of_check, *ADOPTED, unobservable, failed, commands=("check", "contract"))
    pruning = ("--baseline", str(baseline), "--baseline-prune")
    for name, options in (("first", ()), ("second", pruning)):
        har, junit = tmp_path / f"{name}.har", tmp_path / f"{name}.xml"
        reports = ("--report-har", str(har), "--report-junit", str(junit))

        with served("", "--check-answers") as url:
            httpx.post(f"{url}/v1/demo/payments/contact", json={"contact_id": 249, "tags": [3]}, headers=headers)
            before = state(url)["contacts"]
            ended = contract(url, "--quick", "--seed", "7", *reports, *options)
            assert state(url)["contacts"] == before

        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "\nHELD: " in ended.stdout
        assert f"\nwhat it stores is read back from {url.removesuffix('/api')}/reading\n" in ended.stdout
        assert re.search(r"rules that are not documented; [0-9]+ held, [0-9]+ not reached, 0 broken; ", ended.stdout)
        assert ElementTree.parse(junit).getroot().get("failures") == "0"
        calls.append(generated(har))
    assert len(calls[0]) > 1000
    assert calls[0] == calls[1]
    assert document_of(baseline)["findings"] == [of_check, unobservable]


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("created_is_201", "success-envelope"),
        pytest.param("deleted_is_left_out", "deletion-answer", marks=pytest.mark.slow),
        pytest.param("answers_are_html", "success-envelope", marks=pytest.mark.slow),
        pytest.param("added_tags_replace", "added-tags-join", marks=pytest.mark.slow),
        pytest.param("non_ascii_fails", "success-envelope", marks=pytest.mark.slow),
    ],
)
def test_a_broken_server_is_found_and_the_rule_named(fault: str, rule: str) -> None:
    with served(fault) as url:
        ended = contract(url, "--quick", "--fail-fast", "--seed", "1")

    assert_broken(ended, rule, url)


def assert_broken(ended: Ended, rule: str, url: str) -> None:
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "\nBROKEN: " in ended.stdout
    assert f"\nviolation {rule}: " in ended.stdout, ended.stdout
    assert re.search(rf"again: (printf .* \| )?curl -X (POST|DELETE) '?{url}", ended.stdout)


# What the servers of the next test break in the operation that is tested first: assumptions alone.
ASSUMED = [
    *("all-errors-at-once", "broken-json-400", "error-envelope-elsewhere"),
    *("invalid-values-400", "json-limits-400", "readable-values-refused"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "rule", "counts"),
    [
        ("bad_data_is_422", "bad-data-400", "4 known findings, 2 not met any more (--baseline-prune drops them)"),
        ("invalid_is_accepted", "bad-data-400", "5 known findings"),
        ("errors_are_a_text", "error-envelope", "2 known findings, 4 not met any more (--baseline-prune drops them)"),
    ],
)
def test_what_is_known_does_not_stop_a_run_before_a_documented_rule_is_broken(
    fault: str, rule: str, counts: str, tmp_path: Path
) -> None:
    entries = [{"code": f"contract/{rule}", "operation": "upsert_contact", "pointer": "/"} for rule in ASSUMED]
    known = tmp_path / "segmetrics.baseline.yaml"
    write(known, *entries)

    with served(fault) as url:
        ended = contract(url, "--quick", "--fail-fast", "--seed", "1", "--baseline", str(known))

    assert_broken(ended, rule, url)
    assert f"\nbaseline: {counts}\n" in ended.stdout


def again_lines(output: str) -> list[tuple[str, int]]:
    """The curl lines of a report, each with the status that its call got.

    Without those about tags: their contacts are deleted at the end of the run.
    """
    found = re.findall(r"got +([0-9]{3})\n(?:  (?:before|also|and|rule:|evidence:|seen:) .*\n)*  again: (.*)", output)
    return [(line, int(status)) for status, line in found if "/tags/" not in line]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variations", "rules"),
    [
        (
            "texts_pass_for_numbers,frequency_may_be_zero,errors_are_messages",
            {"readable-values-refused", "invalid-values-400", "error-envelope-elsewhere"},
        ),
        (
            "empty_texts_are_ignored,empty_items_are_accepted,other_methods_are_501",
            {"readable-values-refused", "invalid-values-400", "other-method-405"},
        ),
    ],
)
def test_a_server_that_differs_in_what_is_assumed_breaks_no_documented_rule(variations: str, rules: set[str]) -> None:
    """`nulls_are_ignored` does so in test_contract_baseline.py, alone."""
    with served(variations) as url:
        ended = contract(url, "--quick", "--seed", "1", "--verbose")

        assert ended.returncode == 1, ended.stdout + ended.stderr
        assert set(re.findall(r"^assumption ([\w-]+): ", ended.stdout, re.MULTILINE)) == rules
        assert "\nviolation " not in ended.stdout
        broken = f"{len(rules)} assumptions do not hold"
        assert f"\nDIFFERENT: every documented rule that was reached held, {broken}; " in ended.stdout
        for rule in rules:
            assert re.search(rf"^broken +{rule} ", ended.stdout, re.MULTILINE)
        lines = again_lines(ended.stdout)
        assert lines
        for line, status in lines:
            assert status_of(line) == status, line


def status_of(line: str) -> int:
    """The status that a curl line gets, run as it is printed."""
    command = f"{line} --silent --noproxy '*' --output /dev/null --write-out '%{{http_code}}'"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    return int(ended.stdout)


@pytest.mark.slow
def test_a_lost_response_is_an_error_that_names_its_operation(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"rules": [{"operation": "upsert_product", "fault": {"reset": true}}]}', "utf-8")

    with served("", "--faults", str(plan)) as url:
        ended = contract(url, "--quick", "--fail-fast", "--seed", "1")

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert re.search(r"\nBROKEN: [^\n]*1 error; ", ended.stdout), ended.stdout
    assert "\nerror upsert_product\n  Network Error\n" in ended.stdout, ended.stdout
    assert "Need more help?" not in ended.stdout


@pytest.mark.slow
def test_an_interrupted_run_deletes_what_it_made() -> None:
    with served() as url:
        command = [*COMMAND, "contract", url, "--quick"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout
            while "coverage" not in process.stdout.readline():
                assert process.poll() is None

            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)

        assert process.returncode == 2
        assert "interrupted" in errors
        assert state(url)["contacts"] == []


@pytest.mark.slow
def test_a_server_that_goes_away_is_exit_2() -> None:
    with served() as url:
        command = [*COMMAND, "contract", url, "--quick"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout
        while "coverage" not in process.stdout.readline():
            assert process.poll() is None

    with process:
        _, errors = process.communicate(timeout=120)

    assert process.returncode == 2
    assert "out of reach" in errors.splitlines()[-1]


def test_a_closed_port_is_exit_2_and_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ended = contract(f"http://127.0.0.1:{taken.getsockname()[1]}/api")

    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "out of reach" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("option", [("--api-key", "wrong"), ("--account", "nobody"), ("--integration", "nowhere")])
def test_wrong_credentials_are_exit_2_and_one_line(option: tuple[str, str]) -> None:
    with served() as url:
        ended = contract(url, *option)

    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""


def test_production_is_not_written_to_without_a_word() -> None:
    ended = contract("https://import.segmetrics.io/api")

    assert ended.returncode == 2
    assert "--yes-write" in ended.stderr


def test_the_extra_is_named_when_schemathesis_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "schemathesis", None)

    code = cli.main(["contract", "http://127.0.0.1:1/api"])

    assert code == 2
    assert "pip install 'segmetrics-mock[contracts]'" in capsys.readouterr().err
