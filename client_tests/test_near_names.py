"""Fields that are nearly known: each is named with the field that was intended, and real extras are left alone."""

from typing import Any

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox

LUKE = {"email": "luke@example.org"}
BODIES: dict[str, dict[str, Any]] = {
    "contact": {"email": "luke@example.org"},
    "invoice": {**ORDER, **LUKE},
    "subscription": {**SUBSCRIPTION, **LUKE},
}


def codes(sandbox: Sandbox) -> dict[str, str]:
    """Return the findings about fields that are not known, by their pointers."""
    found = sandbox.requests()[-1]["findings"]
    return {one["pointer"]: one["message"] for one in found if one["code"] == "misspelled-field"}


@pytest.mark.parametrize(
    ("path", "sent", "intended"),
    [
        # What four public clients got wrong.
        ("contact", "contactId", "contact_id"),
        ("contact", "firstName", "first_name"),
        ("contact", "frist_name", "first_name"),
        ("contact", "customFields", "custom_fields"),
        ("contact", "utmSource", "utm_source"),
        ("contact", "created_at", "date_created"),
        ("contact", "updated_at", "last_updated"),
        ("subscription", "cancellation_date", "canceled_date"),
        ("subscription", "cancelled_date", "canceled_date"),
        ("subscription", "trial_end", "trial_end_date"),
        ("subscription", "product_name", "name"),
        ("invoice", "isRefunded", "is_refunded"),
    ],
)
def test_a_name_near_a_known_one_is_a_warning_that_names_it(
    sandbox: Sandbox, path: str, sent: str, intended: str
) -> None:
    sandbox.stored(path, {**BODIES[path], sent: "2021-12-18"})

    ((pointer, message),) = codes(sandbox).items()
    assert pointer == f"/body/{sent}"
    assert f"Did you mean '{intended}'?" in message


@pytest.mark.parametrize(
    ("path", "body", "pointer", "intended"),
    [
        ("contact", {**LUKE, "tags": [{"id": 1, "Name": "VIP"}]}, "/body/tags/0/Name", "name"),
        (
            "invoice",
            {**ORDER, **LUKE, "items": [{**ORDER["items"][0], "totalPaid": 5}]},
            "/body/items/0/totalPaid",
            "total_paid",
        ),
        (
            "ad/performance",
            {"ad": {"id": 1, "name": "x", "adSet": 2}, "spend": 1, "date": "2021-12-18"},
            "/body/ad/adSet",
            "adset",
        ),
    ],
)
def test_names_in_nested_objects_are_compared_too(
    sandbox: Sandbox, path: str, body: dict[str, Any], pointer: str, intended: str
) -> None:
    sandbox.stored(path, body)

    assert f"Did you mean '{intended}'?" in codes(sandbox)[pointer]


@pytest.mark.parametrize(
    "sent", ["group_id", "mgt_id", "order_currency", "category", "colour", "collection", "style", "x" * 500, "名前", ""]
)
@pytest.mark.parametrize("path", BODIES)
def test_what_clients_send_on_purpose_is_left_alone(sandbox: Sandbox, path: str, sent: str) -> None:
    sandbox.stored(path, {**BODIES[path], sent: "x"})

    assert codes(sandbox) == {}
    assert [one["code"] for one in sandbox.requests()[-1]["findings"] if one["severity"] == "notice"] == [
        "unknown-field"
    ]


def test_a_name_near_a_field_that_is_sent_too_is_an_extra(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {**LUKE, "first_name": "Luke", "firstname": "Luke"})

    assert codes(sandbox) == {}
