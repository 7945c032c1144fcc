"""The reading API: a contact with what it has, in the shapes of the developer reference."""

from typing import Any

import httpx
import pytest

from client_tests.sandbox import Sandbox, errors_of
from mock_server.spec import Contract

CONTRACT = Contract.load()
LINDA = {
    "contact_id": 1004,
    "first_name": "Linda",
    "last_name": "Dare",
    "email": "linda.dare@example.com",
    "status": "active",
    "date_created": "2021-12-18 19:07:50",
    "last_updated": "2022-01-02T10:00:00.5+0200",
    "custom_fields": {"City": "Mortimerville", "Phone1": "780.555.3533", "Seats": 5, "Vip": True, "Tags": ["a"]},
    "tags": [{"id": 115, "name": "Buyer", "date": "2021-12-19"}],
}
ORDER = {
    "id": 26,
    "contact_id": 1004,
    "amount": 500,
    "paid": 500,
    "date_created": "2022-01-01",
    "items": [{"id": 894689, "name": "Course", "product_id": 3, "amount": 500}],
}
PLAN = {
    "id": 8,
    "contact_id": 1004,
    "amount": 900,
    "product_id": "club",
    "name": "Club",
    "start_date": "2022-01-01",
    "last_bill_date": "2022-01-01",
    "billing_cycle": "month",
    "frequency": 1,
}


@pytest.fixture
def linda(sandbox: Sandbox) -> Sandbox:
    sandbox.stored("contact", LINDA)
    return sandbox


def codes(sandbox: Sandbox) -> list[str]:
    return [finding["code"] for entry in sandbox.requests(operation="read_contact") for finding in entry["findings"]]


def test_the_core_is_that_of_the_reference(linda: Sandbox) -> None:
    assert linda.read_data("1004") == {
        "contact_id": "1004",
        "first_name": "Linda",
        "last_name": "Dare",
        "email": "linda.dare@example.com",
        "status": "active",
        "date_created": "2021-12-18T19:07:50+00:00",
        "last_updated": "2022-01-02T08:00:00+00:00",
        "custom_fields": {
            "City": "Mortimerville", "Phone1": "780.555.3533", "Seats": "5", "Vip": "true", "Tags": '["a"]'
        },
    }  # fmt: skip
    assert codes(linda) == []


def test_what_a_contact_does_not_have_is_null(sandbox: Sandbox) -> None:
    created = sandbox.stored("contact", {"contact_id": 1})["contact"]["date_created"]

    read = sandbox.read_data("1", "tags", "orders", "subscriptions")

    assert [read[name] for name in ("first_name", "last_name", "email")] == [None] * 3
    assert read["date_created"] == read["last_updated"] == created
    assert (read["custom_fields"], read["tags"], read["orders"], read["subscriptions"]) == ({}, [], [], [])


def test_tags_have_their_names_of_reading(linda: Sandbox) -> None:
    assert linda.read_data("1004", "tags")["tags"] == [
        {"tag_id": "115", "name": "Buyer", "contact_id": "1004", "date_created": "2021-12-19T00:00:00+00:00"}
    ]


def test_orders_and_their_items_have_the_shape_of_the_reference(linda: Sandbox) -> None:
    linda.stored("invoice", ORDER)

    (order,) = linda.read_data("1004", "orders")["orders"]

    date = "2022-01-01T00:00:00+00:00"
    assert order == {
        "order_id": "26", "contact_id": "1004", "is_paid": True, "is_refunded": False, "subtotal": 500, "total_tax": 0,
        "total_shipping": 0, "total_discount": 0, "total": 500, "total_paid": 500, "date_created": date,
        "line_items": [{
            "contact_id": "1004", "order_item_id": "894689", "product_id": "3", "order_id": "26",
            "subscription_id": None, "product_name": "Course", "order_type": "product", "is_paid": True,
            "is_refunded": False, "amount": 500, "total_paid": 500, "total_due": 500, "date_created": date,
            "imported_at": date, "last_imported_at": date,
        }],
    }  # fmt: skip


