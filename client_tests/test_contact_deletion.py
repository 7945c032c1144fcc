"""Deleting contacts: by id before email, all that share an email, and what stays."""

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox, errors_of
from client_tests.test_contacts import share_email


def test_deletion_by_id_takes_that_contact_alone(sandbox: Sandbox) -> None:
    share_email(sandbox, "both@example.org", 1, 2)

    answer = sandbox.delete("contact", "1")

    assert answer.json() == {"id": "1", "status": "success", "object": "contact", "deleted": True}
    assert [row["contact_id"] for row in sandbox.state()["contacts"]] == ["2"]


def test_deletion_by_email_takes_all_contacts_that_share_it(sandbox: Sandbox) -> None:
    share_email(sandbox, "both@example.org", 1, 2)
    sandbox.stored("contact", {"contact_id": 3, "email": "other@example.org"})

    answer = sandbox.delete("contact", "both@example.org")

    assert answer.json() == {"id": "both@example.org", "status": "success", "object": "contact", "deleted": True}
    assert [row["contact_id"] for row in sandbox.state()["contacts"]] == ["3"]


def test_a_contact_whose_id_looks_like_an_email_is_deleted_before_those_with_that_email(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org"})
    sandbox.stored("contact", {"contact_id": "ada@example.org", "first_name": "Ada"})

    sandbox.delete("contact", "ada@example.org")

    assert [row["contact_id"] for row in sandbox.state()["contacts"]] == ["1"]


@pytest.mark.parametrize(
    ("email", "path"),
    [
        ("ada@example.org", "contact/ada@example.org"),
        ("ada@example.org", "contact/ada%40example.org"),
        ("ada@example.org", "contact/ADA@Example.ORG"),
        ("ada+list@example.org", "contact/ada+list@example.org"),
        ("ada+list@example.org", "contact/ada%2Blist%40example.org"),
        ("søren.o'neill@exämple.org", "contact/s%C3%B8ren.o'neill@ex%C3%A4mple.org"),
    ],
)
def test_an_email_in_a_path_may_be_raw_or_encoded(sandbox: Sandbox, email: str, path: str) -> None:
    sandbox.stored("contact", {"email": email})

    answer = sandbox.send("DELETE", path)

    assert answer.status_code == 200, answer.text
    assert sandbox.state()["contacts"] == []


def test_orders_and_subscriptions_of_a_deleted_contact_stay_without_one(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org"})
    sandbox.stored("invoice", {**ORDER, "contact_id": 1})
    sandbox.stored("subscription", {**SUBSCRIPTION, "email": "ada@example.org"})

    sandbox.delete("contact", "1")

    state = sandbox.state()
    assert [(row["id"], row["contact_id"]) for row in state["invoices"]] == [("123", None)]
    assert [(row["id"], row["contact_id"]) for row in state["subscriptions"]] == [("sub-1", None)]
    assert sorted(row["id"] for row in state["products"]) == ["club", "course"]


@pytest.mark.parametrize("unknown", ["2", "other@example.org", "ada", "ext/12 % é"])
def test_an_unknown_contact_cannot_be_deleted(sandbox: Sandbox, unknown: str) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org"})
    before = sandbox.state()

    answer = sandbox.delete("contact", unknown)

    assert answer.status_code == 404
    assert unknown in errors_of(answer)[0]
    assert sandbox.state() == before


def test_a_contact_cannot_be_deleted_twice(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1})

    statuses = [sandbox.delete("contact", "1").status_code for _ in range(2)]

    assert statuses == [200, 404]
