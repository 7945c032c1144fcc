"""What the journal keeps of a large request, and how many of its mistakes are listed."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from client_tests.bodies import ORDER
from client_tests.sandbox import Sandbox, errors_of
from mock_server.journal.masking import KEPT_BYTES, KEPT_HEAD


def test_the_journal_cuts_long_paths_and_says_so(sandbox: Sandbox) -> None:
    path = "contact/" + "a" * 30_000 + "b" * 30_000

    assert sandbox.send("DELETE", path).status_code == 400

    (entry,) = sandbox.requests()
    shown = entry["request"]["path"]
    assert len(shown) < KEPT_HEAD + 100
    assert shown.startswith(f"/api/v1/{sandbox.account_id}/payments/contact/aaa")
    assert shown.endswith("bbb")
    assert "characters)…" in shown
    page = f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/requests/{entry['number']}"
    assert sandbox.http.get(page).status_code == 200


@pytest.mark.parametrize("headers", [{f"X-{n}": "a" * 200 for n in range(200)}, {"X-Long": "a" * 60_000}])
def test_the_journal_cuts_headers_and_says_so(sandbox: Sandbox, headers: dict[str, str]) -> None:
    sandbox.send("POST", "product", json={"id": 1, "name": "Course"}, headers=headers)

    kept = sandbox.requests()[0]["request"]["headers"]
    assert len(json.dumps(kept)) < 2 * KEPT_HEAD
    assert kept["content-type"] == "application/json"
    assert "more headers" in kept.get("…", "") or "characters)…" in kept["x-long"]


def test_of_many_errors_a_thousand_are_listed_and_the_journal_stays_small(sandbox: Sandbox) -> None:
    before = sandbox.state()
    items = [*[{**ORDER["items"][0]}] * 10, *[{}] * 990]

    answer = sandbox.post("invoice", {**ORDER, "email": "ada@example.org", "items": items})

    texts = errors_of(answer)
    assert answer.status_code == 400
    assert len(texts) == 1001
    assert texts[0] == "missing 'items/10/name' field "
    assert "there are more" in texts[-1]
    assert sandbox.state() == before
    findings = sandbox.requests()[0]["findings"]
    assert len(json.dumps(findings)) < 2 * KEPT_BYTES
    assert f"{1001 - len(findings)} further findings" in findings[-1]["message"]


LISTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "contact": lambda count: {"contact_id": 1, "tags": [f"tag {number}" for number in range(count)]},
    "tags/add": lambda count: {"contact_id": 1, "tags": [{"id": number} for number in range(count)]},
    "tags/remove": lambda count: {"contact_id": 1, "tags": list(range(count))},
    "invoice": lambda count: {**ORDER, "contact_id": 1, "items": [ORDER["items"][0]] * count},
    "ad/performance": lambda count: {"ad": list(range(count)), "spend": 1, "date": "2026-01-01"},
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_has_at_most_a_thousand_entries(sandbox: Sandbox, path: str) -> None:
    sandbox.stored("contact", {"contact_id": 1})
    sandbox.stored(path, LISTS[path](1000), "ads" if path == "ad/performance" else "payments")

    texts = sandbox.refused(400, path, LISTS[path](1001))
    longest = sandbox.refused(400, path, LISTS[path](9_000))

    assert re.search(r" are a list of (at most|1 to) 1,000 ", texts[0])
    assert longest[0] == texts[0]
    assert {finding["evidence"] for finding in sandbox.requests()[-1]["findings"][:1]} == {"assumed"}


@pytest.mark.parametrize("count", [600, 1001])
def test_lists_in_unknown_fields_hide_no_error_of_a_list(sandbox: Sandbox, count: int) -> None:
    sandbox.stored("contact", {"contact_id": 1})
    tags: list[Any] = [{"id": number, "note": [number]} for number in range(count)]

    texts = sandbox.refused(400, "tags/add", {"contact_id": 1, "tags": [*tags[:-1], {"note": [1]}]})

    assert ("at most 1,000" in texts[0]) == (count > 1000)
    assert ("tags/599/" in texts[0]) == (count == 600)


def test_of_many_notices_the_journal_keeps_what_it_has_room_for(sandbox: Sandbox) -> None:
    sandbox.stored("product", {"id": 1, "name": "Course", **{f"field {n}": n for n in range(50_000)}})

    findings = sandbox.requests()[0]["findings"]
    assert len(json.dumps(findings)) < 2 * KEPT_BYTES
    assert "further findings" in findings[-1]["message"]
