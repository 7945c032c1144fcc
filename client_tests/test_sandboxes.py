"""The admin side as test suites use it: sandboxes, what they hold, and the journal of their calls."""

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of
from client_tests.serving import served
from mock_server import __version__
from mock_server.spec import Contract

DOCUMENT = Path(__file__).parents[1] / "openapi.yaml"
RESOURCES = [
    "contacts",
    "tags",
    "invoices",
    "subscriptions",
    "products",
    "ad_campaigns",
    "ad_sets",
    "ads",
    "ad_performance",
]
DATE = "2018-10-02T16:15:00Z"
KEPT_BYTES = 65_536
CLIENTS = 32


def admin(sandbox: Sandbox, method: str, path: str = "", **request: Any) -> httpx.Response:
    return sandbox.http.request(method, f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}{path}", **request)


def fill(sandbox: Sandbox) -> None:
    """Something of each resource, more than a small page of most."""
    for number in range(5):
        contact = {"contact_id": number, "email": f"{number}@example.org", "tags": [number, "Buyer"]}
        item = {"name": "Course", "product_id": f"course {number}", "amount": 100}
        invoice = {"id": number, "contact_id": number, "amount": 100, "paid": 100, "date_created": "2018-10-02"}
        subscription = {"id": number, "contact_id": number, "amount": 5, "product_id": "club", "billing_cycle": "day"}
        subscription |= {"frequency": 1, "start_date": "2018-10-02", "last_bill_date": "2018-10-02"}
        figure = {"ad": f"ad {number % 3}", "spend": 5, "date": f"2018-10-0{number + 1}"}
        sandbox.stored("contact", contact)
        sandbox.stored("invoice", {**invoice, "items": [item]})
        sandbox.stored("subscription", subscription)
        sandbox.stored("ad/performance", {**figure, "adset": number, "adcampaign": "spring"}, integration="ads")
    sandbox.stored("contact", {"contact_id": 0}, integration="ads")


def is_empty(state: dict[str, Any]) -> bool:
    return state == {resource: [] for resource in RESOURCES}


def test_a_minted_sandbox_is_an_account_of_its_own(origin: str, http: httpx.Client) -> None:
    minted = http.post(f"{origin}/__admin/sandboxes", json={}).json()
    other = http.post(f"{origin}/__admin/sandboxes", json={}).json()

    assert minted.keys() == {"account_id", "integrations", "api_key", "base_url"}
    assert minted["integrations"].keys() == {"payments", "ads"}
    assert len(minted["api_key"]) == 22
    assert minted["base_url"] == f"{origin}/api"
    assert minted["account_id"] != other["account_id"]
    assert minted["api_key"] != other["api_key"]
    for integration in minted["integrations"].values():
        url = f"{minted['base_url']}/v1/{minted['account_id']}/{integration}/contact"
        answer = http.post(url, json={"contact_id": 1}, headers={"Authorization": minted["api_key"]})
        assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"null", b"{", b'{"nonsense": 1}', b"\xff", b"[" * 5000])
@pytest.mark.parametrize("path", ["", "/{account_id}/reset"])
def test_options_that_cannot_be_read_are_refused(sandbox: Sandbox, path: str, body: bytes) -> None:
    sandbox.stored("contact", {"contact_id": 1})
    url = f"{sandbox.origin}/__admin/sandboxes{path.format(account_id=sandbox.account_id)}"

    answer = sandbox.http.post(url, content=body, headers=JSON_HEADERS)

    assert answer.status_code == 400
    assert errors_of(answer)
    assert len(sandbox.state()["contacts"]) == 1


def test_options_of_a_megabyte_are_413(sandbox: Sandbox) -> None:
    answer = sandbox.http.post(f"{sandbox.origin}/__admin/sandboxes", content=b" " * 1_000_000, headers=JSON_HEADERS)

    assert answer.status_code == 413
    assert errors_of(answer)


def test_a_dropped_sandbox_is_gone_with_its_key(sandbox: Sandbox, neighbour: Sandbox) -> None:
    fill(sandbox)
    fill(neighbour)
    before = neighbour.state()

    answer = admin(sandbox, "DELETE")

    assert answer.status_code == 200
    assert admin(sandbox, "GET", "/state").status_code == 404
    assert admin(sandbox, "DELETE").status_code == 404
    assert sandbox.post("contact", {"contact_id": 1}).status_code == 401
    assert neighbour.state() == before


