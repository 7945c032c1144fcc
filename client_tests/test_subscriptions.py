"""Subscriptions: whose they are, what they make known, and that they make no order."""

from typing import Any

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox, errors_of

FULL: dict[str, Any] = {
    "id": "sub-1",
    "contact_id": "249",
    "email": "luke@example.org",
    "amount": 2900,
    "product_id": "8",
    "name": "Holocron Club",
    "quantity": 2,
    "start_date": "2018-10-02T00:00:00+00:00",
    "trial_end_date": "2018-10-16T00:00:00+00:00",
    "last_bill_date": "2018-12-16T00:00:00+00:00",
    "end_date": "2019-10-02T00:00:00+00:00",
    "canceled_date": "2019-01-10T12:00:00+00:00",
    "billing_cycle": "month",
    "frequency": 3,
}
OPTIONAL = ("name", "quantity", "trial_end_date", "end_date", "canceled_date")


@pytest.fixture(autouse=True)
def _contacts(sandbox: Sandbox) -> None:
    """Store two contacts for every test."""
    sandbox.stored("contact", {"contact_id": 249, "email": "luke@example.org"})
    sandbox.stored("contact", {"contact_id": 250, "email": "leia@example.org"})


def subscription_of(sandbox: Sandbox) -> dict[str, Any]:
    """Return the only subscription that is stored."""
    (subscription,) = sandbox.state()["subscriptions"]
    found: dict[str, Any] = subscription
    return found


def test_a_subscription_keeps_every_field_that_was_sent(sandbox: Sandbox) -> None:
    answer = sandbox.stored("subscription", FULL)

    assert answer["subscription"] == FULL
    assert subscription_of(sandbox) == {"integration_id": "payments", **FULL}


def test_a_subscription_of_required_fields_alone_is_one_piece_without_an_end(sandbox: Sandbox) -> None:
    sandbox.stored("subscription", {**SUBSCRIPTION, "contact_id": 249})

    assert [subscription_of(sandbox)[name] for name in OPTIONAL] == [None, 1, None, None, None]


@pytest.mark.parametrize("cycle", ["year", "month", "week", "day"])
def test_each_billing_cycle_is_kept(sandbox: Sandbox, cycle: str) -> None:
    sandbox.stored("subscription", {**FULL, "billing_cycle": cycle})

    assert subscription_of(sandbox)["billing_cycle"] == cycle


@pytest.mark.parametrize("also", [{}, {"email": "luke@example.org"}, {"email": "nobody@example.org"}])
def test_the_contact_of_a_subscription_must_exist_if_it_is_given_by_id(sandbox: Sandbox, also: dict[str, str]) -> None:
    (error,) = sandbox.refused(400, "subscription", {**SUBSCRIPTION, "contact_id": 251, **also})

    assert "contact_id" in error
    assert "251" in error


def test_a_subscription_by_an_unknown_email_joins_its_contact_later(sandbox: Sandbox) -> None:
    unmatched = sandbox.stored("subscription", {**SUBSCRIPTION, "email": "ada@example.org"})["subscription"]

    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org"})

    assert "contact_id" not in unmatched
    assert subscription_of(sandbox)["contact_id"] == "1"


def test_a_subscription_by_email_is_without_contact_again_when_that_is_deleted(sandbox: Sandbox) -> None:
    sandbox.stored("subscription", {**SUBSCRIPTION, "email": "luke@example.org"})
    matched = subscription_of(sandbox)

    sandbox.delete("contact", "luke@example.org")

    assert matched["contact_id"] == "249"
    assert subscription_of(sandbox)["contact_id"] is None


