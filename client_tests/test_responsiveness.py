"""Long work of the admin side: other calls are served meanwhile, and pages stay small."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from client_tests.sandbox import Sandbox
from mock_server.journal.journal import PAGE_BYTES

FAULTED_CALLS = 1_000
LARGE_TEXT = "x" * 60_000
MEGABYTE = "x" * 900_000


def served_meanwhile(work: "Future[httpx.Response]", sandbox: Sandbox) -> int:
    """Return how many calls of the API were answered before the work was done."""
    answered = 0
    while not work.done():
        sandbox.stored("product", {"id": answered, "name": "Course"})
        answered += not work.done()
    return answered


@pytest.mark.slow
def test_calls_are_served_while_a_report_is_made(sandbox: Sandbox) -> None:
    other = Sandbox.create(sandbox.origin, sandbox.http)
    sandbox.admin("PUT", "/faults", json={"rules": [{"fault": {"status": 500}}]}).raise_for_status()
    for number in range(FAULTED_CALLS):
        sandbox.post("contact", {"contact_id": number})

    with ThreadPoolExecutor(1) as pool, httpx.Client(trust_env=False, timeout=60) as http:
        report = pool.submit(http.get, f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/report")
        answered = served_meanwhile(report, other)

    assert report.result().json()["summary"]["requests"] == FAULTED_CALLS
    assert answered > 1


def test_calls_are_served_while_a_dataset_is_loaded(sandbox: Sandbox) -> None:
    admin = f"{sandbox.origin}/__admin/sandboxes"
    with ThreadPoolExecutor(1) as pool, httpx.Client(trust_env=False, timeout=60) as http:
        made = pool.submit(http.post, admin, json={"dataset": "demo"})
        while_made = served_meanwhile(made, sandbox)
        account_id = made.result().json()["account_id"]
        reset = pool.submit(http.post, f"{admin}/{account_id}/reset", json={"dataset": "demo"})
        while_reset = served_meanwhile(reset, sandbox)

    assert [work.result().status_code for work in (made, reset)] == [200, 200]
    assert while_made > 1  # one that waited for the whole load may end just before it
    assert while_reset > 1


def test_a_sandbox_that_is_being_reset_has_the_old_data_until_it_has_the_new(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": "old"})

    with httpx.Client(trust_env=False, timeout=60) as http, ThreadPoolExecutor(1) as pool:
        own = Sandbox(sandbox.origin, sandbox.account_id, sandbox.api_key, http)
        own.state(resource="contacts")  # the first call takes as long as some resets
        reset = pool.submit(sandbox.admin, "POST", "/reset", json={"dataset": "demo"})
        seen: list[set[str]] = []
        while not reset.done():
            seen.append({row["contact_id"] for row in own.state(resource="contacts")["contacts"]})

    reset.result().raise_for_status()
    assert seen[0] == {"old"}
    assert {len(ids) for ids in seen} <= {1, 400}


def pages(sandbox: Sandbox, path: str, name: str) -> list[list[Any]]:
    """Return the entries of each page, and check that no page is much larger than its limit."""
    found, after = [], ""
    while True:
        answer = sandbox.admin("GET", f"{path}{after}")
        assert len(answer.content) < 3 * PAGE_BYTES
        page = answer.json()
        found.append(page[name])
        if "next" not in page:
            return found
        after = f"{'&' if '?' in path else '?'}after={page['next']}"


def test_a_page_of_the_journal_is_bounded_in_bytes(sandbox: Sandbox) -> None:
    for number in range(150):
        sandbox.post("product", {"id": number, "name": LARGE_TEXT})

    found = pages(sandbox, "/requests", "requests")

    assert len(found) > 2
    assert [entry["number"] for page in found for entry in page] == list(range(1, 151))


def test_a_page_of_the_state_is_bounded_in_bytes(sandbox: Sandbox) -> None:
    for number in range(12):
        sandbox.stored("contact", {"contact_id": number, "custom_fields": {"essay": MEGABYTE}})
    sandbox.stored("product", {"id": 1, "name": "Course"})

    found = pages(sandbox, "/state?resource=contacts", "contacts")
    whole = list(sandbox.pages("/state"))

    assert len(found) > 1
    assert [row["contact_id"] for page in found for row in page] == [str(number) for number in range(12)]
    assert [row["contact_id"] for page in whole for row in page["contacts"]] == [str(number) for number in range(12)]
    assert [row["id"] for page in whole for row in page["products"]] == ["1"]
