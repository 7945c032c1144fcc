"""What the dashboard says of calls that went wrong: faults, clients that left, operations that were only refused."""

import json
from contextlib import suppress
from typing import Any

import httpx
import pytest

from client_tests.bodies import ORDER
from client_tests.dashboard import page
from client_tests.pages import read
from client_tests.sandbox import Sandbox

COURSE = {"id": 1, "name": "Course"}
CLEAN = "this request keeps the contract"
OTHER: dict[str, Any] = {"fault": {"status": 400}, "operation": "delete_contact"}


@pytest.mark.parametrize(
    ("fault", "when", "said"),
    [
        ({"status": 503}, "before", "Fault rule 2 answered 503; nothing was stored."),
        ({"status": 503}, "after", "Fault rule 2 answered 503; the call was stored."),
        ({"reset": True}, "before", "Fault rule 2 reset the connection instead of an answer; nothing was stored."),
        ({"truncate": True}, "before", "Fault rule 2 cut the answer off; the call was stored."),
        ({"delay_seconds": 0.1}, "before", "Fault rule 2 slowed the answer down by 0.1 s; the call was stored."),
    ],
)
def test_a_call_that_met_a_fault_says_which_rule_and_whether_it_was_stored(
    sandbox: Sandbox, fault: dict[str, Any], when: str, said: str
) -> None:
    sandbox.admin("PUT", "/faults", json={"rules": [OTHER, {"when": when, "fault": fault}]}).raise_for_status()
    with suppress(httpx.TransportError):
        sandbox.post("product", COURSE)

    text = page(sandbox, "/requests/1")

    assert next(read(text).all("p", class_="fault-note")).text == f"{said} The fault plan"
    assert f'/{sandbox.account_id}/faults">The fault plan' in text
    assert CLEAN not in text
    assert len(sandbox.state()["products"]) == ("nothing" not in said)


def test_only_a_call_that_was_accepted_is_said_to_keep_the_contract(sandbox: Sandbox) -> None:
    sandbox.stored("product", COURSE)

    assert CLEAN in page(sandbox, "/requests/1")
    assert "fault-note" not in page(sandbox, "/requests/1")


def test_a_call_whose_client_left_says_so(sandbox: Sandbox) -> None:
    sandbox.admin("PUT", "/faults", json={"rules": [{"fault": {"delay_seconds": 20}}]}).raise_for_status()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            sandbox.url("product"),
            headers={"Authorization": sandbox.api_key},
            json=COURSE,
            timeout=0.3,
            trust_env=False,
        )
    sandbox.admin("GET", "/report")

    text = page(sandbox, "/requests/1")

    assert "The client left after " in text
    assert "answer-abandoned" in text


def test_an_operation_that_was_only_refused_has_no_green_status(sandbox: Sandbox) -> None:
    sandbox.stored("product", COURSE)
    sandbox.post("product", {"id": 1})
    sandbox.delete("invoice", "1")

    rows = {next(row.all(class_="op")).text: row for row in read(page(sandbox, "/coverage")).all("details")}

    def statuses(operation: str, kind: str) -> list[str]:
        return [one.text.split()[0] for one in rows[operation].all("span", class_="status") if one.has("class", kind)]

    assert statuses("delete_invoice", "met") == []
    assert statuses("delete_invoice", "refused") == ["404"]
    assert statuses("upsert_product", "met") == ["200", "400"]


def test_the_revenue_names_its_window(sandbox: Sandbox) -> None:
    for id, day in ((1, "2024-01-01"), (2, "2026-03-02"), (3, "2026-03-04")):
        sandbox.stored("invoice", {**ORDER, "id": id, "email": "a@b.example", "paid": 1000, "date_created": day})

    title = next(one.text for one in read(page(sandbox, "")).all("h2") if one.text.startswith("Revenue"))

    assert title == "Revenue, 2026-03-02 to 2026-03-04"


def events(sandbox: Sandbox, after: int | None, *actions: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return kind and data of the events that come, one for each action."""
    url = f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/events"
    found = []
    with sandbox.http.stream("GET", url, params={} if after is None else {"after": after}, timeout=10) as stream:
        lines = stream.iter_lines()
        next(lines)
        for act in actions:
            act()
            kind = "message"
            for line in lines:
                kind = line.removeprefix("event: ") if line.startswith("event:") else kind
                if line.startswith("data:"):
                    found.append((kind, json.loads(line.removeprefix("data:"))))
                    break
    return found


def nothing() -> None:
    pass


def test_a_reset_is_an_event(sandbox: Sandbox) -> None:
    sandbox.stored("product", COURSE)

    (kind, data), (_, after) = events(
        sandbox,
        None,
        lambda: sandbox.admin("POST", "/reset", json={}).raise_for_status(),
        lambda: sandbox.stored("product", COURSE),
    )

    assert (kind, data["last"]) == ("reset", 1)
    assert after["number"] == 2


def test_of_many_exchanges_at_once_the_newest_are_events_and_the_gap_is_one(sandbox: Sandbox) -> None:
    for _ in range(60):
        sandbox.stored("product", COURSE)

    found = events(sandbox, 2, *[nothing] * 51)

    assert found[0] == ("gap", {})
    assert [data["number"] for _, data in found[1:]] == list(range(11, 61))


@pytest.mark.parametrize("after", [1, 99], ids=["before the reset", "of a server that is no more"])
def test_a_list_is_cleared_when_it_connects_again_after_its_exchanges_were_deleted(
    sandbox: Sandbox, after: int
) -> None:
    for _ in range(3):
        sandbox.stored("product", COURSE)
    sandbox.admin("POST", "/reset", json={}).raise_for_status()

    ((kind, data),) = events(sandbox, after, nothing)

    assert (kind, data["last"]) == ("reset", 3)
