"""What counts in a checked run: all that the command sent to the server, whether or not it got as far as the API."""

import json
import shlex
from pathlib import Path

import pytest

from client_tests.checked import Checked, checked, client
from client_tests.checked.suites import Suite
from client_tests.sandbox import Sandbox, errors_of

pytest_plugins = ["pytester"]

PRODUCT = {"id": 1, "name": "Course"}
FOREIGN = [
    ("Origin", "http://localhost", "/headers/origin", "testEnvironment to node"),
    ("Origin", "null", "/headers/origin", "axios its http adapter"),
    ("Sec-Fetch-Site", "cross-site", "/headers/sec-fetch-site", "testEnvironment to node"),
    ("Host", "fake.example.org", "/headers/host", "--allow-host-header fake.example.org"),
]


def curl(*arguments: str, base: str = "$SEGMETRICS_BASE_URL", account: str = "$SEGMETRICS_ACCOUNT_ID") -> str:
    """Return a shell command that posts a product, and prints the status of the answer."""
    url = f'"{base}/v1/{account}/$SEGMETRICS_INTEGRATION_ID/product"'
    headers = """-H "Authorization: $SEGMETRICS_API_KEY" -H 'Content-Type: application/json'"""
    quiet = "curl -s -o /dev/null -w '%{http_code}\\n'"
    return f"{quiet} {url} {headers} -d {shlex.quote(json.dumps(PRODUCT))} {shlex.join(arguments)}"


def run(folder: Path, *commands: str, options: tuple[str, ...] = ()) -> Checked:
    return checked(folder, ["sh", "-c", "\n".join(commands)], *options)


def found(run: Checked) -> list[tuple[str, str, str]]:
    return [(finding["code"], finding["severity"], finding["pointer"]) for finding in run.report["findings"]]


@pytest.mark.slow
@pytest.mark.parametrize(("header", "value", "pointer", "remedy"), FOREIGN)
def test_a_call_that_the_guard_refuses_fails_the_run(
    tmp_path: Path, header: str, value: str, pointer: str, remedy: str
) -> None:
    ended = run(tmp_path, curl(), curl("-H", f"{header}: {value}"))

    assert ended.stdout.split()[:2] == ["200", "403"]
    assert ended.code == 1
    assert found(ended) == [("refused-by-guard", "violation", pointer)]
    (finding,) = ended.report["findings"]
    assert (finding["operation"], finding["requests"]) == ("upsert_product", [2])
    assert remedy in finding["message"]
    assert value in finding["message"]
    assert ended.report["coverage"]["operations"]["upsert_product"]["statuses"]["403"] == 1


@pytest.mark.parametrize(("header", "value", "pointer", "_"), FOREIGN)
def test_it_is_in_the_journal_of_the_account_that_its_path_names(
    sandbox: Sandbox, header: str, value: str, pointer: str, _: str
) -> None:
    answer = sandbox.send("POST", "product", json=PRODUCT, headers={header: value})

    assert answer.status_code == 403
    (entry,) = sandbox.requests()
    assert (entry["operation"], entry["answer"]["status"], entry["stored"]) == ("upsert_product", 403, False)
    assert [(finding["code"], finding["pointer"]) for finding in entry["findings"]] == [("refused-by-guard", pointer)]
    assert errors_of(answer) == [entry["findings"][0]["message"]]
    assert sandbox.api_key not in json.dumps(entry)
    assert sandbox.state()["products"] == []
    assert sandbox.admin("GET", "/report").json()["verdict"]["exit_code"] == 1


@pytest.mark.parametrize("path", ["/api/v1/nobody/payments/product", "/api/", "/api/v1/%FF/x"])
def test_where_its_path_names_none_it_is_in_that_of_the_default_sandbox(sandbox: Sandbox, path: str) -> None:
    default = Sandbox.default(sandbox.origin, sandbox.http)
    before = len(default.requests())

    sandbox.http.post(f"{sandbox.origin}{path}", json={}, headers={"Origin": "http://evil.example"})

    assert [entry["request"]["path"] for entry in default.requests()[before:]] == [path]


def test_what_the_guard_refuses_on_the_admin_side_is_not_a_call(sandbox: Sandbox) -> None:
    assert sandbox.admin("GET", "/state", headers={"Origin": "http://evil.example"}).status_code == 403

    assert sandbox.requests() == []


@pytest.mark.slow
@pytest.mark.parametrize("isolate", ["auto", "never"])
@pytest.mark.parametrize(("mode", "statuses"), [("strict", ["403", "200"]), ("lenient", ["200", "200"])])
def test_a_production_host_over_plain_http_is_a_violation(
    tmp_path: Path, isolate: str, mode: str, statuses: list[str]
) -> None:
    commands = [curl(base=f"{scheme}://import.segmetrics.io/api") for scheme in ("http", "https")]

    ended = run(tmp_path, *commands, options=("--isolate", isolate, "--mode", mode))

    assert ended.stdout.split()[:2] == statuses
    assert ended.code == 1
    assert found(ended) == [("insecure-scheme", "violation", "/headers/host")]
    assert ended.report["findings"][0]["requests"] == [1]
    assert "import.segmetrics.io was called over plain http" in ended.stdout


@pytest.mark.slow
def test_the_fakes_own_address_over_plain_http_is_as_it_should_be(tmp_path: Path) -> None:
    assert run(tmp_path, curl()).report["findings"] == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["other", "before"])
