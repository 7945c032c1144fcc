"""Faults as a client meets them, when they apply, and the verdict on a client's reaction."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.bodies import ORDER
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import COMMAND, served

COURSE = {"id": 1, "name": "Course"}


def plan(sandbox: Sandbox, *rules: dict[str, Any]) -> httpx.Response:
    url = f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/faults"
    return sandbox.http.put(url, json={"rules": list(rules)})


def strike(sandbox: Sandbox, fault: dict[str, Any], when: str = "before") -> None:
    assert plan(sandbox, {"nth": [1], "when": when, "fault": fault}).status_code == 200


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_status_comes_instead_of_the_answer(sandbox: Sandbox, when: str, stored: int) -> None:
    strike(sandbox, {"status": 503}, when)

    answer = sandbox.post("product", COURSE)

    assert answer.status_code == 503
    assert "try again" in errors_of(answer)[0]
    assert len(sandbox.state()["products"]) == stored
    assert sandbox.post("product", COURSE).status_code == 200


def test_a_fault_can_have_a_body_of_its_own(sandbox: Sandbox) -> None:
    strike(sandbox, {"status": 500, "body": {"oops": True}})

    assert sandbox.post("product", COURSE).json() == {"oops": True}


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_reset_is_a_reset_and_not_a_close(sandbox: Sandbox, when: str, stored: int) -> None:
    strike(sandbox, {"reset": True}, when)
    body = json.dumps(COURSE).encode()
    head = f"POST /api/v1/{sandbox.account_id}/payments/product HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Authorization: {sandbox.api_key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(sandbox.origin.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode() + body)

        with pytest.raises(ConnectionResetError):
            connection.recv(1)

    assert len(sandbox.state()["products"]) == stored


@pytest.mark.parametrize(
    ("fault", "when", "code", "said", "stored"),
    [
        ({"reset": True}, "before", 56, "reset", 0),
        ({"reset": True}, "after", 56, "reset", 1),
        ({"truncate": True}, "before", 18, "bytes remaining", 1),
        ({"status": 503}, "before", 0, "try again soon", 0),
        ({"status": 503}, "after", 0, "try again soon", 1),
        ({"delay_seconds": 0.1}, "before", 0, "success", 1),
        ({"drip_seconds": 0.1}, "before", 0, "success", 1),
    ],
)
def test_curl_sees_it_too(
    sandbox: Sandbox, fault: dict[str, Any], when: str, code: int, said: str, stored: int
) -> None:
    strike(sandbox, fault, when)
    headers = ["-H", f"Authorization: {sandbox.api_key}", "-H", "Content-Type: application/json"]

    ended = subprocess.run(
        ["curl", "-sS", sandbox.url("product"), *headers, "-d", json.dumps(COURSE)], capture_output=True, text=True
    )

    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr
    assert len(sandbox.state()["products"]) == stored


def test_a_truncated_answer_ends_early(sandbox: Sandbox) -> None:
    strike(sandbox, {"truncate": True})

    with pytest.raises(httpx.RemoteProtocolError, match="complete"):
        sandbox.post("product", COURSE)

    assert len(sandbox.state()["products"]) == 1


@pytest.mark.parametrize("fault", [{"delay_seconds": 0.3}, {"drip_seconds": 0.3}])
def test_a_slow_answer_is_whole(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    strike(sandbox, fault)
    started = time.monotonic()

    answer = sandbox.post("product", COURSE)

    assert time.monotonic() - started >= 0.25
    assert answer.json() == {"status": "success", "product": {"id": "1", "name": "Course"}}


def test_a_slow_answer_holds_up_nobody_else(sandbox: Sandbox, neighbour: Sandbox) -> None:
    strike(sandbox, {"delay_seconds": 60})
    with pytest.raises(httpx.ReadTimeout):
        sandbox.http.post(sandbox.url("product"), headers={"Authorization": sandbox.api_key}, json=COURSE, timeout=0.2)

    assert neighbour.post("product", COURSE).status_code == 200


def test_rules_choose_by_operation_match_and_turn(sandbox: Sandbox) -> None:
    rule = {"operation": "upsert_product", "match": {"id": "1"}, "nth": [2], "fault": {"status": 500}}
    plan(sandbox, rule)

    statuses = [sandbox.post("product", {"id": id, "name": "Course"}).status_code for id in (1, 2, 1, 1)]

    assert statuses == [200, 200, 500, 200]
    assert sandbox.post("contact", {"contact_id": 1}).status_code == 200


def test_a_rate_is_drawn_from_its_seed(sandbox: Sandbox, neighbour: Sandbox) -> None:
    drawn = []
    for account in (sandbox, neighbour):
        plan(account, {"rate": 0.5, "seed": 7, "fault": {"status": 500}})
        drawn.append([account.post("product", COURSE).status_code for _ in range(40)])

    assert drawn[0] == drawn[1]
    assert 8 < drawn[0].count(500) < 32


def test_the_journal_marks_what_was_injected(sandbox: Sandbox) -> None:
    strike(sandbox, {"status": 500}, "after")

    sandbox.post("product", COURSE)
    sandbox.post("product", COURSE)

    assert [entry["fault"] for entry in sandbox.requests()] == [{"rule": 0, "when": "after", "status": 500}, None]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({}, "rules/0: "),
        ({"fault": {}}, "rules/0/fault: "),
        ({"fault": {"status": 200}}, "rules/0/fault/status: "),
        ({"fault": {"status": 500}, "operation": "nonsense"}, "rules/0/operation: "),
        ({"fault": {"status": 500}, "often": True}, "rules/0: "),
        ({"fault": {"delay_seconds": 3600}}, "rules/0/fault/delay_seconds: "),
        ("rule", "rules/0: "),
    ],
)
def test_a_bad_rule_is_refused_by_its_place(sandbox: Sandbox, rule: Any, error: str) -> None:
    strike(sandbox, {"status": 500})

    answer = plan(sandbox, rule)

    assert answer.status_code == 400
    assert errors_of(answer)[0].startswith(error)
    assert sandbox.post("product", COURSE).status_code == 500


def test_a_reset_of_the_sandbox_ends_its_plan(sandbox: Sandbox) -> None:
    strike(sandbox, {"status": 500})

    sandbox.http.post(f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/reset", json={})

    assert sandbox.post("product", COURSE).status_code == 200


CLIENT = """
import json, os, sys, time, urllib.error, urllib.request

