"""Orders: whose they are, their items, the products that they make known."""

from typing import Any

import pytest

from client_tests.bodies import ORDER
from client_tests.sandbox import Sandbox, errors_of

FULL: dict[str, Any] = {
    "id": "000000123",
    "contact_id": "249",
    "email": "luke@example.org",
    "amount": 12400,
    "paid": 12300,
    "date_created": "2018-10-02T16:15:00+00:00",
    "is_refunded": True,
    "discount": 500,
    "tax": 900,
    "shipping": 300,
    "items": [
        {
            "id": "12-b",
            "name": "Holocron",
            "product_id": "SKU/7 blue",
            "amount": 12400,
            "subscription_id": "sub-1",
            "total_paid": 12300,
            "is_refunded": True,
        }
    ],
}


@pytest.fixture(autouse=True)
def _contacts(sandbox: Sandbox) -> None:
    """Store two contacts for every test."""
    sandbox.stored("contact", {"contact_id": 249, "email": "luke@example.org"})
    sandbox.stored("contact", {"contact_id": 250, "email": "leia@example.org"})


def invoice_of(sandbox: Sandbox) -> dict[str, Any]:
    """Return the only invoice that is stored."""
    (invoice,) = sandbox.state()["invoices"]
    found: dict[str, Any] = invoice
    return found


def test_an_invoice_keeps_every_field_that_was_sent(sandbox: Sandbox) -> None:
    answer = sandbox.stored("invoice", FULL)

    assert answer["invoice"] == FULL
    assert invoice_of(sandbox) == {"integration_id": "payments", **FULL}


