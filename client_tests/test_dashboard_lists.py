"""What the dashboard shows of the stored: contacts, orders, subscriptions, products, ads."""

import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.dashboard import AD, LUKE, page
from client_tests.sandbox import Sandbox
from client_tests.serving import served


def test_a_contact_has_a_page_with_all_that_is_known_of_it(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {**LUKE, "tags": ["VIP"], "custom_fields": {"Planet": "Tatooine"}, "utm_source": "ads"})
    sandbox.stored("invoice", {**ORDER, "id": "by-id", "contact_id": "7"})
    sandbox.stored("invoice", {**ORDER, "id": "by-email", "email": "LUKE@example.org"})
    sandbox.stored("subscription", {**SUBSCRIPTION, "email": "luke@example.org"})
    (link,) = set(re.findall("/contacts/[0-9]+", page(sandbox, "/contacts")))

    text = page(sandbox, link)

    for shown in ("Luke Skywalker", "VIP", "Tatooine", "utm_source", "by-id", "by-email", "in 2 orders", "started"):
        assert shown in text


@pytest.mark.parametrize("search", ["luke", "Luke Sky", "skywalker", "LUKE@", "7"])
def test_contacts_are_found_by_what_name_email_or_id_begins_with(sandbox: Sandbox, search: str) -> None:
    sandbox.stored("contact", LUKE)
    sandbox.stored("contact", {"contact_id": "8", "email": "han@example.org", "first_name": "Han"})

    text = page(sandbox, f"/contacts?search={quote(search)}")

    assert "Luke Skywalker" in text
    assert "Han" not in text


def test_a_search_that_finds_nothing_says_so(sandbox: Sandbox) -> None:
    sandbox.stored("contact", LUKE)

    assert "No name, email or id starts with" in page(sandbox, "/contacts?search=%25")


def test_a_search_that_is_too_long_says_so(sandbox: Sandbox) -> None:
    answer = sandbox.http.get(f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/contacts?search={'%25' * 15_000}")

    assert answer.status_code == 400
    assert "&#39;search&#39; is longer than 1,000 characters; shorten it." in answer.text


def test_lists_go_on_by_key_until_all_was_shown(sandbox: Sandbox) -> None:
    for place in range(103):
        sandbox.stored("contact", {"contact_id": f"c{place}"})

    seen, query = [], ""
    while True:
        text = page(sandbox, f"/contacts{query}")
        seen += re.findall("Contact (c[0-9]+)", text)
        found = re.search(r'href="(\?before=[0-9]+)">Older', text)
        if not found:
            break
        query = found[1]

    assert seen == [f"c{place}" for place in reversed(range(103))]


def test_orders_subscriptions_and_products_are_listed(sandbox: Sandbox) -> None:
    sandbox.stored("contact", LUKE)
    sandbox.stored("invoice", {**ORDER, "id": "order-1", "email": "luke@example.org", "is_refunded": True})
    sandbox.stored("subscription", {**SUBSCRIPTION, "email": "nobody@example.org"})
    sandbox.stored("product", {"id": "sku", "name": "Lightsaber"})

    orders, subscriptions, products = (page(sandbox, path) for path in ("/orders", "/subscriptions", "/products"))

    assert "order-1" in orders
    assert "Luke Skywalker" in orders
    assert "refunded" in orders
    assert "no contact" in subscriptions
    assert "Lightsaber" in products
    (number,) = set(re.findall("/orders/([0-9]+)", orders))
    assert "Order order-1" in page(sandbox, f"/orders/{number}")


def test_visitors_are_listed(sandbox: Sandbox) -> None:
    sandbox.identify(uid="session-1", e="luke@example.org")
    sandbox.identify(uid="session-2", cid="7")

    visitors = page(sandbox, "/visitors")

    assert re.findall("session-[12]", visitors) == ["session-2", "session-1"]
    assert "luke@example.org" in visitors


def test_ads_are_summed_by_day_and_campaign(sandbox: Sandbox) -> None:
    sandbox.stored("ad/performance", {**AD, "clicks": 90}, integration="ads")
    sandbox.stored("ad/performance", {**AD, "ad": {"id": "ad-2"}, "clicks": 30}, integration="ads")
    sandbox.stored("contact", {**LUKE, "utm_campaign": "spring"})
    sandbox.stored("invoice", {**ORDER, "contact_id": "7", "paid": 4900, "date_created": "2026-01-04T10:00:00Z"})

    text = page(sandbox, "/ads?days=30")

    assert "2026-01-05 Spring: 90.00" in text
    assert "2026-01-05 Spring: 120" in text
    assert "2026-01-04 Revenue: 49.00" in text


@pytest.mark.slow
def test_a_search_among_very_many_contacts_goes_on_page_by_page(tmp_path: Path, http: httpx.Client) -> None:
    dataset = tmp_path / "many.yaml"
    oldest = "payments: {upsert_contact: [{contact_id: oldest, first_name: Zebedee}]}"
    dataset.write_text(
        f"today: 2026-06-30\n{oldest}\nrecipe: {{contacts: {{count: 25000, sources: [{{utm_source: letter}}]}}}}\n"
    )
    with served("--dataset", str(dataset)) as server:
        sandbox = Sandbox.default(server.origin, http)
        first = page(sandbox, "/contacts?search=zebed")
        older = re.search(r'href="(\?before=[0-9]+&amp;search=zebed)">Older', first)
        assert older
        second = page(sandbox, "/contacts" + older[1].replace("&amp;", "&"))

    assert "In these 25,000 contacts, no name" in first
    assert "Zebedee" in second