def post(path, body):
    url = "/".join([os.environ["SEGMETRICS_BASE_URL"], "v1", os.environ["SEGMETRICS_ACCOUNT_ID"],
                    os.environ["SEGMETRICS_INTEGRATION_ID"], path])
    headers = {"Authorization": os.environ["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).read()

order = json.loads(sys.argv[2])
for attempt in range(3):
    try:
        post("invoice", order)
        break
    except OSError:
        if sys.argv[1] == "gives-up":
            break
        if sys.argv[1] == "new-id":
            order["id"] = f"order-{attempt}"
        if sys.argv[1] == "other-data":
            order["paid"] += 1
        if sys.argv[1] != "hammers":
            time.sleep(0.2)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("manner", "code", "outcome", "finding"),
    [
        ("same-id", 0, "converged", None),
        ("new-id", 1, "doubled", "not-converged"),
        ("other-data", 1, "changed", "not-converged"),
        ("gives-up", 0, "gave up", "no-retry"),
        ("hammers", 0, "converged", "retry-without-pause"),
    ],
)
def test_a_client_is_judged_by_what_it_does_after_a_lost_answer(
    tmp_path: Path, manner: str, code: int, outcome: str, finding: str | None
) -> None:
    report = tmp_path / "report.json"
    order = json.dumps({**ORDER, "email": "ada@example.org"})
    client = [sys.executable, "-c", CLIENT, manner, order]

    ended = subprocess.run(
        [*COMMAND, "check", "--faults", "lost-answers", "--report-json", str(report), "--", *client],
        capture_output=True,
        text=True,
    )

    document = json.loads(report.read_text("utf-8"))
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert document["faults"][0]["outcome"] == outcome
    found = {found["code"] for found in document["findings"]} - {"unmatched-email"}
    assert found == ({finding} if finding else set())
    assert "after the lost answer to #1 (upsert_invoice) the client " in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["overloaded", "flaky-network", "lost-answers"])
def test_the_kits_own_plans_are_served(name: str, http: httpx.Client) -> None:
    with served("--faults", name) as server:
        rules = http.get(f"{server.origin}/__admin/sandboxes/demo/faults").json()["rules"]

    assert rules


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "error"), [("rules: [{}]", "rules/0: "), ("{", "neither JSON nor YAML"), (None, "cannot be read")]
)
def test_a_plan_that_cannot_be_used_is_misuse(tmp_path: Path, content: str | None, error: str) -> None:
    file = tmp_path / "plan.yaml"
    if content is not None:
        file.write_text(content)

    ended = subprocess.run([*COMMAND, "serve", "--port", "0", "--faults", str(file)], capture_output=True, text=True)

    assert ended.returncode == 2
    assert error in ended.stderr
    assert ended.stderr.count("\n") == 1
