"""Contacts: found by id before email, merged, re-keyed, deleted."""

from typing import Any

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox

FULL: dict[str, Any] = {
    "contact_id": "249",
    "email": "luke@example.org",
    "date_created": "2018-10-02T16:15:00+00:00",
    "first_name": "Luke",
    "last_name": "Skywalker",
    "status": "inactive",
    "tags": [{"id": "9", "name": "Buyer", "date": "2018-10-02T16:15:00+00:00"}],
    "custom_fields": {"Home Planet": "Tatooine", "Droids": 2},
    "last_updated": "2018-10-03T08:00:00+00:00",
    "utm_campaign": "spring",
    "utm_content": "hero",
    "utm_medium": "cpc",
    "utm_source": "google",
    "utm_term": "lightsaber",
    "referring_url": "https://www.google.com/",
    "optin_url": "https://shop.example.org/welcome?step=1",
    "ip_address": "203.0.113.7",
    "affiliate_id": "77",
    "geo_lat": "33.8435",
    "geo_lon": "7.7786",
}


def share_email(sandbox: Sandbox, email: str, *contact_ids: int) -> None:
    """Give contacts the same email one by one, by their ids, so that several have it."""
    for contact_id in contact_ids:
        sandbox.stored("contact", {"contact_id": contact_id})
        sandbox.stored("contact", {"contact_id": contact_id, "email": email})


def test_a_contact_keeps_every_field_that_was_sent(sandbox: Sandbox) -> None:
    answer = sandbox.stored("contact", FULL)

    assert answer["contact"] == FULL
    assert sandbox.state()["contacts"] == [{"integration_id": "payments", **FULL}]


def test_a_contact_given_by_email_alone_gets_an_id(sandbox: Sandbox) -> None:
    contact = sandbox.stored("contact", {"email": "ada@example.org"})["contact"]

    assert contact["contact_id"]
    assert [row["contact_id"] for row in sandbox.state()["contacts"]] == [contact["contact_id"]]


def test_an_id_that_the_server_makes_is_none_that_a_contact_has(sandbox: Sandbox) -> None:
    first = sandbox.stored("contact", {"email": "ada@example.org"})["contact"]["contact_id"]
    taken = sandbox.stored("contact", {"contact_id": int(first) + 1})["contact"]["contact_id"]

    second = sandbox.stored("contact", {"email": "luke@example.org"})["contact"]["contact_id"]

    assert len({first, taken, second}) == 3
    assert {row["contact_id"] for row in sandbox.state()["contacts"]} == {first, taken, second}


def test_a_contact_given_by_email_alone_is_found_again_by_it(sandbox: Sandbox) -> None:
    contact = sandbox.stored("contact", {"email": "ada@example.org"})["contact"]

    sandbox.stored("contact", {"email": "ada@example.org", "first_name": "Ada"})

    (row,) = sandbox.state()["contacts"]
    assert (row["contact_id"], row["first_name"]) == (contact["contact_id"], "Ada")


