"""Answers that the client did not get: what is lost, and what it did then, judged through `check` and the plugin."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.checked import PRODUCTION, Checked, checked, client
from client_tests.checked.suites import Suite
from client_tests.postgres import sqlite_alone
from client_tests.sandbox import JSON_HEADERS, Sandbox

pytest_plugins = ["pytester"]

COURSE = '{"id": 1, "name": "Course"}'
OTHER_ID = '{"id": 2, "name": "Course"}'
DELAYED: dict[str, Any] = {"delay_seconds": 20}


def run(
    folder: Path,
    rule: dict[str, Any],
    *bodies: str,
    base: str = "-",
    seconds: float = 0.4,
    pause: float = 0.2,
    options: tuple[str, ...] = (),
) -> Checked:
    """Check the impatient client under a plan of one rule, which hits its first call."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"rules": [{"nth": [1], **rule}]}), "utf-8")
    command = client("impatient", base, str(seconds), str(pause), *bodies)
    return checked(folder, command, "--faults", plan, *options)


def codes(run: Checked) -> list[str]:
    return sorted(finding["code"] for finding in run.report["findings"])


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "fault", [DELAYED, {"drip_seconds": 20}, {"status": 503, "delay_seconds": 20}], ids=["delay", "drip", "slow 503"]
)
def test_a_client_that_does_not_wait_and_sends_a_new_id_doubles_its_data(
    tmp_path: Path, fault: dict[str, Any], when: str
) -> None:
    ended = run(tmp_path, {"fault": fault, "when": when}, COURSE, OTHER_ID)

    assert ended.stdout.split()[:2] == ["none", "200"]
    assert ended.code == 1
    assert codes(ended) == ["answer-abandoned", "not-converged"]
    (outcome,) = ended.report["faults"]
    assert (outcome["request"], outcome["outcome"], outcome["retry"]) == (1, "doubled", 2)
    assert "the client did not wait for the answer" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--isolate", "auto"), ("--isolate", "never")], ids=["isolated", "proxied"])
def test_over_https_it_is_the_same(tmp_path: Path, options: tuple[str, ...]) -> None:
    ended = run(tmp_path, {"fault": DELAYED}, COURSE, OTHER_ID, base=PRODUCTION, seconds=1, options=options)

    assert ended.stdout.split()[:2] == ["none", "200"]
    assert codes(ended) == ["answer-abandoned", "not-converged"]


@sqlite_alone
@pytest.mark.parametrize(
    ("bodies", "pause", "code", "found"),
    [
        ([COURSE], 0.2, 0, ["answer-abandoned", "no-retry"]),
        ([COURSE, COURSE], 0.2, 0, ["answer-abandoned"]),
        ([COURSE, COURSE], 0, 0, ["answer-abandoned", "retry-without-pause"]),
        ([COURSE, '{"id": 1, "name": "Book"}'], 0.2, 1, ["answer-abandoned", "not-converged"]),
        ([COURSE, '{"name":"Course","id":"1"}'], 0.2, 0, ["answer-abandoned"]),
        ([COURSE, '{ "name" : "\\u0043ourse", "id" : 1.0 }'], 0.2, 0, ["answer-abandoned"]),
    ],
    ids=["gives up", "sends it again", "at once", "other data", "another order of names", "another spelling"],
)
def test_what_it_does_then_is_judged_as_after_a_reset(
    sandbox: Sandbox, bodies: list[str], pause: float, code: int, found: list[str]
) -> None:
    assert statuses_of(sandbox, DELAYED, bodies, pause, seconds=0.4) == [0, *[200] * (len(bodies) - 1)]

    assert judged(sandbox) == (found, code)


def statuses_of(sandbox: Sandbox, fault: dict[str, Any], bodies: list[str], pause: float, seconds: float) -> list[int]:
    """Send products with a pause between them, the first into a fault; return the statuses, 0 for none in time."""
    sandbox.admin("PUT", "/faults", json={"rules": [{"nth": [1], "fault": fault}]}).raise_for_status()
    statuses = []
    for number, body in enumerate(bodies):
        time.sleep(pause if number else 0)
        try:
            answer = sandbox.send("POST", "product", content=body.encode(), headers=JSON_HEADERS, timeout=seconds)
            statuses.append(answer.status_code)
        except httpx.ReadTimeout:
            statuses.append(0)
    return statuses


def judged(sandbox: Sandbox) -> tuple[list[str], int]:
    """Return the codes of what the report found, and the exit code of its verdict."""
    report = sandbox.admin("GET", "/report").json()
    return sorted(finding["code"] for finding in report["findings"]), report["verdict"]["exit_code"]


@pytest.mark.slow
def test_a_client_that_waits_for_a_slow_answer_has_it(tmp_path: Path) -> None:
    ended = run(tmp_path, {"fault": {"delay_seconds": 0.2, "drip_seconds": 0.2}}, COURSE, seconds=30)

    assert ended.report["findings"] == ended.report["faults"] == []


def raw_call(sandbox: Sandbox, body: bytes = COURSE.encode()) -> bytes:
    head = f"POST /api/v1/{sandbox.account_id}/payments/product HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Authorization: {sandbox.api_key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def connected(sandbox: Sandbox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(sandbox.origin.rpartition(":")[2])), timeout=30)


