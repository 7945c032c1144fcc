"""The pytest plugin as a user meets it, pytest run inside pytest: a sandbox for each test, and its methods."""

import subprocess
import sys

import pytest

from client_tests.checked import CHECKOUT
from client_tests.checked.suites import Suite, exercised

pytest_plugins = ["pytester"]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    return Suite(pytester, monkeypatch)


def test_each_test_has_a_sandbox_of_its_own(suite: Suite) -> None:
    result = suite.run("""
seen = set()

@pytest.mark.parametrize("number", range(3))
def test_it(segmetrics, number):
    assert segmetrics.contacts == segmetrics.requests == []
    assert add(segmetrics, 1, first_name=str(number)).status == 200
    (contact,) = segmetrics.contacts
    assert contact["first_name"] == str(number)
    seen.add((segmetrics.account_id, segmetrics.api_key))
    assert len(seen) == number + 1
""")

    result.assert_outcomes(passed=3)


def test_what_the_client_did_can_be_looked_at(suite: Suite) -> None:
    result = suite.run("""
def test_it(segmetrics):
    add(segmetrics, 1, email="ada@example.org")
    items = [{"name": "Course", "product_id": "course", "amount": 5}]
    post(segmetrics, "invoice",
         {"id": 2, "contact_id": 1, "amount": 5, "paid": 9, "date_created": "2021-12-18", "items": items})
    post(segmetrics, "subscription",
         {"id": 3, "contact_id": 1, "amount": 5, "product_id": "club", "start_date": "2021-12-18",
          "last_bill_date": "2022-01-18", "billing_cycle": "month", "frequency": 1})
    post(segmetrics, "product", {"id": 4, "name": "Book"})
    post(segmetrics, "ad/performance", {"ad": 5, "spend": 6, "date": "2021-12-18"}, segmetrics.ads_integration_id)

    assert segmetrics.base_url.endswith("/api")
    assert segmetrics.integration_id == "payments"
    assert [contact["email"] for contact in segmetrics.contacts] == ["ada@example.org"]
    assert [invoice["id"] for invoice in segmetrics.invoices] == ["2"]
    assert [subscription["id"] for subscription in segmetrics.subscriptions] == ["3"]
    assert {product["id"] for product in segmetrics.products} >= {"4"}
    assert [figure["spend"] for figure in segmetrics.ad_performance] == [6]
    assert [request["operation"] for request in segmetrics.requests] == [
        "upsert_contact", "upsert_invoice", "upsert_subscription", "upsert_product", "record_ad_performance"]
    (found,) = segmetrics.findings
    assert (found["code"], found["pointer"]) == ("paid-exceeds-amount", "/body/paid")
    assert segmetrics.report["summary"]["requests"] == 5
""")

    result.assert_outcomes(passed=1)


