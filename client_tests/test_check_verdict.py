"""The verdict of `check` and of the admin API's report: never kinder than the truth."""

import json
from pathlib import Path
from typing import Any

import pytest

from client_tests.checked import Checked, checked, client
from client_tests.sandbox import Sandbox

pytestmark = pytest.mark.slow

PRODUCT = {"id": 1, "name": "Course"}
GOOD = ["POST", "product", PRODUCT]
NOTICED = ["POST", "product", {**PRODUCT, "colour": "red"}]
WARNED = ["DELETE", "invoice/7"]
BROKEN = ["POST", "product", {"id": 1}]
TAGS = {"contact_id": 7, "tags": ["Buyer"]}


def run(folder: Path, calls: list[list[Any]], *options: str | Path) -> Checked:
    """Check a client that sends these calls."""
    return checked(folder, client("script", json.dumps(calls)), *options)


def headline(run: Checked) -> str:
    return run.stdout.rpartition("segmetrics-mock check: ")[2].strip().partition("; ")[0]


def plan(folder: Path, *rules: dict[str, Any]) -> Path:
    file = folder / "plan.json"
    file.write_text(json.dumps({"rules": rules}), "utf-8")
    return file


def test_a_client_whose_every_call_is_404_fails_and_each_is_named(tmp_path: Path) -> None:
    calls: list[list[Any]] = [
        *(["DELETE", "contact/ada@example.org"], ["DELETE", "invoice/7"], ["DELETE", "subscription/7"]),
        *(["POST", "tags/add", TAGS], ["POST", "tags/remove", {"email": "ada@example.org", "tags": [1]}]),
    ]

    ended = run(tmp_path, calls)

    assert ended.stdout.split()[: len(calls)] == ["404"] * len(calls)
    assert ended.code == ended.report["verdict"]["exit_code"] == 1
    assert headline(ended) == ended.report["verdict"]["headline"] == "no call was accepted"
    assert [(finding["code"], finding["severity"], finding["pointer"]) for finding in ended.report["findings"]] == [
        ("not-found", "warning", "/path/contact_id_or_email"),
        ("not-found", "warning", "/path/id"),
        ("not-found", "warning", "/path/id"),
        ("not-found", "warning", "/body/contact_id"),
        ("not-found", "warning", "/body/email"),
    ]


@pytest.mark.parametrize("fail_on", ["violation", "never"])
def test_lost_writes_have_a_headline_of_their_own_and_always_fail(tmp_path: Path, fail_on: str) -> None:
    calls: list[list[Any]] = [["POST", "product", {"id": id, "name": f"Course {id}"}] for id in range(4)]
    rules = plan(tmp_path, {"nth": [2, 3], "fault": {"status": 500}}, {"nth": [4], "fault": {"status": 429}})

    ended = run(tmp_path, calls, "--faults", rules, "--fail-on", fail_on)

    assert ended.code == 1
    assert headline(ended) == "the contract holds, but 3 writes were lost"
    assert ended.report["summary"]["lost_writes"] == 3
    assert "3 writes lost: a fault kept #2, #3, #4 from being stored" in ended.stdout


@pytest.mark.parametrize(
    ("rule", "calls"),
    [
        ({"nth": [1], "fault": {"status": 500}}, [GOOD, GOOD]),
        ({"nth": [1, 2], "fault": {"status": 503}}, [GOOD, GOOD, GOOD]),
        ({"nth": [1], "when": "after", "fault": {"status": 500}}, [GOOD, ["POST", "product", {"id": 2, "name": "B"}]]),
        ({"nth": [1], "fault": {"status": 422}}, [GOOD, ["POST", "product", {**PRODUCT, "name": "Corrected"}]]),
    ],
    ids=["sent again", "sent again twice", "only the answer was lost", "corrected"],
)
def test_what_was_stored_in_the_end_is_not_lost(sandbox: Sandbox, rule: dict[str, Any], calls: list[list[Any]]) -> None:
    _, report = reported(sandbox, calls, rule)

    assert report["summary"]["lost_writes"] == 0
    assert report["verdict"]["exit_code"] == 0


def test_a_write_that_is_sent_again_in_vain_is_one_lost_write(sandbox: Sandbox) -> None:
    rule = {"match": {"id": "1"}, "fault": {"status": 500}}

    _, report = reported(sandbox, [GOOD, GOOD, ["POST", "product", {"id": 2, "name": "Book"}]], rule)

    assert report["verdict"]["headline"] == "the contract holds, but 1 write was lost"


def test_a_deletion_is_rightly_repeated_when_its_answer_was_lost(sandbox: Sandbox) -> None:
    rule = {"operation": "delete_contact", "nth": [1], "when": "after", "fault": {"status": 500}}
    calls: list[list[Any]] = [["POST", "contact", {"contact_id": 7}], *[["DELETE", "contact/7"]] * 3]

    statuses, report = reported(sandbox, calls, rule)

    assert statuses == [200, 500, 404, 404]
    (finding,) = [finding for finding in report["findings"] if finding["code"] == "not-found"]
    assert finding["requests"] == [4]


def reported(sandbox: Sandbox, calls: list[list[Any]], *rules: dict[str, Any]) -> tuple[list[int], dict[str, Any]]:
    """Send calls under a fault plan; return their statuses and the report of the admin API."""
    sandbox.admin("PUT", "/faults", json={"rules": rules}).raise_for_status()
    answers = [sandbox.send(method, path, **({"json": body[0]} if body else {})) for method, path, *body in calls]
    report: dict[str, Any] = sandbox.admin("GET", "/report").json()
    return [answer.status_code for answer in answers], report


@pytest.mark.parametrize(
    ("call", "failing"),
    [
        (NOTICED, {"notice"}),
        (WARNED, {"notice", "warning"}),
        (BROKEN, {"notice", "warning", "violation"}),
    ],
    ids=["a notice", "a warning", "a violation"],
)
@pytest.mark.parametrize("fail_on", ["violation", "warning", "notice", "never"])
def test_fail_on_says_what_fails_the_run(tmp_path: Path, call: list[Any], failing: set[str], fail_on: str) -> None:
    ended = run(tmp_path, [GOOD, call], "--fail-on", fail_on)

    assert ended.code == ended.report["summary"]["exit_code"] == (1 if fail_on in failing else 0)
    if call is BROKEN:
        assert headline(ended) == "the contract is broken"
        assert "the contract was broken once" in ended.stdout
    else:
        assert headline(ended) == ("the run failed" if fail_on in failing else "the contract holds")


@pytest.mark.parametrize("fail_on", ["violation", "never"])
def test_nothing_captured_always_fails(tmp_path: Path, fail_on: str) -> None:
    ended = checked(tmp_path, ["true"], "--fail-on", fail_on)

    assert (ended.code, headline(ended)) == (1, "nothing was captured")


@pytest.mark.parametrize(
    ("calls", "verdict", "code"),
    [
        ([], "nothing was captured", 1),
        ([GOOD], "the contract holds", 0),
        ([GOOD, WARNED], "the contract holds", 0),
        ([WARNED], "no call was accepted", 1),
        ([GOOD, BROKEN], "the contract is broken", 1),
    ],
)
def test_the_report_of_the_admin_api_has_the_verdict_that_check_would_give(
    sandbox: Sandbox, calls: list[list[Any]], verdict: str, code: int
) -> None:
    _, report = reported(sandbox, calls)

    assert (report["verdict"]["headline"], report["verdict"]["exit_code"]) == (verdict, code)
    assert report["summary"]["exit_code"] == code