def test_an_order_that_is_not_paid_says_so_and_an_item_may_say_otherwise(linda: Sandbox) -> None:
    own = {"name": "Book", "product_id": 4, "amount": 300, "total_paid": 300, "is_refunded": True, "subscription_id": 8}
    bought = {"amount": 850, "paid": 300, "tax": 70, "shipping": 30, "discount": 50, "is_refunded": 0}
    linda.stored("invoice", {**ORDER, **bought, "items": [*ORDER["items"], own]})  # type: ignore[misc]

    (order,) = linda.read_data("1004", "orders")["orders"]

    assert (order["is_paid"], order["subtotal"], order["total"], order["total_paid"]) == (False, 800, 850, 300)
    assert (order["total_tax"], order["total_shipping"], order["total_discount"]) == (70, 30, 50)
    shown = [
        (one["is_paid"], one["is_refunded"], one["total_paid"], one["subscription_id"]) for one in order["line_items"]
    ]
    assert shown == [(False, False, 0, None), (True, True, 300, "8")]


def test_subscriptions_are_read_as_they_were_imported(linda: Sandbox) -> None:
    stored = linda.stored("subscription", PLAN)["subscription"]

    (read,) = linda.read_data("1004", "subscriptions")["subscriptions"]

    assert {name: read[name] for name in stored} == stored


def test_lists_come_only_when_they_are_named(linda: Sandbox) -> None:
    lists = {"events", "tags", "orders", "subscriptions", "lists", "companies"}

    assert not lists & linda.read_data("1004").keys()
    assert lists & linda.read_data("1004", "events", "lists").keys() == {"events", "lists"}
    everything = linda.read_data("1004", *sorted(lists))
    assert lists <= everything.keys()
    assert everything["events"] == everything["lists"] == everything["companies"] == []
    assert CONTRACT.answer_errors(CONTRACT.operations["read_contact"], 200, {"data": everything}) == []


def test_the_examples_form_in_a_body_is_read_whatever_it_is_declared_as(linda: Sandbox) -> None:
    url = f"{linda.origin}/reading/{linda.account_id}/contact/1004"
    headers = {"Authorization": linda.api_key, "Content-Type": "application/json"}

    answer = linda.http.request("GET", url, headers=headers, content=b"extend=tags,orders")

    assert answer.json()["data"].keys() >= {"tags", "orders"}
    assert codes(linda) == []


def test_an_unknown_list_is_refused_and_an_unknown_parameter_is_noticed(linda: Sandbox) -> None:
    refused = linda.read("1004", "tags", "nonsense")
    url = f"{linda.origin}/reading/{linda.account_id}/contact/1004?extends=tags&x=1"
    taken = linda.http.get(url, headers={"Authorization": linda.api_key})

    assert refused.status_code == 400
    assert '"nonsense"' in errors_of(refused)[0]
    assert taken.status_code == 200
    assert codes(linda) == ["bad-value", "misspelled-field", "unknown-field"]


@pytest.mark.parametrize("named", ["linda.dare@example.com", "LINDA.DARE@example.com", "1004"])
def test_a_contact_is_found_by_id_or_email(linda: Sandbox, named: str) -> None:
    assert linda.read_data(named)["contact_id"] == "1004"


def test_an_id_goes_before_an_email_and_of_a_shared_email_the_oldest_is_read(linda: Sandbox) -> None:
    linda.stored("contact", {"contact_id": 2})
    linda.stored("contact", {"contact_id": 2, "email": LINDA["email"]})
    assert linda.read_data("linda.dare@example.com")["contact_id"] == "1004"

    linda.stored("contact", {"contact_id": LINDA["email"]})
    assert linda.read_data("linda.dare@example.com")["contact_id"] == LINDA["email"]


def test_all_integrations_of_the_account_are_read(linda: Sandbox) -> None:
    linda.stored("contact", {"contact_id": 9, "tags": ["Elsewhere"]}, integration="ads")
    linda.stored("invoice", {**ORDER, "id": 27, "contact_id": 9})

    read = linda.read_data("9", "tags", "orders")

    assert [tag["name"] for tag in read["tags"]] == ["Elsewhere"]
    assert [order["order_id"] for order in read["orders"]] == ["27"]


def test_orders_follow_a_contact_that_gets_a_new_id(linda: Sandbox) -> None:
    linda.stored("invoice", ORDER)
    linda.stored("contact", {"contact_id": 2000, "email": LINDA["email"]})

    assert linda.read("1004").status_code == 404
    assert [order["contact_id"] for order in linda.read_data("2000", "orders")["orders"]] == ["2000"]


