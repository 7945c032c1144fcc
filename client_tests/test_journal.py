"""The journal of a sandbox: what it records of each call, how it is read, and what it drops."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from client_tests.bodies import ORDER
from client_tests.sandbox import JSON_HEADERS, Sandbox
from client_tests.serving import served

DATE = "2018-10-02T16:15:00Z"
KEPT_BYTES = 65_536
CLIENTS = 16


def record(sandbox: Sandbox, *ids: int) -> None:
    """Send a call for each id, which `recorded` returns again."""
    for id in ids:
        sandbox.stored("product", {"id": id, "name": "Course"})


def recorded(sandbox: Sandbox) -> list[int]:
    return [json.loads(entry["request"]["body"])["id"] for entry in sandbox.requests()]


def dropped(sandbox: Sandbox) -> int:
    counted: int = sandbox.admin("GET", "/requests").json()["dropped"]
    return counted


def kept_rows(path: Path) -> int:
    """Return how many exchanges the file holds, of all accounts."""
    with closing(sqlite3.connect(path)) as database:
        (rows,) = database.execute("SELECT COUNT(*) FROM exchange").fetchone()
    return int(rows)


def test_the_journal_lists_each_call_newest_last(sandbox: Sandbox) -> None:
    invoice = {"id": 1, "contact_id": 7, "amount": "12", "paid": 1, "date_created": DATE, "items": [{}]}
    sandbox.stored("contact", {"contact_id": 1})
    sandbox.post("invoice", invoice)
    sandbox.delete("contact", "a/b")
    sandbox.send("GET", "contact?x=1")
    sandbox.post("contacts", {})

    journal = sandbox.requests()

    shown = [(entry["operation"], entry["request"]["method"], entry["answer"]["status"]) for entry in journal]
    assert shown == [
        ("upsert_contact", "POST", 200),
        ("upsert_invoice", "POST", 400),
        ("delete_contact", "DELETE", 404),
        (None, "GET", 405),
        (None, "POST", 404),
    ]
    assert [entry["number"] for entry in journal] == [1, 2, 3, 4, 5]
    assert journal[2]["request"]["path"] == urlsplit(sandbox.url("contact/a%2Fb")).path
    assert journal[3]["request"]["path"].endswith("/contact?x=1")
    assert json.loads(journal[1]["request"]["body"]) == invoice
    assert journal[1]["request"]["bytes"] == len(journal[1]["request"]["body"])
    assert json.loads(journal[0]["answer"]["body"])["contact"]["contact_id"] == "1"
    assert {entry["fault"] for entry in journal} == {None}
    assert journal[0]["findings"] == []
    assert {(finding["pointer"], finding["severity"]) for finding in journal[1]["findings"]} == {
        ("/body/amount", "violation"),
        ("/body/items/0/name", "violation"),
        ("/body/items/0/product_id", "violation"),
        ("/body/items/0/amount", "violation"),
    }
    texts = json.loads(journal[1]["answer"]["body"])["errors"]
    assert [finding["message"] for finding in journal[1]["findings"]] == texts
    assert [finding["code"] for finding in journal[3]["findings"] + journal[4]["findings"]] == [
        "unknown-method",
        "unknown-path",
    ]
    assert {finding["operation"] for finding in journal[1]["findings"]} == {"upsert_invoice"}


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_an_unknown_path_is_in_the_journal_of_the_keys_account(sandbox: Sandbox, prefix: str) -> None:
    url = f"{sandbox.origin}/api/v2/nonsense"

    sandbox.http.post(url, json={}, headers={"Authorization": f"{prefix}{sandbox.api_key}"})

    assert [entry["request"]["path"] for entry in sandbox.requests()] == ["/api/v2/nonsense"]


@pytest.mark.parametrize("sent", ["own", "wrong", "short"])
def test_no_key_is_shown_in_full(sandbox: Sandbox, sent: str) -> None:
    key = {"own": sandbox.api_key, "wrong": "wrong-key-of-22-digits", "short": "hunter22"}[sent]

    for prefix in ("", "Bearer "):
        sandbox.send("POST", "contact", json={"contact_id": 1}, headers={"Authorization": prefix + key})

    journal = sandbox.requests()
    assert len(journal) == 2
    assert key not in json.dumps(journal)
    assert len(journal[0]["request"]["headers"]["authorization"]) <= 5


def test_the_journal_can_be_narrowed(sandbox: Sandbox) -> None:
    sandbox.stored("product", {"id": 1, "name": "Course"})
    sandbox.post("product", {"id": 1})
    sandbox.delete("invoice", "1")
    sandbox.send("POST", "invoice", json={**ORDER, "email": "nobody@example.org"})

    def operations(**filters: str) -> list[str]:
        return [entry["operation"] for entry in sandbox.requests(**filters)]

    assert operations(operation="upsert_product") == ["upsert_product", "upsert_product"]
    assert operations(status="404") == ["delete_invoice"]
    assert operations(status="200") == ["upsert_product", "upsert_invoice"]
    assert operations(severity="violation") == ["upsert_product"]
    assert operations(severity="warning") == ["delete_invoice", "upsert_invoice"]
    assert operations(operation="upsert_product", status="400", severity="violation") == ["upsert_product"]
    assert operations(operation="upsert_product", severity="warning") == []
    assert operations(after=str(sandbox.requests()[1]["number"])) == ["delete_invoice", "upsert_invoice"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_paging_through_the_journal_gives_each_entry_once(sandbox: Sandbox, limit: int) -> None:
    for number in range(7):
        sandbox.stored("product", {"id": number, "name": "Course"})
        sandbox.delete("invoice", "unknown")

    found = list(sandbox.pages("/requests", limit=str(limit), operation="upsert_product"))

    assert all(len(page["requests"]) <= limit for page in found)
    entries: list[dict[str, Any]] = [entry for page in found for entry in page["requests"]]
    assert [json.loads(entry["request"]["body"])["id"] for entry in entries] == list(range(7))


def test_of_a_body_the_journal_keeps_64_kib(sandbox: Sandbox) -> None:
    body = json.dumps({"id": 1, "name": "é" * 40_000}, ensure_ascii=False).encode()

    answer = sandbox.send("POST", "product", content=body, headers=JSON_HEADERS)

    (entry,) = sandbox.requests()
    for side, whole in (("request", body), ("answer", answer.content)):
        assert entry[side]["bytes"] == len(whole)
        assert entry[side]["body"].rstrip("\ufffd") == whole[:KEPT_BYTES].decode(errors="ignore")


def test_the_journal_keeps_the_last_and_counts_the_others(http: httpx.Client) -> None:
    with served("--journal-limit", "5") as server:
        sandbox, neighbour = Sandbox.create(server.origin, http), Sandbox.create(server.origin, http)
        record(sandbox, *range(70))
        record(neighbour, 1)

        assert recorded(sandbox) == [65, 66, 67, 68, 69]
        assert [entry["number"] for entry in sandbox.requests()] == [66, 67, 68, 69, 70]
        assert dropped(sandbox) == 65
        assert dropped(neighbour) == 0
        assert len(sandbox.state()["products"]) == 70
        caveat = sandbox.admin("GET", "/report").json()["verdict"]["caveat"]
        assert caveat.startswith("65 earlier calls not judged, since the journal no longer has them")
        ui = f"{server.origin}/__admin/ui"
        pages = [http.get(f"{ui}/{one.account_id}/coverage").text for one in (sandbox, neighbour)]
        assert "65 earlier calls not counted, since the journal no longer has them" in pages[0]
        assert "earlier call" not in pages[1]


@pytest.mark.slow
def test_each_account_keeps_its_own_last_calls_under_parallel_clients(tmp_path: Path, http: httpx.Client) -> None:
    path = tmp_path / "data.db"
    with served("--journal-limit", "7", "--database", str(path)) as server:
        sandboxes = [Sandbox.create(server.origin, http) for _ in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda sandbox: record(sandbox, *range(40)), sandboxes))

        for sandbox in sandboxes:
            assert recorded(sandbox) == list(range(33, 40))
            assert dropped(sandbox) == 33
    assert kept_rows(path) == 7 * CLIENTS


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 1, 2])
def test_a_small_journal_counts_what_parallel_clients_do(limit: int, http: httpx.Client) -> None:
    with served("--journal-limit", str(limit)) as server, ThreadPoolExecutor(CLIENTS) as pool:
        sandbox = Sandbox.create(server.origin, http)
        for done in [pool.submit(record, sandbox, *range(10)) for _ in range(CLIENTS)]:
            done.result()

        assert len(recorded(sandbox)) == limit
        assert dropped(sandbox) == CLIENTS * 10 - limit


@pytest.mark.slow
@pytest.mark.parametrize("limits", [(300, 5), (5, 300), (300, 290), (290, 300)])
def test_another_limit_holds_for_what_was_kept_before(
    limits: tuple[int, int], tmp_path: Path, http: httpx.Client
) -> None:
    path = tmp_path / "data.db"
    before, now = limits
    with served("--journal-limit", str(before), "--database", str(path)) as server:
        record(Sandbox.default(server.origin, http), *range(400))

    with served("--journal-limit", str(now), "--database", str(path)) as server:
        sandbox = Sandbox.default(server.origin, http)
        last = min(limits)
        assert recorded(sandbox) == list(range(400 - last, 400))
        assert dropped(sandbox) == 400 - last

        record(sandbox, *range(400, 420))
        last = min(now, before + 20)
        assert recorded(sandbox) == list(range(420 - last, 420))
        assert dropped(sandbox) == 420 - last
    assert kept_rows(path) == last


def test_after_a_reset_the_numbers_go_on_and_nothing_counts_as_dropped(http: httpx.Client) -> None:
    with served("--journal-limit", "5") as server:
        sandbox = Sandbox.create(server.origin, http)
        for first in (1, 9, 17):
            record(sandbox, *range(first, first + 8))
            assert [entry["number"] for entry in sandbox.requests()] == list(range(first + 3, first + 8))
            assert dropped(sandbox) == 3

            for _ in range(2):
                sandbox.admin("POST", "/reset", json={}).raise_for_status()
                assert recorded(sandbox) == []
                assert dropped(sandbox) == 0


def test_the_journals_of_all_accounts_together_keep_below_their_bytes(tmp_path: Path, http: httpx.Client) -> None:
    """The oldest exchanges go first, whose they are; their account counts them and numbers on."""
    path = tmp_path / "data.db"
    with served("--journal-bytes", "2000000", "--database", str(path)) as server:
        early, late = Sandbox.create(server.origin, http), Sandbox.create(server.origin, http)
        nobody = Sandbox(server.origin, "nobody", "no-key", http)
        for sandbox, calls in ((early, 10), (nobody, 3), (late, 50)):
            for number in range(calls):
                sandbox.post("product", {"id": number, "name": "é" * 30_000})

        kept = recorded(late)
        assert kept == list(range(50))[-len(kept) :]
        assert 9 < len(kept) < 17  # of 125 KB each
        assert (len(early.requests()), dropped(early)) == (0, 10)
        assert dropped(late) == 50 - len(kept)
        assert kept_rows(path) == len(kept) + 1  # the next number of calls without an account follows from their last

        record(early, 99)
        assert [(entry["number"], dropped(early)) for entry in early.requests()] == [(11, 10)]
        early.admin("POST", "/reset", json={}).raise_for_status()
        record(early, 99)
        assert [(entry["number"], dropped(early)) for entry in early.requests()] == [(12, 0)]
    with served("--journal-bytes", "200000", "--database", str(path)) as server:
        sandbox = Sandbox.default(server.origin, http)
        record(sandbox, 1)

        assert recorded(sandbox) == [1]
        assert kept_rows(path) <= 4
