"""The errors of a refused call: all of them at once, each with its field."""

import time
from typing import Any

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox

LUKE = {"email": "luke@example.org"}
FIGURES = {"ad": 1, "spend": 0, "date": "2018-10-03"}


def violations(sandbox: Sandbox) -> dict[str, str]:
    """Return the findings of the last call: messages by JSON pointer."""
    findings = sandbox.requests()[-1]["findings"]
    return {found["pointer"]: found["message"] for found in findings if found["severity"] == "violation"}


def without(body: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


def test_a_missing_field_is_reported_in_the_documented_words(sandbox: Sandbox) -> None:
    errors = sandbox.refused(400, "product", {"name": "Course"})

    assert errors == ["missing 'id' field "]
    assert violations(sandbox) == {"/body/id": "missing 'id' field "}


@pytest.mark.parametrize(
    ("path", "body", "missing"),
    [
        *(("invoice", {**ORDER, **LUKE}, name) for name in ("id", "amount", "paid", "date_created", "items")),
        *(("subscription", {**SUBSCRIPTION, **LUKE}, name) for name in SUBSCRIPTION),
        *(("product", {"id": 1, "name": "Course"}, name) for name in ("id", "name")),
        *(("ad/performance", FIGURES, name) for name in FIGURES),
        *((path, {**LUKE, "tags": []}, "tags") for path in ("tags/add", "tags/remove")),
    ],
)
def test_each_required_field_is_missed(sandbox: Sandbox, path: str, body: dict[str, Any], missing: str) -> None:
    errors = sandbox.refused(400, path, without(body, missing))

    assert errors == [f"missing '{missing}' field "]
    assert violations(sandbox) == {f"/body/{missing}": errors[0]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("contact", {"first_name": "Luke"}),
        ("tags/add", {"tags": ["VIP"]}),
        ("tags/remove", {"tags": ["VIP"]}),
        ("invoice", ORDER),
        ("subscription", SUBSCRIPTION),
    ],
)
def test_one_of_id_and_email_is_missed(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    errors = sandbox.refused(400, path, dict(body))

    assert errors == ["missing 'contact_id' or 'email' field "]
    assert list(violations(sandbox).values()) == errors


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("contact", {"contact_id"}),
        ("tags/add", {"tags", "contact_id"}),
        ("invoice", {"id", "amount", "paid", "date_created", "items", "contact_id"}),
        ("subscription", {*SUBSCRIPTION, "contact_id"}),
        ("product", {"id", "name"}),
        ("ad/performance", {"ad", "spend", "date"}),
    ],
)
def test_all_missing_fields_are_listed_at_once(sandbox: Sandbox, path: str, missing: set[str]) -> None:
    errors = sandbox.refused(400, path, {})

    assert len(errors) == len(missing)
    assert all(text.startswith("missing '") and text.endswith("' field ") for text in errors)
    assert violations(sandbox).keys() == {f"/body/{name}" for name in missing}


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        (
            "invoice",
            {
                **ORDER,
                "email": "luke",
                "amount": "4500",
                "is_refunded": 2,
                "items": [
                    {"name": "", "product_id": 1, "amount": 12.5, "total_paid": "1"},
                    "Course",
                    {"name": "Course", "product_id": [], "subscription_id": None},
                ],
            },
            {
                "email": "email has one @",
                "amount": "whole cents",
                "is_refunded": "0, 1, false or true",
                "items/0/name": "at least one character",
                "items/0/amount": "whole cents",
                "items/0/total_paid": "whole cents",
                "items/1": "object",
                "items/2/amount": "missing",
                "items/2/product_id": "id is an integer or a text",
                "items/2/subscription_id": "id is an integer or a text",
            },
        ),
        ("invoice", {**ORDER, **LUKE, "items": []}, {"items": "1 to 1,000 line items"}),
        ("invoice", {**ORDER, **LUKE, "items": {"name": "Course"}}, {"items": "list"}),
        (
            "contact",
            {
                "contact_id": 1,
                "status": "gone",
                "first_name": None,
                "custom_fields": [{"key": "Droids", "value": 2}],
                "tags": [{"date": "2018-10-03"}, True, "", {"id": 1, "name": 2, "date": "soon"}, 1.5],
            },
            {
                "status": "`active` or `inactive`",
                "first_name": "text",
                "custom_fields": "object",
                "tags/0/id": "missing",
                "tags/1": "(3)",
                "tags/2": "1 to 255 characters",
                "tags/3/name": "1 to 255 characters",
                "tags/3/date": "ISO 8601",
                "tags/4": "",
            },
        ),
        ("tags/add", {"contact_id": 1, "tags": "VIP"}, {"tags": "list"}),
        (
            "subscription",
            {**SUBSCRIPTION, **LUKE, "billing_cycle": "fortnight", "frequency": 0, "quantity": 1.5, "end_date": ""},
            {
                "billing_cycle": "`year`, `month`, `week` or `day`",
                "frequency": "whole number from 1",
                "quantity": "whole number from 1",
                "end_date": "ISO 8601",
            },
        ),
        (
            "ad/performance",
            {
                "ad": {"name": "Hero", "adset": {"id": 1, "adcampaign": {"name": "Spring"}}},
                "adset": [{"id": 1, "name": ""}],
                "adcampaign": True,
                "spend": 1.5,
                "clicks": -1,
                "impressions": "9",
                "date": "2018-02-30",
            },
            {
                "ad/id": "missing",
                "ad/adset/adcampaign/id": "missing",
                "adset/0/name": "at least one character",
                "adcampaign": "a list of these",
                "spend": "whole cents",
                "clicks": "whole number from 0",
                "impressions": "whole number from 0",
                "date": "ISO 8601",
            },
        ),
        ("ad/performance", {**FIGURES, "ad": []}, {"ad": "a list of 1 to 1,000 ids and objects"}),
        ("ad/performance", {**FIGURES, "ad": [1, {}]}, {"ad/1/id": "missing"}),
    ],
)
def test_all_that_is_wrong_is_listed_at_once_each_with_its_path(
    sandbox: Sandbox, path: str, body: dict[str, Any], wrong: dict[str, str]
) -> None:
    sandbox.stored("contact", {"contact_id": 1})

    errors = sandbox.refused(400, path, body)

    found = violations(sandbox)
    assert found.keys() == {f"/body/{field}" for field in wrong}
    assert sorted(found.values()) == sorted(errors)
    for field, expected in wrong.items():
        assert f"'{field}'" in found[f"/body/{field}"]
        assert expected in found[f"/body/{field}"]


