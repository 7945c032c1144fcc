"""The admin side as test suites use it: sandboxes, what they hold, and the journal of their calls."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of
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
    "identifications",
]
CLIENTS = 32


def fill(sandbox: Sandbox) -> None:
    """Store something of each resource, of most of them more than a small page holds."""
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
        assert sandbox.identify(cid=str(number)).status_code == 200
    sandbox.stored("contact", {"contact_id": 0}, integration="ads")


def is_empty(state: dict[str, Any]) -> bool:
    return state == {resource: [] for resource in RESOURCES}


def test_a_created_sandbox_is_an_account_of_its_own(origin: str, http: httpx.Client) -> None:
    created = http.post(f"{origin}/__admin/sandboxes", json={}).json()
    other = http.post(f"{origin}/__admin/sandboxes", json={}).json()

    assert created.keys() == {"account_id", "integrations", "api_key", "base_url", "reading_url", "tracking_url"}
    assert created["integrations"].keys() == {"payments", "ads"}
    assert len(created["api_key"]) == 22
    assert created["base_url"] == f"{origin}/api"
    assert (created["reading_url"], created["tracking_url"]) == (f"{origin}/reading", f"{origin}/tracking")
    assert created["account_id"] != other["account_id"]
    assert created["api_key"] != other["api_key"]
    for integration in created["integrations"].values():
        url = f"{created['base_url']}/v1/{created['account_id']}/{integration}/contact"
        answer = http.post(url, json={"contact_id": 1}, headers={"Authorization": created["api_key"]})
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

    answer = sandbox.admin("DELETE")

    assert answer.status_code == 200
    assert sandbox.admin("GET", "/state").status_code == 404
    assert sandbox.admin("DELETE").status_code == 404
    assert sandbox.post("contact", {"contact_id": 1}).status_code == 401
    assert neighbour.state() == before


def test_a_reset_sandbox_is_as_new_and_keeps_its_key(sandbox: Sandbox, neighbour: Sandbox) -> None:
    first = sandbox.stored("contact", {"email": "ada@example.org"})
    fill(sandbox)
    fill(neighbour)
    before = neighbour.state()

    answer = sandbox.admin("POST", "/reset", json={})

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


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("filters", [{}, {"integration_id": "payments"}, {"resource": "contacts"}])
def test_paging_through_the_state_gives_each_row_once(sandbox: Sandbox, limit: int, filters: dict[str, str]) -> None:
    fill(sandbox)
    whole = sandbox.state(**filters)

    found: dict[str, list[Any]] = {resource: [] for resource in whole}
    for page in sandbox.pages("/state", limit=str(limit), **filters):
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
    answer = sandbox.admin("GET", path, params={name: value})

    assert answer.status_code == 400
    (text,) = errors_of(answer)
    assert name in text
    assert value[:20] in text


def test_health_reports_the_version(origin: str, http: httpx.Client) -> None:
    assert http.get(f"{origin}/__admin/health").json() == {"status": "ok", "version": __version__}


def test_the_contract_is_served_as_it_is_but_for_this_server(origin: str, http: httpx.Client) -> None:
    served = http.get(f"{origin}/openapi.json").json()
    assert yaml.safe_load(http.get(f"{origin}/openapi.yaml").text) == served
    own = [one["servers"].pop(0)["url"] for one in (served, *served["paths"].values()) if "servers" in one]

    assert own == [f"{origin}{mount}" for mount in ("/api", "/reading", "/tracking")]
    assert served == yaml.safe_load(DOCUMENT.read_text("utf-8")) == Contract.load().document


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
