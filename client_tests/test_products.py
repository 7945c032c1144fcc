"""Products: added, renamed, and apart by integration."""

from typing import Any

import pytest

from client_tests.sandbox import Sandbox


def products_of(sandbox: Sandbox) -> list[tuple[str, str, str]]:
    return [(row["integration_id"], row["id"], row["name"]) for row in sandbox.state()["products"]]


@pytest.mark.parametrize(("sent", "stored"), [(8, "8"), ("8", "8"), ("SKU/7 blue", "SKU/7 blue"), ("100 %", "100 %")])
def test_a_product_is_added(sandbox: Sandbox, sent: Any, stored: str) -> None:
    answer = sandbox.stored("product", {"id": sent, "name": "Lightsaber (blue)"})

    assert answer["product"] == {"id": stored, "name": "Lightsaber (blue)"}
    assert products_of(sandbox) == [("payments", stored, "Lightsaber (blue)")]


@pytest.mark.parametrize("again", [8, "8"])
def test_the_same_id_renames_the_product(sandbox: Sandbox, again: Any) -> None:
    sandbox.stored("product", {"id": 8, "name": "Holocron"})
    sandbox.stored("product", {"id": 9, "name": "Robe"})

    sandbox.stored("product", {"id": again, "name": "Holocron, large"})

    assert products_of(sandbox) == [("payments", "8", "Holocron, large"), ("payments", "9", "Robe")]


def test_a_product_that_a_subscription_made_known_gets_its_name_by_an_update(sandbox: Sandbox) -> None:
    dates = {"start_date": "2021-12-18", "last_bill_date": "2021-12-18", "billing_cycle": "day", "frequency": 1}
    sandbox.stored("subscription", {"id": 1, "email": "ada@example.org", "amount": 1, "product_id": 8, **dates})

    sandbox.stored("product", {"id": 8, "name": "Holocron"})

    assert products_of(sandbox) == [("payments", "8", "Holocron")]


def test_the_same_product_twice_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.stored("product", {"id": 8, "name": "Holocron"})
    before = sandbox.state()

    sandbox.stored("product", {"id": 8, "name": "Holocron"})

    assert sandbox.state() == before


def test_products_of_integrations_and_accounts_are_apart(sandbox: Sandbox, neighbour: Sandbox) -> None:
    sandbox.stored("product", {"id": 8, "name": "Payments"}, "payments")
    sandbox.stored("product", {"id": 8, "name": "Ads"}, "ads")

    neighbour.stored("product", {"id": 8, "name": "Neighbour"})

    assert products_of(sandbox) == [("payments", "8", "Payments"), ("ads", "8", "Ads")]
    assert products_of(neighbour) == [("payments", "8", "Neighbour")]
