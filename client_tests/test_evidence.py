"""The evidence of a finding is that of the very rule that was broken; and what lenient mode reads as it was meant."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox
from client_tests.serving import served

LUKE = {"email": "luke@example.org"}
CONTACT: dict[str, Any] = {"contact_id": 1}
INVOICE: dict[str, Any] = {**ORDER, **LUKE}
SUBSCRIBED: dict[str, Any] = {**SUBSCRIPTION, **LUKE}
PRODUCT: dict[str, Any] = {"id": 1, "name": "Course"}
FIGURES: dict[str, Any] = {"ad": 1, "spend": 5, "date": "2021-12-18"}


def item(**fields: Any) -> list[dict[str, Any]]:
    return [{**ORDER["items"][0], **fields}]


@pytest.mark.parametrize(
    ("path", "body", "pointer", "evidence"),
    [
        # The vendor shows what is missing, and says what a field is.
        ("product", {"id": 1}, "/body/name", "documented"),
        ("invoice", {**INVOICE, "amount": "ten"}, "/body/amount", "documented"),
        ("invoice", {**INVOICE, "amount": 12.5}, "/body/amount", "documented"),
        ("invoice", {**INVOICE, "is_refunded": 2}, "/body/is_refunded", "documented"),
        ("contact", {**CONTACT, "status": "gone"}, "/body/status", "documented"),
        ("subscription", {**SUBSCRIBED, "billing_cycle": "fortnight"}, "/body/billing_cycle", "documented"),
        # Nobody says that what could be read is refused.
        ("contact", {**CONTACT, "first_name": None}, "/body/first_name", "assumed"),
        ("invoice", {**INVOICE, "amount": None}, "/body/amount", "assumed"),
        ("invoice", {**INVOICE, "amount": "4500"}, "/body/amount", "assumed"),
        ("invoice", {**INVOICE, "amount": 1998.9999999999998}, "/body/amount", "assumed"),
        ("invoice", {**INVOICE, "is_refunded": "0"}, "/body/is_refunded", "assumed"),
        ("contact", {**CONTACT, "geo_lat": 45.5}, "/body/geo_lat", "assumed"),
        ("contact", {**CONTACT, "custom_fields": []}, "/body/custom_fields", "assumed"),
        ("contact", {**CONTACT, "tags": "VIP"}, "/body/tags", "assumed"),
        ("invoice", {**INVOICE, "items": item(subscription_id=None)}, "/body/items/0/subscription_id", "assumed"),
        # Nor where the bounds lie.
        ("invoice", {**INVOICE, "items": []}, "/body/items", "assumed"),
        ("invoice", {**INVOICE, "items": item(name="")}, "/body/items/0/name", "assumed"),
        ("subscription", {**SUBSCRIBED, "frequency": 0}, "/body/frequency", "assumed"),
        ("subscription", {**SUBSCRIBED, "quantity": 0}, "/body/quantity", "assumed"),
        ("subscription", {**SUBSCRIBED, "end_date": ""}, "/body/end_date", "assumed"),
        ("contact", {**CONTACT, "date_created": "2018-10-02 16:15"}, "/body/date_created", "assumed"),
        ("contact", {**CONTACT, "contact_id": ""}, "/body/contact_id", "assumed"),
        ("contact", {**CONTACT, "contact_id": "a" * 256}, "/body/contact_id", "assumed"),
        ("contact", {**CONTACT, "email": "luke"}, "/body/email", "assumed"),
        ("contact", {**CONTACT, "tags": [""]}, "/body/tags/0", "assumed"),
        ("contact", {**CONTACT, "first_name": "a\0"}, "/body/first_name", "assumed"),
        ("ad/performance", {**FIGURES, "clicks": -1}, "/body/clicks", "assumed"),
        ("ad/performance", {**FIGURES, "ad": []}, "/body/ad", "assumed"),
    ],
)
def test_a_refusal_is_documented_only_where_the_broken_rule_is(
    sandbox: Sandbox, path: str, body: dict[str, Any], pointer: str, evidence: str
) -> None:
    sandbox.refused(400, path, body)

    found = {one["pointer"]: one["evidence"] for one in sandbox.requests()[-1]["findings"]}
    assert found[pointer] == evidence


@pytest.fixture(scope="module")
def lenient() -> Iterator[str]:
    with served("--mode", "lenient", "--check-answers") as server:
        yield server.origin


@pytest.mark.parametrize(
    ("path", "body", "field", "stored"),
    [
        ("contact", {**CONTACT, "first_name": None}, "first_name", None),
        ("contact", {**CONTACT, "geo_lat": 45.5}, "geo_lat", "45.5"),
        ("contact", {**CONTACT, "first_name": 7}, "first_name", "7"),
        ("contact", {**CONTACT, "custom_fields": []}, "custom_fields", {}),
        ("contact", {**CONTACT, "custom_fields": None}, "custom_fields", {}),
        ("invoice", {**INVOICE, "amount": "4500"}, "amount", 4500),
        ("invoice", {**INVOICE, "discount": None}, "discount", 0),
        ("invoice", {**INVOICE, "is_refunded": "1"}, "is_refunded", True),
        ("invoice", {**INVOICE, "contact_id": None}, "contact_id", None),
        ("subscription", {**SUBSCRIBED, "quantity": "3"}, "quantity", 3),
        ("product", {**PRODUCT, "name": 5}, "name", "5"),
    ],
)
def test_lenient_reads_what_was_meant_and_keeps_the_violation(
    http: httpx.Client, lenient: str, path: str, body: dict[str, Any], field: str, stored: Any
) -> None:
    sandbox = Sandbox.create(lenient, http)

    sandbox.stored(path, body)

    (row,) = sandbox.state()[f"{path}s"]
    assert row[field] == stored
    found = [one for one in sandbox.requests()[-1]["findings"] if one["severity"] == "violation"]
    assert [(one["code"], one["pointer"]) for one in found] == [("bad-value", f"/body/{field}")]


def test_lenient_reads_values_in_nested_objects(http: httpx.Client, lenient: str) -> None:
    sandbox = Sandbox.create(lenient, http)

    sandbox.stored("contact", {**CONTACT, "tags": {"id": 3, "name": 7, "date": None}})
    sandbox.stored("invoice", {**INVOICE, "items": item(amount="1999", subscription_id=None)[0]})

    state = sandbox.state()
    assert [(tag["id"], tag["name"]) for tag in state["contacts"][0]["tags"]] == [("3", "7")]
    assert state["invoices"][0]["items"][0]["amount"] == 1999


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("invoice", {**INVOICE, "amount": None}, "'amount' is null, and the field is required"),
        ("contact", {"email": None}, "missing 'contact_id' or 'email' field "),
        ("invoice", {**INVOICE, "amount": 12.5}, "'amount' is 12.5"),
        ("subscription", {**SUBSCRIBED, "frequency": 0}, "'frequency' is 0"),
    ],
)
def test_lenient_guesses_nothing(http: httpx.Client, lenient: str, path: str, body: dict[str, Any], error: str) -> None:
    errors = Sandbox.create(lenient, http).refused(400, path, body)

    assert any(error in text for text in errors), errors
