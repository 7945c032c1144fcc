"""`check`: any client's own command, unmodified, judged against the contract."""

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from client_tests.checked import PRODUCTION, Checked, checked, client, run
from mock_server.store.accounts import DEFAULT_SANDBOX

WRONG_PLACES = ["/body/amount", "/body/date_created", "/body/items/0/amount"]
ECHO = """
import sys
sys.stdout.buffer.write(sys.stdin.buffer.read())
sys.stderr.buffer.write(bytes(range(256)))
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return checked(tmp_path_factory.mktemp("good"), client("shop", "good"))


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return checked(tmp_path_factory.mktemp("bad"), client("shop", "bad"))


def test_a_client_that_keeps_the_contract_passes(good: Checked) -> None:
    summary = good.report["summary"]

    assert good.code == summary["exit_code"] == 0
    assert (summary["requests"], summary["violations"], summary["warnings"], summary["notices"]) == (2, 0, 0, 0)
    assert good.report["findings"] == good.report["foreign_hosts"] == []
    assert "the contract holds" in good.stdout


def test_each_wrong_field_is_named_in_the_report_and_on_the_terminal(bad: Checked) -> None:
    found = {finding["pointer"]: finding for finding in bad.report["findings"]}

    assert bad.code == bad.report["summary"]["exit_code"] == 1
    assert sorted(found) == WRONG_PLACES
    assert {finding["operation"] for finding in found.values()} == {"upsert_invoice"}
    for pointer, finding in found.items():
        assert f"violation {finding['code']}: upsert_invoice {pointer}\n" in bad.stdout
        assert finding["message"] in bad.stdout
        assert finding["requests"] == [2]


@pytest.mark.parametrize("order", ["good", pytest.param("bad", marks=pytest.mark.slow)])
def test_the_production_host_baked_in_gives_the_same_report(
    order: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pointed: Checked = request.getfixturevalue(order)

    baked_in = checked(tmp_path, client("shop", order, PRODUCTION))

    assert judged(baked_in.report) == judged(pointed.report)
    assert baked_in.code == pointed.code


def judged(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without what differs between two equal runs: the times, the command and the calls themselves."""
    differing = {"command", "started_at", "duration_seconds", "exchanges"}
    return {name: part for name, part in report.items() if name not in differing}


def test_nothing_captured_is_a_failure_that_names_its_likely_causes(tmp_path: Path) -> None:
    ended = checked(tmp_path, ["true"])

    assert ended.code == ended.report["summary"]["exit_code"] == 1
    assert "nothing was captured" in ended.stdout
    for cause in ("it made no call", "another base URL baked in", "SEGMETRICS_BASE_URL"):
        assert cause in ended.stdout


def test_the_exit_code_of_the_client_goes_before_all_else(tmp_path: Path) -> None:
    ended = checked(tmp_path, ["sh", "-c", f"{shlex.join(client('shop', 'bad'))}; exit 7"])

    assert ended.code == ended.report["summary"]["exit_code"] == 7
    assert ended.report["summary"]["violations"] == 3
    assert "the command failed with exit code 7" in ended.stdout


@pytest.mark.parametrize("command", [["no-such-command-7d1c"], ["./README.md"]], ids=shlex.join)
def test_a_command_that_is_none_is_misuse_reported_in_one_line(command: list[str]) -> None:
    ended = run(command=command)

    assert ended.returncode == 2
    assert ended.stdout == b""
    assert ended.stderr.decode().splitlines() == [f"segmetrics-mock: there is no command '{command[0]}'"]


@pytest.mark.parametrize("words", [[], ["--"], ["--fail-under", "5", "--"]], ids=shlex.join)
def test_no_command_at_all_is_misuse(words: list[str]) -> None:
    ended = run(*words)

    assert ended.returncode == 2
    assert ended.stderr.decode().splitlines() == [
        "segmetrics-mock: say what to run: segmetrics-mock check -- COMMAND ..."
    ]


@pytest.mark.slow
def test_another_host_is_refused_recorded_and_fails_the_run(tmp_path: Path) -> None:
    curl = "curl --silent --show-error https://api.example.org"

    ended = checked(tmp_path, ["sh", "-c", f"{shlex.join(client('shop', 'good'))}; {curl} || true"])

    assert ended.code == ended.report["summary"]["exit_code"] == 1
    assert ended.report["foreign_hosts"] == [{"host": "api.example.org", "port": 443, "address": "", "count": 1}]
    assert ended.report["summary"]["requests"] == 2
    assert "called api.example.org:443 once, which was refused" in ended.stdout
    assert "--allow-host api.example.org" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("percent", "code"), [("1", 0), ("99.5", 1)])
def test_coverage_below_what_is_asked_for_fails(percent: str, code: int, tmp_path: Path, good: Checked) -> None:
    ended = checked(tmp_path, client("shop", "good"), "--fail-under", percent)

    assert ended.code == ended.report["summary"]["exit_code"] == code
    assert 1 < ended.report["summary"]["coverage_percent"] < 99
    assert ended.report["coverage"] == good.report["coverage"]
    complaint = f"coverage is {ended.report['summary']['coverage_percent']} %, less than the required {percent} %"
    assert (complaint in ended.stdout) == bool(code)