def test_a_reset_sandbox_is_as_new_and_keeps_its_key(sandbox: Sandbox, neighbour: Sandbox) -> None:
    first = sandbox.stored("contact", {"email": "ada@example.org"})
    fill(sandbox)
    fill(neighbour)
    before = neighbour.state()

    answer = admin(sandbox, "POST", "/reset", json={})

    assert answer.status_code == 200
    assert is_empty(sandbox.state())
    assert sandbox.requests() == []
    assert neighbour.state() == before
    again = sandbox.stored("contact", {"email": "ada@example.org"})
    assert again["contact"]["contact_id"] == first["contact"]["contact_id"]


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", ""), ("POST", "/reset"), ("GET", "/state"), ("GET", "/requests")]
)
@pytest.mark.parametrize("account_id", ["nobody", "%2F", "%00", "%FF", "é", "x" * 5000])
def test_an_unknown_sandbox_is_404(origin: str, http: httpx.Client, method: str, path: str, account_id: str) -> None:
    content = b"{}" if method == "POST" else None

    answer = http.request(
        method, f"{origin}/__admin/sandboxes/{account_id}{path}", headers=JSON_HEADERS, content=content
    )

    assert answer.status_code == 404
    assert errors_of(answer)


def test_the_state_can_be_narrowed(sandbox: Sandbox) -> None:
    fill(sandbox)
    whole = sandbox.state()

    assert list(whole) == RESOURCES
    assert sandbox.state(resource="tags") == {"tags": whole["tags"]}
    for integration in ("payments", "ads"):
        expected = {name: [row for row in rows if row["integration_id"] == integration] for name, rows in whole.items()}
        assert sandbox.state(integration_id=integration) == expected
    assert is_empty(sandbox.state(integration_id="nothing"))
    assert len(whole["contacts"]) == 6
    assert len(sandbox.state(resource="contacts", integration_id="ads", limit="1")["contacts"]) == 1


def pages(sandbox: Sandbox, path: str, **filters: str) -> Iterator[dict[str, Any]]:
    page: dict[str, Any] = admin(sandbox, "GET", path, params=filters).json()
    yield page
    while "next" in page:
        answer = admin(sandbox, "GET", path, params={**filters, "after": page["next"]})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("filters", [{}, {"integration_id": "payments"}, {"resource": "contacts"}])
def test_paging_through_the_state_gives_each_row_once(sandbox: Sandbox, limit: int, filters: dict[str, str]) -> None:
    fill(sandbox)
    whole = sandbox.state(**filters)

    found: dict[str, list[Any]] = {resource: [] for resource in whole}
    for page in pages(sandbox, "/state", limit=str(limit), **filters):
        for resource in found:
            assert len(page[resource]) <= limit
            found[resource] += page[resource]

    assert found == whole


BAD_NUMBERS = ["", "0", "-1", "1.5", "x", "1001", "٣", "1" * 30, "0" * 19 + "1001", "9" * 5000]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        *[(path, "limit", value) for path in ("/state", "/requests") for value in BAD_NUMBERS],
        *[("/requests", "after", value) for value in ("", "x", "-1", str(2**63), "0" * 20 + "9" * 30)],
        *[("/requests", "status", value) for value in ("", "x", "99", "600", "0" * 17 + "200999")],
        ("/requests", "operation", "nonsense"),
        ("/requests", "severity", "nonsense"),
        ("/state", "resource", "nonsense"),
        ("/state", "resource", ""),
        *[
            ("/state", "after", f"contacts{rest}")
            for rest in ("", ".", ".x", ".-1", ".1~", f".{2**63}", "." + "9" * 19)
        ],
        *[("/state", "after", value) for value in ("", "7", "nonsense.1", "~")],
        ("/state", "nonsense", ""),
        ("/requests", "nonsense", ""),
    ],
)
def test_a_bad_filter_is_400_with_the_reason(sandbox: Sandbox, path: str, name: str, value: str) -> None:
    answer = admin(sandbox, "GET", path, params={name: value})

    assert answer.status_code == 400
    (text,) = errors_of(answer)
    assert name in text
    assert value[:20] in text