def test_at_most_a_thousand_orders_are_read_the_newest(linda: Sandbox) -> None:
    for number in range(1001):
        linda.stored("invoice", {**ORDER, "id": number})

    found = [order["order_id"] for order in linda.read_data("1004", "orders")["orders"]]

    assert found == [str(number) for number in range(1, 1001)]


def test_an_unknown_contact_is_404_with_a_message(linda: Sandbox, neighbour: Sandbox) -> None:
    neighbour.stored("contact", {"contact_id": "theirs"})

    for named in ("7", "nobody@example.org", "theirs"):
        answer = linda.read(named)
        assert answer.status_code == 404
        assert errors_of(answer) == [
            f"contact '{named}' does not exist in this account. Create it, or correct its identifier."
        ]
    assert codes(linda) == ["not-found"] * 3


@pytest.mark.parametrize(
    ("key", "code"),
    [("", "missing-key"), ("no-such-key", "wrong-key"), ("Bearer {key}", "key-prefix"), ("other", "wrong-key")],
)
def test_a_missing_or_wrong_key_is_401_with_a_message(linda: Sandbox, neighbour: Sandbox, key: str, code: str) -> None:
    sent = neighbour.api_key if key == "other" else key.replace("{key}", linda.api_key)
    headers = {"Authorization": sent} if sent else {}

    answer = linda.http.get(f"{linda.origin}/reading/{linda.account_id}/contact/1004", headers=headers)

    assert answer.status_code == 401
    assert errors_of(answer)
    assert codes(linda) == [code]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "{account}/report/leads", "not-played"),
        ("GET", "{account}/report/ads/7/contacts?limit=100", "not-played"),
        ("POST", "v2/{account}/data/query", "not-played"),
        ("GET", "{account}/settings/snippet", "not-played"),
        ("GET", "{account}/contacts", "unknown-path"),
        ("GET", "{account}", "unknown-path"),
        ("GET", "", "unknown-path"),
        ("DELETE", "a/b/c/d/e", "unknown-path"),
    ],
)
def test_all_else_is_501_which_says_what_it_is(linda: Sandbox, method: str, path: str, code: str) -> None:
    url = f"{linda.origin}/reading/{path.replace('{account}', linda.account_id)}"

    answer = linda.http.request(method, url, headers={"Authorization": linda.api_key})

    assert answer.status_code == 501
    assert "the fake does not play it" in errors_of(answer)[0]
    assert [one["code"] for one in linda.requests()[-1]["findings"]] == [code]


def test_a_fault_has_the_envelope_of_this_api(linda: Sandbox) -> None:
    linda.admin("PUT", "/faults", json={"rules": [{"operation": "read_contact", "fault": {"status": 503}}]})

    answer = linda.read("1004")

    assert answer.status_code == 503
    assert "injected on purpose" in errors_of(answer)[0]


def test_reading_is_covered_and_shown(linda: Sandbox) -> None:
    linda.read("1004", "tags", "orders")
    linda.read("7")

    covered = linda.admin("GET", "/report").json()["coverage"]["operations"]["read_contact"]
    page = linda.http.get(f"{linda.origin}/__admin/ui/{linda.account_id}/coverage").text

    assert covered["fields"] == {
        "/query/extend": 1,
        "/query/extend/*=tags": 1,
        "/query/extend/*=orders": 1,
        "answer=404": 1,
    }
    assert covered["statuses"]["200"] == covered["statuses"]["404"] == 1
    # The call itself is a point, too.
    assert f'value="{1 + len(covered["fields"])}" aria-label="Coverage points of read_contact exercised"' in page


def test_a_call_of_either_api_is_shown_with_its_finding(linda: Sandbox) -> None:
    linda.read("1004", "nonsense")
    linda.identify(email="ada@example.org")

    pages = [httpx.get(f"{linda.origin}/__admin/ui/{linda.account_id}/requests/{number}").text for number in (2, 3)]

    assert "<mark>extend=nonsense</mark>" in pages[0]
    assert "<mark>email=ada%40example.org</mark>" in pages[1]
    assert "read_contact" in pages[0]
    assert "identify" in pages[1]


def test_each_list_of_the_document_can_be_read(linda: Sandbox) -> None:
    shape: Any = CONTRACT.operations["read_contact"].shape
    for name in shape.properties["extend"].items.values:
        assert linda.read("1004", name).status_code == 200
