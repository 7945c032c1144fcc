"""What the journal keeps of a request that is large, and how much is told of one with many mistakes."""

import json

import pytest

from client_tests.bodies import ORDER
from client_tests.sandbox import Sandbox, errors_of
from mock_server.journal import KEPT_BYTES, KEPT_HEAD


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


def test_of_many_errors_a_thousand_are_told_and_the_journal_stays_small(sandbox: Sandbox) -> None:
    before = sandbox.state()
    items = [*[{**ORDER["items"][0]}] * 10, *[{}] * 100_000]

    answer = sandbox.post("invoice", {**ORDER, "email": "ada@example.org", "items": items})

    texts = errors_of(answer)
    assert answer.status_code == 400
    assert len(texts) == 1001
    assert texts[0] == "missing 'items/10/name' field "
    assert "there may be more" in texts[-1]
    assert sandbox.state() == before
    findings = sandbox.requests()[0]["findings"]
    assert len(json.dumps(findings)) < 2 * KEPT_BYTES
    assert f"{1001 - len(findings)} further findings" in findings[-1]["message"]


def test_an_error_behind_a_thousand_good_entries_is_refused_too(sandbox: Sandbox) -> None:
    items = [*[{**ORDER["items"][0]}] * 2000, {}]

    (text,) = sandbox.refused(400, "invoice", {**ORDER, "email": "ada@example.org", "items": items})

    assert "there may be more" in text


def test_of_many_notices_the_journal_keeps_what_it_has_room_for(sandbox: Sandbox) -> None:
    sandbox.stored("product", {"id": 1, "name": "Course", **{f"field {n}": n for n in range(50_000)}})

    findings = sandbox.requests()[0]["findings"]
    assert len(json.dumps(findings)) < 2 * KEPT_BYTES
    assert "further findings" in findings[-1]["message"]