def test_faults_hit_the_next_calls_of_their_operations(suite: Suite) -> None:
    result = suite.run("""
pytestmark = pytest.mark.segmetrics(allow=["no-retry"])

def test_before(segmetrics):
    segmetrics.fail_next("upsert_contact")
    assert add(segmetrics, 1).status == 500
    assert segmetrics.contacts == []
    assert add(segmetrics, 1).status == 200

def test_after(segmetrics):
    segmetrics.fail_next("upsert_contact", status=503, when="after")
    assert add(segmetrics, 1).status == 503
    assert len(segmetrics.contacts) == 1

def test_times(segmetrics):
    segmetrics.fail_next("upsert_contact", times=2)
    assert [add(segmetrics, 1).status for _ in range(3)] == [500, 500, 200]

def test_two_operations(segmetrics):
    segmetrics.fail_next("upsert_contact", status=502)
    segmetrics.fail_next("upsert_product", status=503)
    course = {"id": 1, "name": "Course"}
    assert [add(segmetrics, 1).status for _ in range(2)] == [502, 200]
    assert [post(segmetrics, "product", course).status for _ in range(2)] == [503, 200]

def test_again_after_the_first(segmetrics):
    for _ in range(2):
        segmetrics.fail_next("upsert_contact")
        assert [add(segmetrics, 1).status for _ in range(2)] == [500, 200]

def test_plan(segmetrics):
    segmetrics.faults({"rules": [{"match": {"contact_id": 2}, "fault": {"status": 429, "body": {"wait": 5}}}]})
    assert add(segmetrics, 1).status == 200
    answer = add(segmetrics, 2)
    assert (answer.status, answer.body) == (429, {"wait": 5})
    segmetrics.faults({"rules": []})
    assert add(segmetrics, 2).status == 200

def test_refused(segmetrics):
    with pytest.raises(ValueError, match="rules/1/operation: 'contact' is not an operation"):
        segmetrics.faults({"rules": [{"fault": {"status": 500}}, {"operation": "contact", "fault": {"status": 500}}]})
    with pytest.raises(ValueError, match="rules/0/fault/status: "):
        segmetrics.fail_next("upsert_contact", status=200)
    with pytest.raises(ValueError, match="rules/0/operation: "):
        segmetrics.fail_next("contact")
    assert add(segmetrics, 1).status == 200
""")

    result.assert_outcomes(passed=7)


def test_the_environment_leads_a_client_in_another_process(suite: Suite) -> None:
    result = suite.run("""
import os, subprocess, sys

def test_it(segmetrics):
    client = [sys.executable, "-m", "client_tests.checked.shop", "good"]
    subprocess.run(client, env=os.environ | segmetrics.env, check=True)
    assert [request["operation"] for request in segmetrics.requests] == ["upsert_contact", "upsert_invoice"]
    assert segmetrics.findings == []
    assert segmetrics.env["SEGMETRICS_ADS_INTEGRATION_ID"] == segmetrics.ads_integration_id
""")

    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_more_rows_than_a_page_holds_are_all_there(suite: Suite) -> None:
    result = suite.run(
        """
def test_it(segmetrics):
    for number in range(1001):
        add(segmetrics, number)
    add(segmetrics, 1, email="nobody")
    assert sorted(int(contact["contact_id"]) for contact in segmetrics.contacts) == list(range(1001))
    assert len(segmetrics.requests) == 1002
    assert [found["code"] for found in segmetrics.findings] == ["bad-value"]
""",
        ini="segmetrics_fail_on = never",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_test_may_take_its_time_between_two_calls(suite: Suite) -> None:
    result = suite.run("""
import time

def test_it(segmetrics):
    add(segmetrics, 1)
    time.sleep(6)  # uvicorn by itself closes what was idle for 5 seconds
    assert len(segmetrics.contacts) == 1
""")

    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_two_hundred_tests_in_two_processes_share_nothing_but_the_summary(suite: Suite) -> None:
    result = suite.run(
        """
@pytest.mark.parametrize("number", range(200))
def test_it(segmetrics, number):
    assert segmetrics.contacts == segmetrics.requests == []
    field = "first_name" if number % 2 else "last_name"
    add(segmetrics, 1, **{field: str(number)})
    (contact,) = segmetrics.contacts
    assert contact[field] == str(number)
    (request,) = segmetrics.requests
    assert f"/{segmetrics.account_id}/" in request["request"]["path"]
""",
        *("-p", "xdist", "-n", "2"),
    )

    result.assert_outcomes(passed=200)
    assert exercised(result)["upsert_contact"] == (200, 4)


def test_it_costs_nothing_where_it_is_not_used() -> None:
    program = "import sys, mock_server.pytest_plugin; print(*sys.modules)"

    ended = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)

    heavy = {"sqlmodel", "sqlalchemy", "uvicorn", "starlette", "jsonschema_rs", "yaml", "mock_server.spec"}
    assert heavy & set(ended.stdout.split()) == set()
