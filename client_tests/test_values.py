"""Kinds of values: what each may be sent as, and what is stored."""

from typing import Any

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox

LUKE = {"email": "luke@example.org"}
MOST = 9007199254740991


@pytest.mark.parametrize("first", [249, "249", 249.0])
@pytest.mark.parametrize("again", [249, "249", 249.0])
def test_an_id_is_the_same_as_a_number_and_as_a_text(sandbox: Sandbox, first: Any, again: Any) -> None:
    sandbox.stored("contact", {"contact_id": first})
    sandbox.stored("invoice", {**ORDER, "id": first, "contact_id": again})

    sandbox.stored("contact", {"contact_id": again, "affiliate_id": again})
    sandbox.stored("invoice", {**ORDER, "id": again, "contact_id": first})

    state = sandbox.state()
    assert [(row["contact_id"], row["affiliate_id"]) for row in state["contacts"]] == [("249", "249")]
    assert [(row["id"], row["contact_id"]) for row in state["invoices"]] == [("249", "249")]


@pytest.mark.parametrize("id", ["000000123", "123", "SKU/7 blue", "100 %", "%2F", "a?b#c", "é", "名前", "-1", " 1 "])
def test_any_text_is_an_id_and_only_itself(sandbox: Sandbox, id: str) -> None:
    others = {"000000123", "123", "SKU", "100", "/", "a", "e", "1"} - {id}
    for each in (*others, id):
        sandbox.stored("invoice", {**ORDER, **LUKE, "id": each})

    answer = sandbox.delete("invoice", id)

    assert answer.json()["id"] == id
    assert {row["id"] for row in sandbox.state()["invoices"]} == others


@pytest.mark.parametrize("id", [2**63 - 1, -(2**63), 0, 23842700000000017])
def test_a_long_number_is_an_id_to_its_last_digit(sandbox: Sandbox, id: int) -> None:
    sandbox.stored("product", {"id": id, "name": "Course"})

    assert [row["id"] for row in sandbox.state()["products"]] == [str(id)]


@pytest.mark.parametrize("id", ["", None, True, 1.5, [], {}, "a" * 256, "a\nb", "a\0b", 2**63])
def test_what_is_not_an_id_is_refused(sandbox: Sandbox, id: Any) -> None:
    (error,) = sandbox.refused(400, "product", {"id": id, "name": "Course"})

    assert error.startswith("'id' is ")


@pytest.mark.parametrize(
    ("sent", "stored"), [(0, 0), (1999, 1999), (1250.0, 1250), (-500, -500), (MOST, MOST), (-MOST, -MOST)]
)
@pytest.mark.parametrize("field", ["amount", "paid", "discount", "tax", "shipping"])
def test_money_is_whole_cents(sandbox: Sandbox, field: str, sent: float, stored: int) -> None:
    sandbox.stored("invoice", {**ORDER, **LUKE, field: sent})

    (invoice,) = sandbox.state()["invoices"]
    assert (invoice[field], type(invoice[field])) == (stored, int)


@pytest.mark.parametrize("sent", ["4500", 1998.9999999999998, 12.5, None, True, "", [], MOST + 1])
@pytest.mark.parametrize("field", ["amount", "paid", "discount", "tax", "shipping"])
def test_what_is_not_whole_cents_is_refused(sandbox: Sandbox, field: str, sent: Any) -> None:
    (error,) = sandbox.refused(400, "invoice", {**ORDER, **LUKE, field: sent})

    assert error.startswith(f"'{field}' is ")
    assert "cents" in error


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2018-10-03", "2018-10-03T00:00:00+00:00"),
        ("2018-10-02 16:15:00", "2018-10-02T16:15:00+00:00"),
        ("2018-10-02T16:15:00", "2018-10-02T16:15:00+00:00"),
        ("2018-10-02T16:15:00Z", "2018-10-02T16:15:00+00:00"),
        ("2018-10-02 16:15:00Z", "2018-10-02T16:15:00+00:00"),
        ("2018-10-02T16:15:00+02:00", "2018-10-02T14:15:00+00:00"),
        ("2018-10-02T16:15:00+0200", "2018-10-02T14:15:00+00:00"),
        ("2018-10-02 23:15:00-05:30", "2018-10-03T04:45:00+00:00"),
        ("2018-10-02T16:15:00.000Z", "2018-10-02T16:15:00+00:00"),
        ("2021-12-18T19:07:50.250+01:00", "2021-12-18T18:07:50.250000+00:00"),
        ("2021-12-18T19:07:50.123456789Z", "2021-12-18T19:07:50.123456+00:00"),
        ("2020-02-29", "2020-02-29T00:00:00+00:00"),
    ],
)
def test_each_form_of_a_date_is_stored_in_utc(sandbox: Sandbox, sent: str, stored: str) -> None:
    tag = {"name": "VIP", "date": sent}

    answer = sandbox.stored("contact", {"contact_id": 1, "date_created": sent, "last_updated": sent, "tags": [tag]})

    (contact,) = sandbox.state()["contacts"]
    assert [contact["date_created"], contact["last_updated"], contact["tags"][0]["date"]] == [stored] * 3
    assert answer["contact"]["date_created"] == stored


@pytest.mark.parametrize("field", ["start_date", "trial_end_date", "last_bill_date", "end_date", "canceled_date"])
def test_each_date_of_a_subscription_is_stored_in_utc(sandbox: Sandbox, field: str) -> None:
    sandbox.stored("subscription", {**SUBSCRIPTION, **LUKE, field: "2018-12-16T00:00:00+02:00"})

    assert [row[field] for row in sandbox.state()["subscriptions"]] == ["2018-12-15T22:00:00+00:00"]