def delay(sandbox: Sandbox) -> None:
    plan = {"rules": [{"nth": [1], "fault": DELAYED}]}
    assert sandbox.admin("PUT", "/faults", json=plan).status_code == 200


@pytest.mark.parametrize("body", [COURSE.encode(), b'{"id": 1, "name": "%s"}' % (b"x" * 300_000)], ids=["small", "big"])
def test_a_client_that_leaves_is_known_at_once(sandbox: Sandbox, body: bytes) -> None:
    delay(sandbox)
    watcher = sandbox.admin("GET", "/requests")
    with connected(sandbox) as connection:
        connection.sendall(raw_call(sandbox, body))
        while not sandbox.requests():
            pass

    report = sandbox.admin("GET", "/report").json()

    assert watcher.json()["requests"] == []
    assert [finding["code"] for finding in report["findings"]] == ["no-retry", "answer-abandoned"]
    (entry,) = sandbox.requests()
    assert entry["stored"] is True
    assert 0 < entry["abandoned_ms"] < 20_000


@pytest.mark.parametrize("after", [b"", b"\r\n", b"\r\n\n\r\n"], ids=repr)
def test_a_client_that_closes_only_its_sending_half_gets_its_answer_and_has_it(sandbox: Sandbox, after: bytes) -> None:
    """`after`: what the client sends behind its request; blank lines begin no other."""
    delay(sandbox)
    with connected(sandbox) as connection:
        connection.sendall(raw_call(sandbox) + after)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert sandbox.requests()[0]["abandoned_ms"] is None
    assert sandbox.admin("GET", "/report").json()["findings"] == []


def test_a_later_request_that_the_client_leaves_is_not_held_against_an_earlier_one(sandbox: Sandbox) -> None:
    with connected(sandbox) as connection:
        connection.sendall(raw_call(sandbox))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        path = f"/__admin/ui/{sandbox.account_id}/events"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")

    sandbox.post("product", {"id": 2, "name": "Book"})  # the stream of events is written to, and so is known to end

    assert [entry["abandoned_ms"] for entry in sandbox.requests()] == [None, None]
    assert sandbox.admin("GET", "/report").json()["findings"] == []


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@sqlite_alone
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "pause", "found"),
    [
        ("2", 0.2, ["retry-after-ignored"]),
        ("1", 1.1, []),
        ("0", 0, []),
        (date_in(86400), 0.2, ["retry-after-ignored"]),
        (date_in(-86400), 0.2, []),
        ("soon", 0.2, []),
    ],
    ids=["sooner", "as asked", "no wait asked for", "before the date", "after the date", "no known form"],
)
def test_a_retry_waits_as_long_as_retry_after_asks(
    sandbox: Sandbox, status: int, header: str, pause: float, found: list[str]
) -> None:
    fault = {"status": status, "headers": {"Retry-After": header}}

    assert statuses_of(sandbox, fault, [COURSE, COURSE], pause, seconds=30) == [status, 200]

    assert judged(sandbox) == (found, 0)


def test_a_fault_can_have_headers(sandbox: Sandbox) -> None:
    fault = {"status": 503, "headers": {"Retry-After": "7", "X-Reason": "maintenance"}}
    sandbox.admin("PUT", "/faults", json={"rules": [{"fault": fault}]})

    answer = sandbox.post("product", json.loads(COURSE))

    assert (answer.status_code, answer.headers["retry-after"], answer.headers["x-reason"]) == (503, "7", "maintenance")


@pytest.mark.parametrize(
    "fault",
    [
        {"headers": {"Retry-After": "7"}},
        {"status": 503, "headers": {"Retry-After": 7}},
        {"status": 503, "headers": {"Content-Length": "7"}},
        {"status": 503, "headers": {"X-Two": "a\r\nX-Lines: b"}},
        {"status": 503, "headers": {"X Blank": "a"}},
    ],
)
def test_headers_that_a_response_cannot_have_are_refused(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    answer = sandbox.admin("PUT", "/faults", json={"rules": [{"fault": fault}]})

    assert answer.status_code == 400
    assert answer.json()["errors"][0].startswith("rules/0/fault")


IMPATIENT = """
import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit


def add(sandbox, seconds):
    base = urlsplit(sandbox.base_url)
    connection = HTTPConnection(base.netloc, timeout=seconds)
    headers = {"Authorization": sandbox.api_key, "Content-Type": "application/json"}
    path = f"{base.path}/v1/{sandbox.account_id}/payments/contact"
    try:
        connection.request("POST", path, '{"contact_id": 1}', headers)
        return connection.getresponse().status
    except TimeoutError:
        return None
    finally:
        connection.close()
"""


@pytest.mark.slow
def test_a_test_whose_client_does_not_wait_and_gives_up_is_warned(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Suite(pytester, monkeypatch).run_with(
        IMPATIENT,
        """
import pytest
from shop import add

@pytest.mark.parametrize("attempt", range(10))
def test_it(segmetrics, attempt):
    segmetrics.faults({"rules": [{"fault": {"delay_seconds": 20}}]})
    assert add(segmetrics, 0.05) is None
""",
        ini="segmetrics_fail_on = warning",
    )

    result.assert_outcomes(passed=10, errors=10)
    result.stdout.fnmatch_lines(["  upsert_contact /answer: the client did not wait for the answer*[[]no-retry[]]"])
