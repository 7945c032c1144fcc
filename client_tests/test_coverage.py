"""What the coverage counts: the operations that a client uses, what it sends, and the error responses that it got."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.checked import Checked, checked, client
from client_tests.pages import read
from client_tests.sandbox import Sandbox
from mock_server.spec import Contract

PRODUCT = {"id": 1, "name": "Course"}
ANSWERS = ["answer=400", "answer=401", "answer=404", "answer=500"]
PRODUCT_POINTS = ["call", "/body/id", "/body/name", *ANSWERS]


def coverage(sandbox: Sandbox) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.admin("GET", "/report").json()["coverage"]
    return found


def strike(sandbox: Sandbox, *faults: dict[str, Any]) -> None:
    """Give each of the next calls a fault of its own."""
    rules = [{"nth": [number], "fault": fault} for number, fault in enumerate(faults, 1)]
    sandbox.admin("PUT", "/faults", json={"rules": rules}).raise_for_status()


def share(covered: dict[str, Any]) -> float:
    exercised = len(covered["fields"]) + ("call" not in covered["missing"])
    return exercised / (exercised + len(covered["missing"]))


def test_only_the_operations_that_the_client_uses_count(sandbox: Sandbox) -> None:
    sandbox.stored("product", PRODUCT)
    sandbox.stored("contact", {"contact_id": 1})

    found = coverage(sandbox)

    used = [one for one in found["operations"].values() if one["requests"]]
    assert found["operations"].keys() == Contract.load().operations.keys()
    assert len(used) == 2
    assert found["of"] == "used"
    assert found["percent"] == round(100 * sum(map(share, used)) / 2, 1)
    assert sandbox.admin("GET", "/report").json()["summary"]["coverage_percent"] == found["percent"]


def test_an_operation_that_is_used_in_vain_counts_too(sandbox: Sandbox) -> None:
    sandbox.stored("product", PRODUCT)
    before = coverage(sandbox)["percent"]

    sandbox.post("contact", {})

    found = coverage(sandbox)
    assert found["operations"]["upsert_contact"]["missing"][0] == "call"
    assert found["percent"] < before


def test_a_run_that_uses_no_operation_covers_nothing(sandbox: Sandbox) -> None:
    sandbox.post("no-such-path", {})

    assert coverage(sandbox)["percent"] == 0


def test_the_error_responses_that_a_correct_client_can_meet_are_points(sandbox: Sandbox) -> None:
    for name, covered in coverage(sandbox)["operations"].items():
        expected = [one for one in ANSWERS if one != "answer=401" or Contract.load().operations[name].needs_key]
        assert [point for point in covered["missing"] if point.startswith("answer=")] == expected, name


def test_the_document_says_which_error_responses_only_mistakes_bring() -> None:
    for operation in Contract.load().operations.values():
        preventable = {
            status for status in operation.answers if status >= 400 and f"answer={status}" in operation.points
        }

        assert preventable == {400, 404, 500} | ({401} if operation.needs_key else set()), operation.name
        assert set(operation.answers) - preventable - {200} <= {413, 415}, operation.name


def test_a_refusal_by_the_api_itself_is_exercised(sandbox: Sandbox) -> None:
    sandbox.post("product", {"id": 1})
    sandbox.send("POST", "product", json=PRODUCT, headers={"Authorization": "wrong"})
    sandbox.send("POST", "product", json=PRODUCT, integration="nowhere")
    sandbox.send("POST", "product", content="<x/>", headers={"Content-Type": "application/xml"})

    found = coverage(sandbox)["operations"]["upsert_product"]

    assert found["fields"] == {"answer=400": 1, "answer=401": 1, "answer=404": 1}
    assert found["missing"] == ["call", "/body/id", "/body/name", "answer=500"]
    assert found["statuses"]["415"] == 1


def test_injected_statuses_are_exercised(sandbox: Sandbox) -> None:
    strike(sandbox, {"status": 500}, {"status": 401}, {"status": 503})
    for _ in range(4):
        sandbox.post("product", PRODUCT)

    found = coverage(sandbox)["operations"]["upsert_product"]

    assert found["fields"] == {"/body/id": 1, "/body/name": 1, "answer=401": 1, "answer=500": 1}
    assert found["missing"] == ["answer=400", "answer=404"]
    # 503 is not a status that the document has.
    assert found["statuses"]["503"] == 1


def test_a_status_that_the_client_did_not_get_is_not_exercised(sandbox: Sandbox) -> None:
    strike(sandbox, {"reset": True}, {"status": 500, "delay_seconds": 30})
    with pytest.raises(httpx.TransportError):
        sandbox.post("product", PRODUCT)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.send("POST", "product", json=PRODUCT, timeout=0.2)

    found = sandbox.requests()
    missing = coverage(sandbox)["operations"]["upsert_product"]["missing"]

    assert [exchange["answer"]["status"] for exchange in found] == [500, 500]
    assert missing == PRODUCT_POINTS


def test_the_dashboard_shows_all_operations_and_the_percentage_of_the_used_ones(sandbox: Sandbox) -> None:
    sandbox.stored("product", PRODUCT)
    strike(sandbox, {"status": 500})
    sandbox.post("product", PRODUCT)

    url = f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/coverage"
    page = read(sandbox.http.get(url).text)

    (head,) = page.all("div", class_="bar")
    rows = {next(row.all(class_="op")).text: row for row in page.all("details", class_="row")}
    assert " ".join(head.text.split()) == "Coverage57.1 % of 1 used operation exercised by 2 requests"
    assert coverage(sandbox)["percent"] == 57.1
    assert list(rows) == list(Contract.load().operations)
    assert "answer=500 ×\u202f1" in [one.text for one in rows["upsert_product"].all("li", class_="met")]


def run(folder: Path, *options: str | Path, **variables: str) -> Checked:
    return checked(folder, client("script", json.dumps([["POST", "product", PRODUCT]] * 4)), *options, **variables)


@pytest.mark.slow
def test_check_counts_all_operations_when_asked(tmp_path: Path) -> None:
    used = run(tmp_path)
    by_option = run(tmp_path, "--coverage-of", "all")
    by_variable = run(tmp_path, SEGMETRICS_MOCK_COVERAGE_OF="all")

    assert used.report["coverage"] == {**by_option.report["coverage"], "percent": 42.9, "of": "used"}
    assert by_option.report["coverage"]["of"] == "all"
    percent = round(100 * 3 / 7 / len(Contract.load().operations), 1)  # the mean of all shares: one has 3 of 7 points
    assert by_option.report["coverage"]["percent"] == percent
    assert by_variable.report["coverage"] == by_option.report["coverage"]
    assert f"coverage {percent} %" in by_option.stdout


@pytest.mark.slow
def test_a_run_with_a_fault_plan_covers_more(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    statuses = (400, 401, 404)
    rules = [{"nth": [number], "fault": {"status": status}} for number, status in enumerate(statuses, 1)]
    plan.write_text(json.dumps({"rules": rules}), "utf-8")

    ended = run(tmp_path, "--faults", plan, "--fail-on", "never", "--fail-under", "85")

    assert ended.report["coverage"]["percent"] == 85.7
    assert ended.report["coverage"]["operations"]["upsert_product"]["missing"] == ["answer=500"]
    assert "coverage 85.7 % of 1 operation used: 6 of 7 points" in " ".join(ended.stdout.split())
    assert ended.code == 0


@pytest.mark.slow
@pytest.mark.parametrize(("of", "where"), [("used", "the operations that it uses"), ("all", "all operations")])
def test_low_coverage_says_how_to_raise_it(tmp_path: Path, of: str, where: str) -> None:
    ended = run(tmp_path, "--fail-under", "43", "--coverage-of", of)

    percent = ended.report["coverage"]["percent"]
    assert ended.code == 1
    assert f"- coverage is {percent} %, less than the required 43 %; to raise it, " in ended.stdout
    assert f"what is listed as not exercised in {where}; a fault plan (--faults) gives it the error" in ended.stdout