def test_the_date_of_an_order_is_stored_in_utc(sandbox: Sandbox) -> None:
    sandbox.stored("invoice", {**ORDER, **LUKE, "date_created": "2018-12-16T00:00:00+02:00"})

    assert [row["date_created"] for row in sandbox.state()["invoices"]] == ["2018-12-15T22:00:00+00:00"]


@pytest.mark.parametrize(
    "sent",
    [
        *("", "yesterday", "03.10.2018", "20181003", "2018-10-03\n", 1538496900, None),
        *("2019-02-29", "2018-13-01", "2018-04-31", "2018-10-02 24:00:00", "2018-10-02 16:15"),
        *("2018-10-02T16:15:00 Z", "2018-10-02T16:15:00+25:00"),
    ],
)
def test_what_is_not_a_date_is_refused(sandbox: Sandbox, sent: Any) -> None:
    (error,) = sandbox.refused(400, "contact", {"contact_id": 1, "date_created": sent})

    assert error.startswith("'date_created' is ")


@pytest.mark.parametrize(("sent", "stored"), [(0, False), (1, True), (False, False), (True, True)])
def test_a_flag_is_a_number_or_a_boolean(sandbox: Sandbox, sent: Any, stored: bool) -> None:
    sandbox.stored("invoice", {**ORDER, **LUKE, "is_refunded": sent})

    assert [row["is_refunded"] for row in sandbox.state()["invoices"]] == [stored]


@pytest.mark.parametrize("sent", [2, -1, "1", "true", None, []])
def test_what_is_not_a_flag_is_refused(sandbox: Sandbox, sent: Any) -> None:
    (error,) = sandbox.refused(400, "invoice", {**ORDER, **LUKE, "is_refunded": sent})

    assert error.startswith("'is_refunded' is ")


@pytest.mark.parametrize(
    ("email", "same"),
    [
        ("Ada@Example.org", "ada@example.ORG"),
        ("ada+list@example.org", "ADA+LIST@example.org"),
        ("søren.o'neill+list@exämple.org", "SØREN.O'NEILL+LIST@EXÄMPLE.ORG"),
        ("ada@localhost", "Ada@Localhost"),
    ],
)
def test_emails_are_compared_without_case_and_kept_as_sent(sandbox: Sandbox, email: str, same: str) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": email})
    sandbox.stored("invoice", {**ORDER, "email": same})
    sandbox.stored("subscription", {**SUBSCRIPTION, "email": same})
    kept = sandbox.state()["contacts"][0]["email"]

    sandbox.stored("tags/add", {"email": same, "tags": ["VIP"]})
    sandbox.stored("contact", {"email": same, "first_name": "Ada"})

    state = sandbox.state()
    assert kept == email
    assert [(row["email"], row["first_name"]) for row in state["contacts"]] == [(same, "Ada")]
    assert [tag["name"] for tag in state["contacts"][0]["tags"]] == ["VIP"]
    assert [(row["contact_id"], row["email"]) for row in state["invoices"]] == [("1", same)]
    assert [(row["contact_id"], row["email"]) for row in state["subscriptions"]] == [("1", same)]


@pytest.mark.parametrize("other", ["adalist@example.org", "ada.list@example.org", "ada@example.org"])
def test_an_email_with_a_plus_is_another_email(sandbox: Sandbox, other: str) -> None:
    sandbox.stored("contact", {"email": "ada+list@example.org"})

    sandbox.stored("contact", {"email": other})

    assert [row["email"] for row in sandbox.state()["contacts"]] == ["ada+list@example.org", other]


@pytest.mark.parametrize(
    "sent", ["", "ada", "@example.org", "ada@", "ada@@example.org", "a b@example.org", "ada@.org", "ada@a..b", None, 1]
)
def test_what_is_not_an_email_is_refused(sandbox: Sandbox, sent: Any) -> None:
    (error,) = sandbox.refused(400, "contact", {"email": sent})

    assert error.startswith("'email' is ")


@pytest.mark.parametrize(
    ("path", "body", "resource"),
    [
        ("contact", {**LUKE, "tags": [{"name": "VIP", "unknown": 1}]}, "contacts"),
        ("tags/add", {"contact_id": 1, "tags": [{"id": 1, "unknown": [1]}]}, "tags"),
        ("tags/remove", {"contact_id": 1, "tags": []}, "contacts"),
        ("invoice", {**ORDER, **LUKE, "items": [{**ORDER["items"][0], "unknown": 1}]}, "invoices"),
        ("subscription", {**SUBSCRIPTION, **LUKE}, "subscriptions"),
        ("product", {"id": 1, "name": "Course"}, "products"),
        ("ad/performance", {"ad": {"id": 1, "unknown": 1}, "spend": 1, "date": "2018-10-03"}, "ads"),
    ],
)
def test_unknown_fields_are_accepted_and_not_kept(
    sandbox: Sandbox, path: str, body: dict[str, Any], resource: str
) -> None:
    sandbox.stored("contact", {"contact_id": 1})

    answer = sandbox.stored(path, {**body, "unknown": {"order_currency": "EUR"}, "number": 99, "integration_id": "x"})

    state = sandbox.state()
    assert "unknown" not in str(answer) + str(state)
    assert {row["integration_id"] for row in state[resource]} == {"payments"}