def test_an_invoice_of_required_fields_alone_has_no_extra_amounts(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", {**ORDER, "email": "luke@example.org"})

    invoice = invoice_of(sandbox)
    assert [invoice[name] for name in ("discount", "tax", "shipping", "is_refunded")] == [0, 0, 0, False]
    assert [invoice["items"][0][name] for name in ("subscription_id", "total_paid")] == [None, None]


@pytest.mark.parametrize("also", [{}, {"email": "luke@example.org"}, {"email": "nobody@example.org"}])
def test_the_contact_of_an_invoice_must_exist_if_it_is_given_by_id(sandbox: Sandbox, also: dict[str, str]) -> None:
    (error,) = sandbox.refused(400, "invoice", {**ORDER, "contact_id": 251, **also})

    assert "contact_id" in error
    assert "251" in error


def test_a_contact_of_another_account_does_not_count(sandbox: Sandbox, neighbour: Sandbox) -> None:
    neighbour.stored("contact", {"contact_id": 251})

    sandbox.refused(400, "invoice", {**ORDER, "contact_id": 251})


def test_an_invoice_by_email_belongs_to_the_contact_that_has_it(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", {**ORDER, "email": "leia@example.org"})

    assert invoice_of(sandbox)["contact_id"] == "250"


def test_an_invoice_by_an_unknown_email_joins_its_contact_later(sandbox: Sandbox) -> None:
    unmatched = sandbox.stored("invoice", {**ORDER, "email": "ada@example.org"})["invoice"]

    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org"})

    assert "contact_id" not in unmatched
    assert invoice_of(sandbox)["contact_id"] == "1"


def test_an_invoice_joins_a_contact_that_gets_its_email_by_an_update(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", {**ORDER, "email": "ada@example.org"})

    sandbox.stored("contact", {"contact_id": 250, "email": "ada@example.org"})

    assert invoice_of(sandbox)["contact_id"] == "250"


def test_an_invoice_by_email_is_without_contact_again_when_that_is_deleted(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", {**ORDER, "email": "luke@example.org"})

    sandbox.delete("contact", "249")
    alone = invoice_of(sandbox)
    sandbox.stored("contact", {"contact_id": 300, "email": "luke@example.org"})

    assert (alone["contact_id"], alone["email"]) == (None, "luke@example.org")
    assert invoice_of(sandbox)["contact_id"] == "300"


def test_the_same_id_updates_the_invoice_and_optional_fields_left_out_stay(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", FULL)
    changed = {
        "id": "000000123",
        "contact_id": "249",
        "email": "luke@example.org",
        "amount": 1,
        "paid": 1,
        "date_created": "2020-01-01T00:00:00+00:00",
        "items": FULL["items"],
    }

    sandbox.stored("invoice", changed)

    assert invoice_of(sandbox) == {"integration_id": "payments", **FULL, **changed}


@pytest.mark.parametrize(
    ("name", "value"), [("discount", 1), ("tax", 2), ("shipping", 3), ("is_refunded", False), ("paid", 12400)]
)
def test_an_update_changes_a_field_of_the_invoice(sandbox: Sandbox, name: str, value: Any) -> None:
    sandbox.stored("invoice", FULL)

    sandbox.stored("invoice", {**FULL, name: value})

    assert invoice_of(sandbox) == {"integration_id": "payments", **FULL, name: value}


def test_the_same_invoice_twice_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", {**ORDER, "email": "ada@example.org"})
    before = sandbox.state()

    sandbox.stored("invoice", {**ORDER, "email": "ada@example.org"})

    assert sandbox.state() == before


@pytest.mark.parametrize(
    ("first", "second", "contact_id", "email"),
    [
        ({"contact_id": 249}, {"contact_id": 250}, "250", None),
        ({"contact_id": 249}, {"email": "leia@example.org"}, "250", "leia@example.org"),
        ({"contact_id": 249}, {"email": "ada@example.org"}, None, "ada@example.org"),
        ({"email": "leia@example.org"}, {"contact_id": 249}, "249", None),
        ({"contact_id": 249}, {"contact_id": 250, "email": "ada@example.org"}, "250", "ada@example.org"),
        ({"contact_id": 250, "email": "leia@example.org"}, {"email": "luke@example.org"}, "249", "luke@example.org"),
    ],
)
def test_an_update_says_anew_whose_invoice_it_is(
    sandbox: Sandbox, first: dict[str, Any], second: dict[str, Any], contact_id: str | None, email: str | None
) -> None:
    sandbox.stored("invoice", {**ORDER, **first})

    sandbox.stored("invoice", {**ORDER, **second})

    invoice = invoice_of(sandbox)
    assert (invoice["contact_id"], invoice["email"]) == (contact_id, email)


def test_items_in_an_update_replace_the_old_ones(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", FULL)

    sandbox.stored("invoice", {**FULL, "items": [{"name": "Robe", "product_id": 2, "amount": 5}]})

    assert invoice_of(sandbox)["items"] == [
        {
            "id": "000000123-1",
            "name": "Robe",
            "product_id": "2",
            "amount": 5,
            "subscription_id": None,
            "total_paid": None,
            "is_refunded": None,
        }
    ]


def test_an_item_without_an_id_gets_that_of_the_order_and_its_number(sandbox: Sandbox) -> None:
    item = {"name": "Robe", "product_id": 2, "amount": 5}

    sandbox.stored("invoice", {**ORDER, "contact_id": 249, "items": [item, {**item, "id": "own"}, item]})

    assert [item["id"] for item in invoice_of(sandbox)["items"]] == ["123-1", "own", "123-3"]


def test_unknown_products_are_created_and_known_ones_keep_their_name(sandbox: Sandbox) -> None:
    sandbox.stored("product", {"id": 1, "name": "Lightsaber"})
    items = [
        {"name": "Lightsaber, blue", "product_id": "1", "amount": 5},
        {"name": "Robe", "product_id": 2, "amount": 5},
        {"name": "Robe, large", "product_id": 2, "amount": 5},
    ]

    sandbox.stored("invoice", {**ORDER, "email": "ada@example.org", "items": items})

    assert [(row["id"], row["name"]) for row in sandbox.state()["products"]] == [("1", "Lightsaber"), ("2", "Robe")]
    assert [item["name"] for item in invoice_of(sandbox)["items"]] == [item["name"] for item in items]


def test_a_deleted_invoice_is_gone_and_its_products_stay(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", {**FULL, "id": "a/b %"})
    sandbox.stored("invoice", {**FULL, "id": "other"})

    answer = sandbox.delete("invoice", "a/b %")

    assert answer.json() == {"id": "a/b %", "status": "success", "object": "invoice", "deleted": True}
    assert invoice_of(sandbox)["id"] == "other"
    assert [row["id"] for row in sandbox.state()["products"]] == ["SKU/7 blue"]
    assert [row["contact_id"] for row in sandbox.state()["contacts"]] == ["249", "250"]


def test_an_unknown_invoice_cannot_be_deleted(sandbox: Sandbox, neighbour: Sandbox) -> None:
    sandbox.stored("invoice", FULL)

    answers = [
        sandbox.delete("invoice", "123"),
        sandbox.delete("invoice", "000000123", "ads"),
        neighbour.delete("invoice", "000000123"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert all("123" in errors_of(answer)[0] for answer in answers)
    assert invoice_of(sandbox)["id"] == "000000123"
