"""Pages and the admin API with numbers that no database holds: in addresses, in queries, in sums."""

import httpx
import pytest

from client_tests.sandbox import Sandbox

NUMBERS = ["9" * 18, "9" * 20, "9" * 5000, "-1", "1.5", "１２"]
LARGEST = 9_007_199_254_740_991  # of one amount
MANY = 1_100


@pytest.mark.parametrize("number", NUMBERS, ids=len)
@pytest.mark.parametrize("page", ["requests", "contacts", "orders"])
def test_a_page_of_a_number_that_nothing_has_is_404(
    page: str, number: str, sandbox: Sandbox, http: httpx.Client
) -> None:
    answer = http.get(f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/{page}/{number}")

    assert answer.status_code == 404


@pytest.mark.parametrize("number", NUMBERS, ids=len)
@pytest.mark.parametrize("path", ["requests?before={}", "requests?after={}", "orders?before={}", "contacts?before={}"])
def test_a_query_of_a_page_takes_any_number(path: str, number: str, sandbox: Sandbox, http: httpx.Client) -> None:
    address = f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/{path.format(number)}"

    assert http.get(address).status_code == 200


@pytest.mark.parametrize("number", NUMBERS[1:], ids=len)
@pytest.mark.parametrize("query", ["requests?after={}", "requests?limit={}", "state?limit={}", "state?after=tags.{}"])
def test_a_query_of_the_admin_api_is_refused(query: str, number: str, sandbox: Sandbox) -> None:
    answer = sandbox.admin("GET", f"/{query.format(number)}")

    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 1


@pytest.mark.slow
def test_sums_beyond_64_bits_are_right(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.stored("contact", {"email": "ada@example.org", "utm_campaign": "spring"})
    item = {"name": "Course", "product_id": "course", "amount": LARGEST}
    for id in range(MANY):
        order = {"id": id, "email": "ada@example.org", "amount": LARGEST, "paid": LARGEST, "items": [item]}
        sandbox.stored("invoice", {**order, "date_created": "2026-06-01T10:00:00Z"})
    campaign = {"id": "c", "name": "Spring"}
    for half in range(2):
        ads = [{"id": f"{half}-{id}", "name": "Ad", "adset": {"id": "s", "name": "Set"}} for id in range(MANY // 2)]
        ads[0]["adset"] = {"id": "s", "name": "Set", "adcampaign": campaign}
        figures = {"ad": ads, "date": "2026-06-01", "spend": LARGEST, "clicks": LARGEST}
        sandbox.stored("ad/performance", figures, "ads")

    pages = [http.get(f"{sandbox.origin}/__admin/ui/{sandbox.account_id}{page}") for page in ("", "/ads")]

    assert MANY * LARGEST > 2**63
    assert [page.status_code for page in pages] == [200, 200]
    assert f"{MANY * LARGEST // 100:,}." in pages[0].text
    assert f"{MANY * LARGEST:,}" in pages[1].text
