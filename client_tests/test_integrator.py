"""The modules of Boost.space Integrator, each dialog field filled in, and the state that follows."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from client_tests.dialogs import (
    CONTACT,
    CONTACT_FULL,
    CONTACT_STORED,
    FIGURES,
    ORDER,
    ORDER_STORED,
    PERFORMANCE,
    SUBSCRIPTION,
    SUBSCRIPTION_STORED,
)
from client_tests.integrator import API_CALL, MODULES, Dialog, filled, labels, run
from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of


@dataclass(frozen=True, slots=True)
class Run:
    """A module with its dialog, run after others, and the rows that are stored then."""

    module: str
    dialog: Dialog
    stored: Mapping[str, list[dict[str, Any]]]
    after: tuple[tuple[str, Dialog], ...] = ()


_ADDED = (("Add/Update a Contact", CONTACT_FULL),)
RUNS = [
    Run("Add/Update a Contact", CONTACT_FULL, {"contacts": [CONTACT_STORED]}),
    Run("Delete a Contact", {"Contact ID or email": "249"}, {"contacts": []}, _ADDED),
    Run("Delete a Contact", {"Contact ID or email": "luke@example.org"}, {"contacts": []}, _ADDED),
    Run("Add/Update an Order", ORDER, {"invoices": [ORDER_STORED]}, _ADDED),
    Run("Delete an Order", {"Order ID": "000000123"}, {"invoices": []}, (*_ADDED, ("Add/Update an Order", ORDER))),
    Run("Add/Update a Subscription", SUBSCRIPTION, {"subscriptions": [SUBSCRIPTION_STORED], "invoices": []}, _ADDED),
    Run(
        "Delete a Subscription",
        {"Subscription ID": "sub-1"},
        {"subscriptions": [], "products": [{"id": "8", "name": "Holocron Club"}]},
        (*_ADDED, ("Add/Update a Subscription", SUBSCRIPTION)),
    ),
    Run(
        "Record an Ad Performance",
        PERFORMANCE,
        {
            "ad_performance": [{"ad": "ad-1", **FIGURES}, {"ad": "ad-2", **FIGURES}],
            "ads": [
                {"id": "ad-1", "name": None, "adset": "set-1", "adcampaign": "camp-1"},
                {"id": "ad-2", "name": "Carousel", "adset": "set-2", "adcampaign": "camp-2"},
            ],
            "ad_sets": [
                {"id": "set-1", "name": "Lookalikes", "adcampaign": "camp-1"},
                {"id": "set-2", "name": "Fans", "adcampaign": "camp-2"},
            ],
            "ad_campaigns": [
                {"id": "camp-3", "name": None},
                {"id": "camp-1", "name": "Spring"},
                {"id": "camp-2", "name": "Autumn"},
            ],
        },
    ),
]
TAG_RUNS: list[tuple[str, Dialog, list[str | None]]] = [
    ("Add a Tag", {**CONTACT, "Tags": ["VIP"]}, ["New Lead", None, "Buyer", "VIP"]),
    ("Add a Tag", {"Email": "luke@example.org", "Tags": [{"Name": "VIP"}]}, ["New Lead", None, "Buyer", "VIP"]),
    ("Add a Tag", {"Contact ID": 249, "Tags": [3, "9", "New Lead"]}, ["New Lead", None, "Buyer"]),
    (
        "Add a Tag",
        {"Contact ID": 249, "Tags": [{"Tag ID": 3, "Name": "Fan", "Date": "2021-12-18T00:00:00Z"}]},
        ["New Lead", "Fan", "Buyer"],
    ),
    ("Delete a Tag", {**CONTACT, "Tags": ["Buyer"]}, ["New Lead", None]),
    ("Delete a Tag", {"Email": "luke@example.org", "Tags": ["9", 3]}, ["New Lead"]),
    ("Delete a Tag", {"Contact ID": "249", "Tags": ["Unknown"]}, ["New Lead", None, "Buyer"]),
]
API_CALLS: list[tuple[Dialog, int, list[str]]] = [
    (
        {
            "URL": "/v1/{account}/payments/product",
            "Method": "POST",
            "Headers": [{"key": name, "value": value} for name, value in JSON_HEADERS.items()],
            "Query string": [{"key": "trace", "value": "a b"}],
            "Body": json.dumps({"id": 8, "name": "Holocron"}),
        },
        200,
        ["Holocron"],
    ),
    ({"URL": "/v1/{account}/payments/contact/249", "Method": "DELETE"}, 404, []),
    ({"URL": "/v1/{account}/payments/product", "Method": "GET"}, 405, []),
    ({"URL": "/v1/{account}/payments/product", "Method": "PUT", "Body": "{}"}, 405, []),
    ({"URL": "/v1/{account}/payments/contact/249", "Method": "PATCH", "Body": "{}"}, 405, []),
    ({"URL": "/v1/{account}/payments/report", "Method": "GET"}, 404, []),
]


def test_the_runs_fill_in_every_field_of_every_dialog() -> None:
    runs: list[tuple[str, Dialog]] = [(each.module, each.dialog) for each in RUNS]
    runs += [(module, dialog) for module, dialog, _ in TAG_RUNS]
    runs += [(API_CALL, dialog) for dialog, *_ in API_CALLS]

    used: dict[str, set[str]] = defaultdict(set)
    for module, dialog in runs:
        used[module] |= filled(module, dialog)

    assert used == {module: labels(module) for module in [*MODULES, API_CALL]}


@pytest.mark.parametrize("each", RUNS, ids=lambda each: each.module)
def test_a_run_of_a_module_stores_what_its_dialog_says(sandbox: Sandbox, each: Run) -> None:
    for module, dialog in each.after:
        assert run(sandbox, module, dialog).status_code == 200

    answer = run(sandbox, each.module, each.dialog)

    assert answer.status_code == 200, answer.text
    state = sandbox.state()
    for resource, rows in each.stored.items():
        shown = [{name: row[name] for name in wanted} for row, wanted in zip(state[resource], rows, strict=True)]
        assert shown == rows


@pytest.mark.parametrize(("module", "dialog", "names"), TAG_RUNS)
def test_a_tag_is_added_or_deleted_by_name_or_id(
    sandbox: Sandbox, module: str, dialog: Dialog, names: list[str | None]
) -> None:
    run(sandbox, "Add/Update a Contact", CONTACT_FULL)

    answer = run(sandbox, module, dialog)

    assert answer.status_code == 200, answer.text
    (contact,) = sandbox.state()["contacts"]
    assert [tag["name"] for tag in contact["tags"]] == names


@pytest.mark.parametrize("status", ["Empty", "", None])
def test_an_empty_status_leaves_the_contact_as_it_is(sandbox: Sandbox, status: str | None) -> None:
    run(sandbox, "Add/Update a Contact", {**CONTACT, "Status": "Inactive"})

    answers = [
        run(sandbox, "Add/Update a Contact", {**CONTACT, "Status": status}),
        run(sandbox, "Add/Update a Contact", {"Contact ID": 250, "Status": status}),
        run(sandbox, "Add/Update a Contact", {"Contact ID": 251, "Status": "Active"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [row["status"] for row in sandbox.state()["contacts"]] == ["inactive", "active", "active"]


@pytest.mark.parametrize(("dialog", "status", "products"), API_CALLS)
def test_an_api_call_reaches_any_path_with_any_method(
    sandbox: Sandbox, dialog: Dialog, status: int, products: list[str]
) -> None:
    url = dialog["URL"].replace("{account}", sandbox.account_id)

    answer = run(sandbox, API_CALL, {**dialog, "URL": url})

    assert answer.status_code == status, answer.text
    assert status == 200 or errors_of(answer)
    assert [row["name"] for row in sandbox.state()["products"]] == products