def test_a_contact_is_looked_for_by_id_before_email(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org", "first_name": "Ada"})
    sandbox.stored("contact", {"contact_id": 2, "email": "luke@example.org", "first_name": "Luke"})

    sandbox.stored("contact", {"contact_id": 2, "email": "ada@example.org", "last_name": "Skywalker"})

    rows = [(row["contact_id"], row["email"], row["first_name"]) for row in sandbox.state()["contacts"]]
    assert rows == [("1", "ada@example.org", "Ada"), ("2", "ada@example.org", "Luke")]
    assert [row["last_name"] for row in sandbox.state()["contacts"]] == [None, "Skywalker"]


def test_a_known_email_with_a_new_id_gives_that_contact_the_new_id(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org", "first_name": "Ada"})

    sandbox.stored("contact", {"contact_id": 2, "email": "ada@example.org"})

    (contact,) = sandbox.state()["contacts"]
    assert (contact["contact_id"], contact["first_name"]) == ("2", "Ada")


def test_an_id_that_the_server_made_gives_way_to_the_clients_own(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"email": "ada@example.org"})

    sandbox.stored("contact", {"contact_id": 7, "email": "ada@example.org"})

    assert [row["contact_id"] for row in sandbox.state()["contacts"]] == ["7"]


def test_orders_and_subscriptions_follow_a_contact_to_its_new_id(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org"})
    sandbox.stored("invoice", {**ORDER, "contact_id": 1})
    sandbox.stored("subscription", {**SUBSCRIPTION, "contact_id": 1})

    sandbox.stored("contact", {"contact_id": 2, "email": "ada@example.org"})
    sandbox.stored("contact", {"contact_id": 1, "email": "another@example.org"})

    state = sandbox.state()
    assert [row["contact_id"] for row in state["invoices"] + state["subscriptions"]] == ["2", "2"]


def test_of_contacts_that_share_an_email_the_oldest_is_meant(sandbox: Sandbox) -> None:
    share_email(sandbox, "both@example.org", 2, 1)

    sandbox.stored("contact", {"email": "both@example.org", "first_name": "Ada"})

    rows = {row["contact_id"]: row["first_name"] for row in sandbox.state()["contacts"]}
    assert rows == {"2": "Ada", "1": None}


def test_fields_left_out_of_an_update_stay(sandbox: Sandbox) -> None:
    sandbox.stored("contact", FULL)

    sandbox.stored("contact", {"contact_id": 249, "first_name": "Lucas"})

    assert sandbox.state()["contacts"] == [{"integration_id": "payments", **FULL, "first_name": "Lucas"}]


@pytest.mark.parametrize(
    ("changed", "value"),
    [(name, f"other {name}") for name in FULL if name.startswith("utm_") or name in ("first_name", "last_name")]
    + [(name, f"-1 {name}") for name in ("referring_url", "optin_url", "ip_address", "geo_lat", "geo_lon")]
    + [("status", "active"), ("affiliate_id", "78"), ("email", "leia@example.org")]
    + [(name, "2020-01-01T00:00:00+00:00") for name in ("date_created", "last_updated")],
)
def test_an_update_changes_the_field_that_it_gives_and_no_other(sandbox: Sandbox, changed: str, value: str) -> None:
    sandbox.stored("contact", FULL)

    sandbox.stored("contact", {"contact_id": 249, changed: value})

    assert sandbox.state()["contacts"] == [{"integration_id": "payments", **FULL, changed: value}]


def test_the_same_contact_twice_changes_nothing(sandbox: Sandbox) -> None:
    body = {**FULL, "tags": [3, "New Lead", {"id": 9, "name": "Buyer"}]}
    sandbox.stored("contact", body)
    before = sandbox.state()

    sandbox.stored("contact", body)

    assert sandbox.state() == before


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_status_says_nothing(sandbox: Sandbox, empty: str | None) -> None:
    sandbox.stored("contact", {"contact_id": 1, "status": "inactive"})

    sandbox.stored("contact", {"contact_id": 1, "status": empty})
    sandbox.stored("contact", {"contact_id": 2, "status": empty})
    sandbox.stored("contact", {"contact_id": 3})

    statuses = {row["contact_id"]: row["status"] for row in sandbox.state()["contacts"]}
    assert statuses == {"1": "inactive", "2": "active", "3": "active"}


@pytest.mark.parametrize(
    ("stored", "sent", "left"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        ({}, {"a": None, "b": ""}, {"b": ""}),
        ({"a": 0}, {"b": False}, {"a": 0, "b": False}),
        ({"a": [1, {"b": "é"}]}, {"c": {"d": [None, 1.5]}}, {"a": [1, {"b": "é"}], "c": {"d": [None, 1.5]}}),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [3]}}, {"a": {"b": [3]}}),
        ({"a": {"b": 1}, "c": 1}, {"a": None}, {"c": 1}),
    ],
)
def test_custom_fields_are_merged_and_null_removes(
    sandbox: Sandbox, stored: dict[str, Any], sent: dict[str, Any], left: dict[str, Any]
) -> None:
    sandbox.stored("contact", {"contact_id": 1, "custom_fields": stored})

    sandbox.stored("contact", {"contact_id": 1, "custom_fields": sent})

    (contact,) = sandbox.state()["contacts"]
    assert contact["custom_fields"] == left


@pytest.mark.parametrize(
    ("before", "after"), [(False, 0), (1, True), (2, 2.0), ([True], [1]), ({"a": 0}, {"a": False})]
)
def test_a_custom_field_takes_an_equal_value_of_another_type(sandbox: Sandbox, before: Any, after: Any) -> None:
    sandbox.stored("contact", {"contact_id": 1, "custom_fields": {"field": before}})

    answered = sandbox.stored("contact", {"contact_id": 1, "custom_fields": {"field": after}})["contact"]

    (contact,) = sandbox.state()["contacts"]
    assert repr(answered["custom_fields"]["field"]) == repr(contact["custom_fields"]["field"]) == repr(after)


def test_what_one_integration_stores_the_others_neither_see_nor_touch(sandbox: Sandbox, neighbour: Sandbox) -> None:
    body = {"contact_id": 1, "email": "ada@example.org", "tags": ["VIP"]}
    sandbox.stored("contact", {**body, "first_name": "Payments"}, "payments")
    sandbox.stored("contact", {**body, "first_name": "Ads"}, "ads")
    neighbour.stored("contact", {**body, "first_name": "Neighbour"})

    sandbox.delete("contact", "ada@example.org", "payments")

    assert [row["first_name"] for row in sandbox.state()["contacts"]] == ["Ads"]
    assert [row["first_name"] for row in neighbour.state()["contacts"]] == ["Neighbour"]


def test_a_finding_names_the_first_of_very_many_contacts_that_share_an_email(sandbox: Sandbox) -> None:
    for id in range(25):
        sandbox.stored("contact", {"contact_id": id})
        sandbox.stored("contact", {"contact_id": id, "email": "ada@example.org"})

    last = sandbox.admin("GET", "/requests?limit=1000").json()["requests"][-1]

    (finding,) = [finding for finding in last["findings"] if finding["code"] == "shared-email-made"]
    assert "'0', '1', " in finding["message"]
    assert "'19', …" in finding["message"]
    assert "'20'" not in finding["message"]