@pytest.mark.slow
def test_lenient_accepts_what_was_intended_and_keeps_the_finding(tmp_path: Path) -> None:
    strict = checked(tmp_path, client("shop", "text"))

    lenient = checked(tmp_path, client("shop", "text"), "--mode", "lenient")

    assert strict.stdout.split()[:2] == ["200", "400"]
    assert lenient.stdout.split()[:2] == ["200", "200"]
    assert [finding["pointer"] for finding in lenient.report["findings"]] == ["/body/amount"]
    assert lenient.report["findings"] == strict.report["findings"]
    assert lenient.code == strict.code == 1


BAKED_IN = {
    "SEGMETRICS_ACCOUNT_ID": "acme",
    "SEGMETRICS_INTEGRATION_ID": "shop-1",
    "SEGMETRICS_API_KEY": "live-key-7d1c5a90e2",
}


def baked_in(credentials: dict[str, str]) -> list[str]:
    """Return the shop with credentials and host baked in, whatever `check` passes to it."""
    return ["env", *(f"{name}={value}" for name, value in credentials.items()), *client("shop", "good", PRODUCTION)]


@pytest.mark.slow
def test_credentials_that_are_baked_in_are_taken(tmp_path: Path) -> None:
    account, integration, key = BAKED_IN.values()

    ended = checked(tmp_path, baked_in(BAKED_IN), "--account", account, "--integration", integration, "--api-key", key)

    assert ended.report["findings"] == []
    assert ended.code == 0


@pytest.mark.slow
def test_credentials_that_are_baked_in_and_not_given_are_found(tmp_path: Path) -> None:
    ended = checked(tmp_path, baked_in(BAKED_IN))

    assert ended.code == 1
    assert {finding["code"] for finding in ended.report["findings"]} == {"wrong-key"}
    assert ended.report["summary"]["violations"] == ended.report["summary"]["requests"] == 2


@pytest.mark.slow
def test_requests_are_numbered_as_they_came_whichever_account_they_named(tmp_path: Path) -> None:
    stray, own = shlex.join(baked_in(BAKED_IN)), shlex.join(client("shop", "text"))

    ended = checked(tmp_path, ["sh", "-c", f"{stray}; {own}; {stray}"])

    assert sorted(finding["requests"] for finding in ended.report["findings"]) == [[1, 5], [2, 6], [4]]


@pytest.mark.slow
def test_the_name_of_the_ads_integration_is_taken() -> None:
    ended = run("--integration", "ads", command=["true"])

    assert ended.returncode == 2
    (line,) = ended.stderr.decode().splitlines()
    assert line.startswith("segmetrics-mock: --integration ads: that is the name of the custom ads integration")


@pytest.mark.slow
@pytest.mark.parametrize("given", [False, True])
def test_the_credentials_of_serve_are_good_for_check_too(given: bool, tmp_path: Path) -> None:
    account, integration, key = DEFAULT_SANDBOX.account_id, "payments", DEFAULT_SANDBOX.api_key
    options = ("--account", account, "--integration", integration, "--api-key", key) if given else ()

    ended = checked(tmp_path, baked_in(dict(zip(BAKED_IN, (account, integration, key), strict=True))), *options)

    assert ended.code == 0
    assert ended.report["summary"]["requests"] == 2


@pytest.mark.slow
def test_the_bytes_of_the_client_pass_untouched() -> None:
    sent = bytes(range(256)) * 1000

    ended = run(command=[sys.executable, "-c", ECHO], stdin=sent)

    assert ended.stdout.startswith(sent + b"\n- The command ran, ")
    assert ended.stderr == bytes(range(256))


@pytest.mark.slow
def test_options_after_the_command_are_its_own(tmp_path: Path) -> None:
    words = ["--fail-under", "x", "--", "-h", "", "a b"]

    ended = checked(tmp_path, ["printf", "%s.", *words])

    assert ended.stdout.startswith("".join(f"{word}." for word in words))
    again = shlex.join(["check", "--report-json", str(tmp_path / "report.json"), "--", "printf", "%s.", *words])
    assert f"Again: segmetrics-mock {again}\n" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "file"),
    [("--report-json", "nowhere/report"), ("--report-junit", "nowhere/report"), ("--report-html", ".")],
)
def test_a_report_that_cannot_be_written_is_misuse_before_the_command_runs(
    option: str, file: str, tmp_path: Path
) -> None:
    ended = run(option, tmp_path / file, command=["touch", str(tmp_path / "was-run")])

    assert ended.returncode == 2
    (line,) = ended.stderr.decode().splitlines()
    assert line.startswith(f"segmetrics-mock: {tmp_path / file} cannot be written: ")
    assert not (tmp_path / "was-run").exists()