def test_calls_to_other_sandboxes_and_before_a_reset_count(tmp_path: Path, moment: str) -> None:
    ended = checked(tmp_path, client("resetting", moment))

    assert ended.stdout.split()[:2] == ["400", "200"]
    assert ended.code == 1
    assert ended.report["summary"]["requests"] == 2
    assert found(ended) == [("bad-value", "violation", "/body/name")]
    assert ended.report["findings"][0]["requests"] == [1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("send", "said"),
    [
        (curl("-H", f"X: {'x' * 70_000}"), "it was answered 431: the request's head is over the limit of 65536 bytes"),
        (
            """python3 -c 'import os, socket, urllib.parse
address = urllib.parse.urlsplit(os.environ["SEGMETRICS_BASE_URL"])
with socket.create_connection((address.hostname, address.port)) as connection:
    connection.sendall(b"NONSENSE\\r\\n\\r\\n")
    connection.recv(1)'""",
            "it was answered 400: Invalid HTTP request received.",
        ),
    ],
    ids=["a head that is too large", "what is not HTTP"],
)
def test_a_request_that_is_rejected_before_it_is_read_fails_the_run(tmp_path: Path, send: str, said: str) -> None:
    ended = run(tmp_path, curl(), send)

    assert ended.code == 1
    assert f"- a call did not reach the fake: {said}" in ended.stdout
    assert ended.report["verdict"]["headline"] == "the run failed"


SHOP = """
import json
from http.client import HTTPConnection
from urllib.parse import urlsplit


def add(sandbox, account=None, **headers):
    base = urlsplit(sandbox.base_url)
    connection = HTTPConnection(base.netloc, timeout=30)
    every = {"Authorization": sandbox.api_key, "Content-Type": "application/json", **headers}
    path = f"{base.path}/v1/{account or sandbox.account_id}/payments/contact"
    connection.request("POST", path, json.dumps({"contact_id": 1}), every)
    status = connection.getresponse().status
    connection.close()
    return status
"""


@pytest.mark.slow
def test_in_pytest_too_nothing_that_was_sent_is_forgotten(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Suite(pytester, monkeypatch).run_with(
        SHOP,
        """
from shop import add

def test_guard(segmetrics):
    assert add(segmetrics, Origin="http://localhost") == 403

def test_before_a_seed(segmetrics):
    assert add(segmetrics, Authorization="wrong") == 401
    segmetrics.seed("empty")
    assert add(segmetrics) == 200

def test_baked_in(segmetrics):
    assert add(segmetrics, account="live", Authorization="live-key") == 401

def test_baked_in_and_default(segmetrics):
    assert add(segmetrics, account="demo", Authorization="live-key") == 401

def test_head(segmetrics):
    assert add(segmetrics, X="x" * 70_000) == 431

def test_good(segmetrics):
    assert add(segmetrics) == 200
""",
    )

    result.assert_outcomes(passed=6, errors=5)
    result.stdout.fnmatch_lines(
        [
            "*at teardown of test_guard*",
            "  upsert_contact /headers/origin: a page of another site*[[]refused-by-guard[]]",
            "*at teardown of test_before_a_seed*",
            "  upsert_contact /headers/authorization: *[[]wrong-key[]]",
            "*at teardown of test_baked_in*",
            "  /headers/authorization: *[[]wrong-key[]]",
            "*at teardown of test_baked_in_and_default*",
            "  /headers/authorization: *[[]wrong-key[]]",
            "*at teardown of test_head*",
            "*a request was answered 431 before it was read*",
        ]
    )


FROZEN = """
import sys
import time
from datetime import datetime, timezone

import pytest
from shop import add

MOMENT = 1_700_000_000.0
REAL = {name: getattr(time, name) for name in ("time", "monotonic", "perf_counter")}


class Frozen(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(MOMENT, tz)


@pytest.fixture
def frozen(monkeypatch):
    '''Freeze the clocks as freezegun does: wherever a module has one of them by its name.'''
    fakes = {id(real): (lambda: MOMENT) for real in REAL.values()} | {id(datetime): Frozen}
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").split(".")[0] not in ("mock_server", "time", "datetime", "uvicorn"):
            continue
        for name, value in list(vars(module).items()):
            if id(value) in fakes:
                monkeypatch.setattr(module, name, fakes[id(value)])


def test_it(frozen, segmetrics):
    for _ in range(3):
        segmetrics.faults({"rules": [{"nth": [1], "fault": {"status": 500}}]})
        assert time.time() == time.monotonic() == MOMENT
        assert add(segmetrics) == 500
        REAL_SLEEP(0.1)
        assert add(segmetrics) == 200
    times = {request["received_at"] for request in segmetrics.requests}
    assert len(times) == 1, times


REAL_SLEEP = time.sleep
"""


@pytest.mark.slow
@pytest.mark.parametrize("before", [True, False], ids=["before the server starts", "after"])
def test_a_frozen_clock_gives_no_false_verdict(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    warm = "" if before else "\n\ndef test_a_start(segmetrics):\n    pass\n"
    tests = FROZEN.replace("\n\ndef test_it", f"{warm}\n\ndef test_it")

    result = Suite(pytester, monkeypatch).run_with(SHOP, tests, ini="segmetrics_fail_on = warning")

    result.assert_outcomes(passed=1 if before else 2)


@pytest.mark.slow
def test_a_wall_clock_that_is_set_back_gives_no_false_verdict(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = FROZEN.replace("return datetime.fromtimestamp(MOMENT, tz)", "return datetime.fromtimestamp(next(BACK), tz)")
    tests = tests.replace("MOMENT = ", "import itertools\nBACK = itertools.count(1_700_000_000, -60)\nMOMENT = ")

    result = Suite(pytester, monkeypatch).run_with(
        SHOP, tests.replace("len(times) == 1", "len(times) == 6"), ini="segmetrics_fail_on = warning"
    )

    result.assert_outcomes(passed=1)
