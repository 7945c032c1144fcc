"""Whose an order or a subscription is: found in the whole account, joined by email, and kept."""

from typing import Any

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox

KINDS = {"invoice": ("invoices", ORDER), "subscription": ("subscriptions", SUBSCRIPTION)}
ADA = {"contact_id": "a", "email": "ada@example.org"}


def owner(sandbox: Sandbox, kind: str) -> Any:
    (row,) = sandbox.state()[KINDS[kind][0]]
    return row["contact_id"]


def send(sandbox: Sandbox, kind: str, **who: Any) -> dict[str, Any]:
    answered: dict[str, Any] = sandbox.stored(kind, {**KINDS[kind][1], **who})[kind]
    return answered


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", [{"contact_id": "a"}, {"email": "ADA@example.org"}])
def test_a_contact_of_another_integration_is_found(sandbox: Sandbox, kind: str, who: dict[str, str]) -> None:
    sandbox.stored("contact", ADA, "ads")

    answered = send(sandbox, kind, **who)

    assert answered["contact_id"] == owner(sandbox, kind) == "a"
    assert sandbox.requests()[-1]["findings"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_contact_of_the_own_integration_goes_first(sandbox: Sandbox, kind: str) -> None:
    sandbox.stored("contact", {**ADA, "contact_id": "elsewhere"}, "ads")
    sandbox.stored("contact", {**ADA, "contact_id": "own"})

    send(sandbox, kind, email="ada@example.org")

    assert owner(sandbox, kind) == "own"


@pytest.mark.parametrize("kind", KINDS)
def test_a_contact_of_another_account_is_not_found(sandbox: Sandbox, neighbour: Sandbox, kind: str) -> None:
    neighbour.stored("contact", ADA)

    errors = sandbox.refused(400, kind, {**KINDS[kind][1], "contact_id": "a"})

    assert "does not exist" in errors[0]


@pytest.mark.parametrize("integration", ["payments", "ads"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_order_joins_the_first_contact_that_gets_its_email(sandbox: Sandbox, kind: str, integration: str) -> None:
    assert "contact_id" not in send(sandbox, kind, email="ada@example.org")

    sandbox.stored("contact", ADA, integration)
    sandbox.stored("contact", {"contact_id": "late"})
    sandbox.stored("contact", {**ADA, "contact_id": "late"})

    assert owner(sandbox, kind) == "a"


@pytest.mark.parametrize("kind", KINDS)
def test_a_joined_order_stays_when_the_contacts_email_changes(sandbox: Sandbox, kind: str) -> None:
    send(sandbox, kind, email="ada@example.org")
    sandbox.stored("contact", ADA)
    sandbox.stored("contact", {**ADA, "email": "new@example.org"})
    sandbox.stored("contact", {"contact_id": "b", "email": "ada@example.org"})
    kept = owner(sandbox, kind)

    again = send(sandbox, kind, email="ada@example.org")

    assert kept == again["contact_id"] == owner(sandbox, kind) == "a"


@pytest.mark.parametrize("integration", ["payments", "ads"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_order_follows_a_contact_that_gets_a_new_id(sandbox: Sandbox, kind: str, integration: str) -> None:
    sandbox.stored("contact", ADA, integration)
    send(sandbox, kind, email="ada@example.org")

    sandbox.stored("contact", {**ADA, "contact_id": "new"}, integration)

    assert owner(sandbox, kind) == "new"


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_of_a_deleted_contact_stays_without_one_and_may_join_again(sandbox: Sandbox, kind: str) -> None:
    sandbox.stored("contact", ADA)
    send(sandbox, kind, **ADA)

    sandbox.delete("contact", "a")
    without = owner(sandbox, kind)
    sandbox.stored("contact", {**ADA, "contact_id": "again"})

    assert without is None
    assert owner(sandbox, kind) == "again"


@pytest.mark.parametrize("kind", KINDS)
def test_contacts_of_one_id_in_two_integrations_keep_their_orders_apart(sandbox: Sandbox, kind: str) -> None:
    for integration in ("payments", "ads"):
        sandbox.stored("contact", {**ADA, "email": f"{integration}@example.org"}, integration)
    send(sandbox, kind, contact_id="a")

    sandbox.delete("contact", "a", "ads")

    assert owner(sandbox, kind) == "a"


# What is answered can be sent again as it is.

ANSWERED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("contact", "contact", "payments", {"email": "luke@example.org"}),
    (
        "contact",
        "contact",
        "payments",
        {"contact_id": 1, "tags": [3, "VIP"], "custom_fields": {"deep": [None]}, "geo_lat": "4"},
    ),
    ("invoice", "invoice", "payments", {**ORDER, "email": "luke@example.org"}),
    (
        "invoice",
        "invoice",
        "payments",
        {**ORDER, "email": "ada@example.org", "items": [{**ORDER["items"][0], "is_refunded": 1}]},
    ),
    ("subscription", "subscription", "payments", {**SUBSCRIPTION, "email": "luke@example.org"}),
    ("product", "product", "payments", {"id": 1, "name": "Course"}),
    ("ad/performance", "ad_performance", "ads", {"ad": 1, "spend": 5, "date": "2021-12-18"}),
]


@pytest.mark.parametrize(("path", "name", "integration", "body"), ANSWERED)
def test_what_is_answered_can_be_sent_again_unchanged(
    sandbox: Sandbox, path: str, name: str, integration: str, body: dict[str, Any]
) -> None:
    sandbox.stored("contact", ADA)
    answered = sandbox.stored(path, body, integration)[name]
    before = sandbox.state()

    again = sandbox.stored(path, answered, integration)[name]

    assert again == answered
    assert sandbox.state() == before
    findings = sandbox.requests()[-1]["findings"]
    assert [one["code"] for one in findings if one["code"] != "unmatched-email"] == []


def test_a_refund_of_one_item_is_stored_with_it(sandbox: Sandbox) -> None:
    items = [{**ORDER["items"][0], "is_refunded": True}, {**ORDER["items"][0], "amount": 0}]

    answered = sandbox.stored("invoice", {**ORDER, "email": "luke@example.org", "items": items})["invoice"]["items"]

    assert [item.get("is_refunded") for item in answered] == [True, None]


def test_an_ad_gets_the_known_campaign_of_its_set(sandbox: Sandbox) -> None:
    figures = {"spend": 1, "date": "2021-12-18"}
    sandbox.stored("ad/performance", {**figures, "ad": 1, "adset": {"id": 2, "adcampaign": 3}}, "ads")

    sandbox.stored("ad/performance", {**figures, "ad": 4, "adset": 2}, "ads")

    assert [(ad["id"], ad["adset"], ad["adcampaign"]) for ad in sandbox.state()["ads"]] == [
        ("1", "2", "3"),
        ("4", "2", "3"),
    ]