def test_the_journal_tells_each_call_newest_last(sandbox: Sandbox) -> None:
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
    assert [entry["number"] for entry in journal] == sorted(entry["number"] for entry in journal)
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
    sandbox.send("POST", "contact", json={"contact_id": 1}, headers={"Authorization": f"Bearer {sandbox.api_key}"})

    def operations(**filters: str) -> list[str]:
        return [entry["operation"] for entry in sandbox.requests(**filters)]

    assert operations(operation="upsert_product") == ["upsert_product", "upsert_product"]
    assert operations(status="404") == ["delete_invoice"]
    assert operations(status="200") == ["upsert_product", "upsert_contact"]
    assert operations(severity="violation") == ["upsert_product"]
    assert operations(severity="warning") == ["upsert_contact"]
    assert operations(operation="upsert_product", status="400", severity="violation") == ["upsert_product"]
    assert operations(operation="upsert_product", severity="warning") == []
    assert operations(after=str(sandbox.requests()[1]["number"])) == ["delete_invoice", "upsert_contact"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_paging_through_the_journal_gives_each_entry_once(sandbox: Sandbox, limit: int) -> None:
    for number in range(7):
        sandbox.stored("product", {"id": number, "name": "Course"})
        sandbox.delete("invoice", "unknown")

    found = list(pages(sandbox, "/requests", limit=str(limit), operation="upsert_product"))

    assert all(len(page["requests"]) <= limit for page in found)
    entries = [entry for page in found for entry in page["requests"]]
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
        sandbox, neighbour = Sandbox.mint(server.origin, http), Sandbox.mint(server.origin, http)
        for number in range(70):
            sandbox.stored("product", {"id": number, "name": "Course"})
        neighbour.stored("product", {"id": 1, "name": "Course"})

        page = admin(sandbox, "GET", "/requests").json()

        assert [json.loads(entry["request"]["body"])["id"] for entry in page["requests"]] == [65, 66, 67, 68, 69]
        assert page["dropped"] == 65
        assert admin(neighbour, "GET", "/requests").json()["dropped"] == 0
        assert len(sandbox.state()["products"]) == 70


def test_what_the_journal_lets_go_leaves_the_database(tmp_path: Path, http: httpx.Client) -> None:
    path = tmp_path / "data.db"
    with served("--journal-limit", "5", "--database", str(path)) as server:
        sandbox = Sandbox.mint(server.origin, http)
        for number in range(1200):
            sandbox.stored("product", {"id": number, "name": "Course"})

        assert admin(sandbox, "GET", "/requests").json()["dropped"] == 1195
    with closing(sqlite3.connect(path)) as database:
        (kept,) = database.execute("SELECT COUNT(*) FROM exchange").fetchone()
    assert kept < 600


def test_health_tells_the_version(origin: str, http: httpx.Client) -> None:
    assert http.get(f"{origin}/__admin/health").json() == {"status": "ok", "version": __version__}


def test_the_contract_is_served_as_it_is(origin: str, http: httpx.Client) -> None:
    assert http.get(f"{origin}/openapi.yaml").content == DOCUMENT.read_bytes()
    assert http.get(f"{origin}/openapi.json").json() == yaml.safe_load(DOCUMENT.read_text("utf-8"))
    assert http.get(f"{origin}/openapi.json").json() == Contract.load().document


def test_sandboxes_do_not_see_each_other_under_parallel_clients(sandbox: Sandbox, neighbour: Sandbox) -> None:
    def client(number: int) -> None:
        own, name = (sandbox, "ours") if number % 2 else (neighbour, "theirs")
        for id in range(10):
            contact = {"contact_id": id, "email": f"{id}@example.org", "first_name": name, "tags": [name]}
            item = {"name": name, "product_id": id, "amount": 1}
            invoice = {"id": id, "contact_id": id, "amount": 1, "paid": 1, "date_created": "2018-10-02"}
            own.stored("contact", contact)
            own.stored("invoice", {**invoice, "items": [item]})
            assert own.delete("invoice", f"{name}-{id}").status_code == 404

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))

    for own, name in ((sandbox, "ours"), (neighbour, "theirs")):
        state = own.state()
        assert [row["first_name"] for row in state["contacts"]] == [name] * 10
        assert [row["name"] for row in state["products"]] == [name] * 10
        assert [row["name"] for row in state["tags"]] == [name]
        assert [row["items"][0]["name"] for row in state["invoices"]] == [name] * 10
        assert len(own.requests()) == CLIENTS // 2 * 30
        assert own.account_id not in json.dumps((neighbour if own is sandbox else sandbox).requests())