@pytest.mark.parametrize("body", [[], [LUKE], "luke@example.org", 249, True])
def test_a_body_that_is_not_an_object_is_refused(sandbox: Sandbox, body: Any) -> None:
    (error,) = sandbox.refused(400, "contact", body)

    assert "JSON object" in error
    assert violations(sandbox).keys() == {"/body"}


@pytest.mark.parametrize("path", ["invoice", "subscription"])
def test_an_unknown_contact_is_pointed_at(sandbox: Sandbox, path: str) -> None:
    body = {"invoice": ORDER, "subscription": SUBSCRIPTION}[path]

    errors = sandbox.refused(400, path, {**body, "contact_id": 251})

    assert violations(sandbox) == {"/body/contact_id": errors[0]}


def test_a_finding_names_its_operation_and_how_it_is_known(sandbox: Sandbox) -> None:
    sandbox.refused(400, "invoice", {**ORDER, **LUKE, "items": [{**ORDER["items"][0], "amount": "19.99"}]})

    exchange = sandbox.requests()[-1]
    (finding,) = [found for found in exchange["findings"] if found["severity"] == "violation"]
    assert (exchange["operation"], exchange["answer"]["status"]) == ("upsert_invoice", 400)
    assert (finding["operation"], finding["pointer"]) == ("upsert_invoice", "/body/items/0/amount")
    assert finding["evidence"] == "documented"
    assert '"19.99"' in finding["message"]


def test_a_corrected_call_is_accepted_after_a_refused_one(sandbox: Sandbox) -> None:
    sandbox.refused(400, "invoice", {**ORDER, **LUKE, "amount": "1999"})

    sandbox.stored("invoice", {**ORDER, **LUKE})

    assert [exchange["answer"]["status"] for exchange in sandbox.requests()] == [400, 200]
    assert violations(sandbox) == {}
    assert [row["amount"] for row in sandbox.state()["invoices"]] == [1999]


@pytest.mark.parametrize("number", [0.5, 1e308, -1e15, 99999999999999.5, 10**30])
def test_a_number_for_a_date_is_refused_at_once(sandbox: Sandbox, number: float) -> None:
    started = time.monotonic()

    sandbox.refused(400, "contact", {**LUKE, "date_created": number})
    sandbox.refused(400, "contact", {**LUKE, "date_created": "9" * 5000})

    assert time.monotonic() - started < 5