@pytest.mark.parametrize("name", OPTIONAL)
def test_the_same_id_updates_the_subscription_and_optional_fields_left_out_stay(sandbox: Sandbox, name: str) -> None:
    sandbox.stored("subscription", FULL)
    required = {key: value for key, value in FULL.items() if key not in OPTIONAL}
    changed = {**required, "amount": 1, "billing_cycle": "year", "frequency": 1, "product_id": "9"}

    sandbox.stored("subscription", changed)

    assert subscription_of(sandbox)[name] == FULL[name]
    assert subscription_of(sandbox) == {"integration_id": "payments", **FULL, **changed}


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", "Club"), ("quantity", 5)]
    + [(name, "2030-01-01T00:00:00+00:00") for name in FULL if name.endswith("_date")],
)
def test_an_update_changes_a_field_of_the_subscription(sandbox: Sandbox, name: str, value: Any) -> None:
    sandbox.stored("subscription", FULL)

    sandbox.stored("subscription", {**FULL, name: value})

    assert subscription_of(sandbox) == {"integration_id": "payments", **FULL, name: value}


def test_the_same_subscription_twice_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.stored("subscription", {**SUBSCRIPTION, "email": "ada@example.org"})
    before = sandbox.state()

    sandbox.stored("subscription", {**SUBSCRIPTION, "email": "ada@example.org"})

    assert sandbox.state() == before


@pytest.mark.parametrize(
    ("first", "second", "contact_id", "email"),
    [
        ({"contact_id": 249}, {"contact_id": 250}, "250", None),
        ({"contact_id": 249}, {"email": "ada@example.org"}, None, "ada@example.org"),
        ({"email": "leia@example.org"}, {"contact_id": 249}, "249", None),
        ({"contact_id": 249}, {"contact_id": 250, "email": "ada@example.org"}, "250", "ada@example.org"),
    ],
)
def test_an_update_says_anew_whose_subscription_it_is(
    sandbox: Sandbox, first: dict[str, Any], second: dict[str, Any], contact_id: str | None, email: str | None
) -> None:
    sandbox.stored("subscription", {**SUBSCRIPTION, **first})

    sandbox.stored("subscription", {**SUBSCRIPTION, **second})

    subscription = subscription_of(sandbox)
    assert (subscription["contact_id"], subscription["email"]) == (contact_id, email)


def test_a_subscription_creates_no_order(sandbox: Sandbox) -> None:
    sandbox.stored("subscription", FULL)

    assert sandbox.state()["invoices"] == []


@pytest.mark.parametrize(("name", "known_as"), [({"name": "Club"}, "Club"), ({}, None)])
def test_an_unknown_product_is_created_with_the_name(
    sandbox: Sandbox, name: dict[str, str], known_as: str | None
) -> None:
    sandbox.stored("subscription", {**SUBSCRIPTION, "email": "ada@example.org", **name})

    assert [(row["id"], row["name"]) for row in sandbox.state()["products"]] == [("club", known_as)]


def test_a_known_product_keeps_its_name(sandbox: Sandbox) -> None:
    sandbox.stored("product", {"id": 8, "name": "Holocron"})

    sandbox.stored("subscription", FULL)

    assert [(row["id"], row["name"]) for row in sandbox.state()["products"]] == [("8", "Holocron")]


def test_a_deleted_subscription_is_gone_and_its_orders_and_product_stay(sandbox: Sandbox) -> None:
    item = {"name": "Holocron", "product_id": 8, "amount": 2900, "subscription_id": "sub-1"}
    sandbox.stored("subscription", FULL)
    sandbox.stored("subscription", {**FULL, "id": 42})
    sandbox.stored("invoice", {**ORDER, "contact_id": 249, "items": [item]})
    before = sandbox.state()

    answer = sandbox.delete("subscription", "sub-1")

    assert answer.json() == {"id": "sub-1", "status": "success", "object": "subscription", "deleted": True}
    assert subscription_of(sandbox)["id"] == "42"
    assert sandbox.state() == {**before, "subscriptions": [subscription_of(sandbox)]}


def test_an_unknown_subscription_cannot_be_deleted(sandbox: Sandbox, neighbour: Sandbox) -> None:
    sandbox.stored("subscription", FULL)

    answers = [
        sandbox.delete("subscription", "sub-2"),
        sandbox.delete("subscription", "sub-1", "ads"),
        neighbour.delete("subscription", "sub-1"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert all("sub-" in errors_of(answer)[0] for answer in answers)
    assert subscription_of(sandbox)["id"] == "sub-1"
