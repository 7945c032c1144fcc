"""An unknown path is answered with the operation that was probably meant, or with all where none is close."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from client_tests.checked import checked
from client_tests.sandbox import Sandbox
from mock_server.spec import Contract

CONTRACT = Contract.load()
LISTED = ", ".join(
    f"{one.method} {one.template.removeprefix('/v1/{account_id}/{integration_id}')}"
    for one in CONTRACT.operations.values()
    if one.api.name == "import"
)


def advice(sandbox: Sandbox, method: str, url: str) -> str:
    """Return what the answer to an unknown path advises."""
    answer = sandbox.http.request(method, url, headers={"Authorization": sandbox.api_key})
    assert answer.status_code == 404
    (text,) = answer.json()["errors"]
    path = urlsplit(url).path.removeprefix("/api")
    assert text.startswith(f"there is no {method} {path}; ")
    return str(text.removeprefix(f"there is no {method} {path}; "))


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "orders", "upsert_invoice"),
        ("POST", "Order", "upsert_invoice"),
        ("PUT", "order/7", "upsert_invoice"),
        ("GET", "purchases", "upsert_invoice"),
        ("POST", "payment", "upsert_invoice"),
        ("POST", "invoce", "upsert_invoice"),
        ("DELETE", "orders/7", "delete_invoice"),
        ("POST", "contacts", "upsert_contact"),
        ("POST", "customer", "upsert_contact"),
        ("PATCH", "leads/7", "upsert_contact"),
        ("POST", "people", "upsert_contact"),
        ("DELETE", "subscribers/ada@example.org", "delete_contact"),
        ("POST", "memberships", "upsert_subscription"),
        ("DELETE", "subscriptions/7", "delete_subscription"),
        ("POST", "products/7", "upsert_product"),
        ("POST", "ads", "record_ad_performance"),
        ("POST", "ad", "record_ad_performance"),
        ("POST", "adPerformance", "record_ad_performance"),
        ("POST", "tags", "add_tags"),
        ("POST", "contact/7/tags", "add_tags"),
        ("DELETE", "tags/7", "remove_tags"),
        ("POST", "contact/7/orders", "upsert_invoice"),
    ],
)
def test_a_synonym_a_plural_or_a_slip_leads_to_its_operation(
    sandbox: Sandbox, method: str, path: str, operation: str
) -> None:
    intended = CONTRACT.operations[operation]

    assert (
        advice(sandbox, method, sandbox.url(path)) == f"the closest operation is {intended.method} {intended.template}"
    )


@pytest.mark.parametrize("path", ["/contact", "/v1/demo/contact", "/api/v1/demo/payments/contact", "/v2/a/b/contacts"])
def test_a_resource_is_found_where_the_prefix_is_wrong(sandbox: Sandbox, path: str) -> None:
    found = advice(sandbox, "POST", f"{sandbox.origin}/api{path}")

    assert found == "the closest operation is POST /v1/{account_id}/{integration_id}/contact"


@pytest.mark.parametrize("path", ["webhooks", "events", "health", "account", "refund", "custom-fields", "7"])
def test_an_unrelated_path_is_answered_with_all_operations(sandbox: Sandbox, path: str) -> None:
    assert advice(sandbox, "POST", sandbox.url(path)).endswith(LISTED)


def test_the_names_of_account_and_integration_are_not_taken_for_a_resource(sandbox: Sandbox) -> None:
    assert advice(sandbox, "POST", f"{sandbox.origin}/api/v1/orders/payments").endswith(LISTED)
    assert advice(sandbox, "POST", f"{sandbox.origin}/api/v1/orders/payments/nothing").endswith(LISTED)
    assert advice(sandbox, "POST", f"{sandbox.origin}/api/v1/sandbox-52b46f3d27ad/payments/nothing").endswith(LISTED)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/request", 'the example that the integrators show for their module "Make an API Call"'),
        ("/v1/demo/payments/report/leads", "the reading API"),
    ],
)
def test_a_path_that_others_show_is_named_as_theirs(sandbox: Sandbox, path: str, what: str) -> None:
    found = advice(sandbox, "GET", f"{sandbox.origin}/api{path}")

    assert what in found
    assert found.endswith(LISTED)


def test_synonyms_are_of_segments_that_there_are_and_each_is_given_once() -> None:
    literals = {segment for one in CONTRACT.operations.values() for segment in one.template.split("/")}
    synonyms: dict[str, list[str]] = CONTRACT.document["x-synonyms"]

    words = [word for given in synonyms.values() for word in given]

    assert synonyms.keys() <= literals
    assert len(set(words)) == len(words)
    assert not literals & set(words) - {"performance"}


@pytest.mark.slow
def test_check_names_to_a_client_the_operations_that_it_meant(tmp_path: Path) -> None:
    script = """
base="$SEGMETRICS_BASE_URL/v1/$SEGMETRICS_ACCOUNT_ID/$SEGMETRICS_INTEGRATION_ID"
curl --silent -X POST "$base/order" -H "Authorization: $SEGMETRICS_API_KEY" -H 'Content-Type: application/json' -d '{}'
curl --silent "$SEGMETRICS_BASE_URL/request" -H "Authorization: $SEGMETRICS_API_KEY"
"""

    ended = checked(tmp_path, ["sh", "-c", script])

    assert ended.code == 1
    assert "the closest operation is POST /v1/{account_id}/{integration_id}/invoice" in ended.stdout
    assert 'the example that the integrators show for their module "Make an API Call"' in ended.stdout
