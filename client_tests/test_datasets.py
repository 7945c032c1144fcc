"""Datasets as their users meet them: the same data every time, and errors that name their line."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.checked.suites import IS_INSTALLED, PLUGIN
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import ended, served
from mock_server import datasets, fakedata
from mock_server.spec import Contract

State = dict[str, Any]
CONTRACT = Contract.load()
SMALL = ("demo", "edge-cases")
LIST_LIMIT = 10**6


def whole_state(sandbox: Sandbox) -> State:
    """Return the state, all pages of it."""
    page = sandbox.state()
    every = {name: list(rows) for name, rows in page.items() if name != "next"}
    while "next" in page:
        page = sandbox.state(after=page["next"])
        for name, rows in page.items():
            if name != "next":
                every[name] += rows
    return every


def created(origin: str, http: httpx.Client, name: str) -> Sandbox:
    made = http.post(f"{origin}/__admin/sandboxes", json={"dataset": name}).json()
    return Sandbox(origin, made["account_id"], made["api_key"], http)


def admin(sandbox: Sandbox, path: str, body: dict[str, Any]) -> httpx.Response:
    return sandbox.http.post(f"{sandbox.origin}/__admin/sandboxes{path}", json=body)


@pytest.fixture(scope="module")
def demo(origin: str, http: httpx.Client) -> State:
    return whole_state(created(origin, http, "demo"))


def test_a_served_dataset_is_that_of_a_new_sandbox_in_another_process(demo: State, http: httpx.Client) -> None:
    with served("--dataset", "demo") as server:
        assert whole_state(Sandbox.default(server.origin, http)) == demo


@pytest.mark.parametrize("names", [("demo", "edge-cases"), ("edge-cases", "demo")])
def test_the_order_of_loading_makes_no_difference(
    names: tuple[str, str], sandbox: Sandbox, origin: str, http: httpx.Client, demo: State
) -> None:
    for name in names:
        assert admin(sandbox, f"/{sandbox.account_id}/reset", {"dataset": name}).status_code == 200
        assert whole_state(sandbox) == (demo if name == "demo" else whole_state(created(origin, http, name)))


@pytest.mark.slow
def test_another_seed_gives_other_people_and_another_day_moves_the_dates(demo: State, http: httpx.Client) -> None:
    with (
        served("--dataset", "demo", "--seed", "2") as other,
        served("--dataset", "demo", "--today", "2026-07-01") as on,
    ):
        reseeded, moved = (whole_state(Sandbox.default(server.origin, http)) for server in (other, on))

    assert len(reseeded["contacts"]) == len(demo["contacts"])
    assert reseeded["contacts"] != demo["contacts"]
    assert moved["ad_performance"][-1]["date"] == "2026-06-30"
    assert demo["ad_performance"][-1]["date"] == "2026-06-29"
    assert [contact["email"] for contact in moved["contacts"]] == [contact["email"] for contact in demo["contacts"]]


@pytest.mark.parametrize("name", ["demo", "large"])
def test_every_generated_payload_passes_the_contract_and_is_stored_as_it_is(name: str) -> None:
    dataset = datasets.read(name, CONTRACT)
    recipe = json.loads(json.dumps(dataset.recipe))
    for part in ("contacts", "orders"):
        recipe[part]["count"] = min(recipe[part]["count"], 3000)

    for _, operation, body in fakedata.generate(recipe, 3, dataset.today):
        values, findings = CONTRACT.read_values(CONTRACT.operations[operation], body)
        assert values == body
        assert findings == ()


def test_the_large_dataset_counts_what_it_says() -> None:
    dataset = datasets.read("large", CONTRACT)

    counts = fakedata.generate(dataset.recipe, 1, dataset.today).counts

    assert counts["upsert_contact"] == 20_000
    assert counts["upsert_invoice"] == 40_000


def test_the_demo_holds_people_of_every_kind(demo: State) -> None:
    people = demo["contacts"]

    assert len(people) == 400
    assert len({contact["email"] for contact in people}) == 400
    assert {contact["status"] for contact in people} == {"active", "inactive"}
    assert len({contact["utm_source"] for contact in people}) > 4
    assert all(contact["custom_fields"] or contact["tags"] for contact in people)
    assert {tag["name"] for tag in demo["tags"]} >= {"Customer", "Newsletter", "VIP"}


def test_the_demo_sells_at_a_profit_and_in_every_way(demo: State) -> None:
    revenue = sum(order["paid"] for order in demo["invoices"] if not order["is_refunded"])
    spend = sum(figure["spend"] for figure in demo["ad_performance"])

    assert 1.5 * spend < revenue < 10 * spend
    assert any(order["is_refunded"] for order in demo["invoices"])
    assert any(order["discount"] for order in demo["invoices"])
    assert any(len(order["items"]) > 1 for order in demo["invoices"])
    assert any(order["paid"] == 0 < order["amount"] for order in demo["invoices"])
    for order in demo["invoices"]:
        assert order["amount"] == sum(item["amount"] for item in order["items"]) - order["discount"]


def test_nothing_in_the_demo_happens_before_its_contact_or_after_today(demo: State) -> None:
    created = {contact["contact_id"]: contact["date_created"] for contact in demo["contacts"]}

    dated = [(order["contact_id"], order["date_created"]) for order in demo["invoices"]]
    dated += [(one["contact_id"], one["start_date"]) for one in demo["subscriptions"]]

    assert all(created[contact] <= second < "2026-06-30" for contact, second in dated)
    assert min(created.values()) >= "2025-06-30"


def test_the_demo_has_each_billing_cycle_in_each_state(demo: State) -> None:
    today, seen = "2026-06-30", set()
    for one in demo["subscriptions"]:
        in_trial = one["trial_end_date"] > today
        seen.add((one["billing_cycle"], "canceled" if one["canceled_date"] else "trial" if in_trial else "active"))

    cycles, states = ("year", "month", "week", "day"), ("trial", "active", "canceled")
    assert seen >= {(cycle, kind) for cycle in cycles for kind in states}


def test_the_demos_bills_belong_to_its_subscriptions(demo: State) -> None:
    last_bills: dict[str, str] = {}
    for order in demo["invoices"]:
        for item in order["items"]:
            if item["subscription_id"]:
                last_bills[item["subscription_id"]] = order["date_created"]

    known = {one["id"]: one for one in demo["subscriptions"]}

    assert last_bills.keys() <= known.keys()
    assert all(known[id]["last_bill_date"] == second for id, second in last_bills.items())


def test_the_demos_campaigns_bring_people_while_they_run(demo: State) -> None:
    campaign_of = {ad["id"]: ad["adcampaign"] for ad in demo["ads"]}
    clicks: Counter[str] = Counter()
    days: dict[str, list[str]] = {}
    for figure in demo["ad_performance"]:
        clicks[campaign_of[figure["ad"]]] += figure["clicks"]
        days.setdefault(campaign_of[figure["ad"]], []).append(figure["date"])
        assert figure["clicks"] <= figure["impressions"]

    came = {name: [one for one in demo["contacts"] if one["utm_campaign"] == name] for name in clicks}

    assert len(clicks) == len(demo["ad_campaigns"]) == 3
    for name, people in came.items():
        assert 10 < len(people) < clicks[name]
        assert all(min(days[name]) <= person["date_created"][:10] <= max(days[name]) for person in people)
        assert all(campaign_of[person["utm_content"]] == name for person in people)


def test_the_edge_cases_hold_what_breaks_naive_code(origin: str, http: httpx.Client) -> None:
    odd = whole_state(created(origin, http, "edge-cases"))

    emails = Counter((contact["email"] or "").lower() for contact in odd["contacts"])
    ids = {contact["contact_id"] for contact in odd["contacts"]}

    assert emails["family@example.org"] == 2
    assert max(map(len, ids)) == 255
    assert {"000042", "42", " ", "%2F", "ext/12 % é", "after-the-move"} <= ids
    assert "before-the-move" not in ids
    assert any(order["contact_id"] is None for order in odd["invoices"])
    assert {0, 9007199254740991} <= {order["amount"] for order in odd["invoices"]}
    assert any("2024-02-29" in contact["date_created"] for contact in odd["contacts"])
    assert any("\u0600" < (contact["first_name"] or " ")[0] < "\u06ff" for contact in odd["contacts"])


@pytest.mark.parametrize("name", ["nothing", "../demo", "demo.yaml", "/etc/passwd", "fixtures/demo", "", "demo\x00"])
@pytest.mark.parametrize("path", ["", "/{account_id}/reset"])
def test_http_names_built_in_datasets_alone(name: str, path: str, sandbox: Sandbox) -> None:
    before = sandbox.state()

    answer = admin(sandbox, path.format(account_id=sandbox.account_id), {"dataset": name})

    assert answer.status_code == 400
    assert "use one of empty, demo, edge-cases, large" in errors_of(answer)[0]
    assert sandbox.state() == before


def test_a_dataset_that_is_not_a_text_is_refused(sandbox: Sandbox) -> None:
    answer = admin(sandbox, "", {"dataset": ["demo"]})

    assert answer.status_code == 400
    assert errors_of(answer) == ["'dataset' is [\"demo\"]; it must be one of empty, demo, edge-cases, large"]


@pytest.mark.slow
def test_an_empty_start_loads_nothing_that_only_datasets_need(tmp_path: Path) -> None:
    imported = tmp_path / "imported.txt"
    with imported.open("w") as log, served(env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}, stderr=log):
        pass

    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in imported.read_text().splitlines()}
    assert "mock_server" in loaded
    assert loaded & {"faker", "jinja2", "trustme", "schemathesis"} == set()


def test_a_reset_without_a_dataset_leaves_nothing(origin: str, http: httpx.Client) -> None:
    sandbox = created(origin, http, "edge-cases")

    admin(sandbox, f"/{sandbox.account_id}/reset", {})

    assert not any(sandbox.state().values())


def test_a_loaded_account_goes_on_as_any_other(origin: str, http: httpx.Client) -> None:
    sandbox = created(origin, http, "demo")

    kept = sandbox.stored("contact", {"contact_id": "10001", "first_name": "Ada"})["contact"]
    new = sandbox.stored("contact", {"email": "new@example.org", "tags": ["VIP"]})["contact"]

    assert kept["email"].endswith(".10001@example.org")
    assert new["tags"][0]["id"] in {tag["id"] for tag in sandbox.state(resource="tags")["tags"]}
    assert len(sandbox.requests()) == 2


@pytest.mark.slow
def test_a_dataset_is_not_loaded_into_a_database_with_data(http: httpx.Client, tmp_path: Path) -> None:
    file = str(tmp_path / "data.db")
    with served("--database", file) as server:
        Sandbox.default(server.origin, http).stored("product", {"id": 7, "name": "Course"})

    again = ended("serve", "--port", "0", "--database", file, "--dataset", "demo")

    assert again.returncode == 2
    assert "already contains data" in again.stderr
    assert "use another database" in again.stderr
    with served("--database", file) as server:
        assert [row["id"] for row in Sandbox.default(server.origin, http).state()["products"]] == ["7"]


def test_the_command_lists_every_dataset_with_its_counts() -> None:
    listed = ended("datasets").stdout

    assert [line.split()[0] for line in listed.splitlines() if not line.startswith(" ")] == list(datasets.names())
    assert "20,000 upsert_contact, 40,000 upsert_invoice" in listed


@pytest.mark.slow
def test_check_starts_from_a_dataset(tmp_path: Path) -> None:
    client = tmp_path / "client.sh"
    client.write_text(
        'curl --silent --fail --noproxy "*" "$SEGMETRICS_BASE_URL/v1/$SEGMETRICS_ACCOUNT_ID/$SEGMETRICS_INTEGRATION_ID'
        '/tags/add" -H "Authorization: $SEGMETRICS_API_KEY" -H "Content-Type: application/json"'
        """ -d '{"contact_id": "10001", "tags": ["VIP"]}'"""
    )

    run = ended("check", "--dataset", "demo", "--", "bash", str(client))

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
def test_a_test_of_the_plugin_starts_from_a_dataset_and_changes_to_another(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(
        """
import pytest

@pytest.mark.segmetrics(dataset="demo")
def test_shop(segmetrics):
    assert len(segmetrics.contacts) == 400
    segmetrics.seed("empty")
    assert segmetrics.contacts == []
    with pytest.raises(ValueError, match="'nothing' is not a dataset"):
        segmetrics.seed("nothing")
"""
    )

    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            PLUGIN if IS_INSTALLED else "mock_server.pytest_plugin",
            "-p",
            "no:cacheprovider",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "1 passed" in run.stdout, run.stdout + run.stderr


def test_today_moves_all_that_is_relative() -> None:
    day = date(2024, 2, 29)

    moved = datasets.read("edge-cases", CONTRACT, day)

    assert moved.today == day
    assert {written.body["date"] for written in moved.payloads if written.kind == "ads"} >= {"2024-02-27", "2024-02-28"}
