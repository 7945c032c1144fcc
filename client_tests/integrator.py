"""A stand-in for Boost.space Integrator: it turns filled dialogs of its SegMetrics modules into HTTP calls."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from client_tests.sandbox import Sandbox

# What a user filled in, by the fields' labels; a list of blocks holds a dialog for each.
Dialog = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a dialog, and the name under which it is sent.

    `block`: the fields of each entry of a list, or of one object.
    """

    name: str
    block: "Mapping[str, Field] | None" = None
    read: Callable[[Any], Any] = lambda value: value


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the integrator. `path`: below the integration; a label in braces is filled in from the dialog."""

    method: str
    path: str
    fields: Mapping[str, Field]
    integration: str = "payments"


def _pairs(value: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list of `{key, value}`, as a dialog has it, as the object that is sent."""
    return {pair["key"]: pair["value"] for pair in value}


_STATUSES = {"Empty": "", "Active": "active", "Inactive": "inactive"}
_CONTACT = {"Contact ID": Field("contact_id"), "Email": Field("email")}
_TAGS = {"Tags": Field("tags", {"Tag ID": Field("id"), "Name": Field("name"), "Date": Field("date")})}
_CAMPAIGN = {"Ad campaign ID": Field("id"), "Name": Field("name")}
_SET = {"Ad set ID": Field("id"), "Name": Field("name"), "Ad campaign": Field("adcampaign", _CAMPAIGN)}

MODULES: Mapping[str, Module] = {
    "Add/Update a Contact": Module(
        "POST",
        "contact",
        _CONTACT
        | _TAGS
        | {
            "Date created": Field("date_created"),
            "First name": Field("first_name"),
            "Last name": Field("last_name"),
            "Status": Field("status", read=lambda label: _STATUSES.get(label, label)),
            "Custom fields": Field("custom_fields", read=_pairs),
            "Last updated": Field("last_updated"),
            "UTM campaign": Field("utm_campaign"),
            "UTM content": Field("utm_content"),
            "UTM medium": Field("utm_medium"),
            "UTM source": Field("utm_source"),
            "UTM term": Field("utm_term"),
            "Referring URL": Field("referring_url"),
            "Opt-in URL": Field("optin_url"),
            "IP address": Field("ip_address"),
            "Affiliate ID": Field("affiliate_id"),
            "Latitude": Field("geo_lat"),
            "Longitude": Field("geo_lon"),
        },
    ),
    "Delete a Contact": Module("DELETE", "contact/{Contact ID or email}", {"Contact ID or email": Field("")}),
    "Add a Tag": Module("POST", "tags/add", _CONTACT | _TAGS),
    "Delete a Tag": Module("POST", "tags/remove", _CONTACT | {"Tags": Field("tags")}),
    "Add/Update an Order": Module(
        "POST",
        "invoice",
        _CONTACT
        | {
            "Order ID": Field("id"),
            "Amount": Field("amount"),
            "Paid": Field("paid"),
            "Date created": Field("date_created"),
            "Is refunded": Field("is_refunded"),
            "Discount": Field("discount"),
            "Tax": Field("tax"),
            "Shipping": Field("shipping"),
            "Items": Field(
                "items",
                {
                    "Item ID": Field("id"),
                    "Name": Field("name"),
                    "Product ID": Field("product_id"),
                    "Amount": Field("amount"),
                    "Subscription ID": Field("subscription_id"),
                    "Total paid": Field("total_paid"),
                },
            ),
        },
    ),
    "Delete an Order": Module("DELETE", "invoice/{Order ID}", {"Order ID": Field("")}),
    "Add/Update a Subscription": Module(
        "POST",
        "subscription",
        _CONTACT
        | {
            "Subscription ID": Field("id"),
            "Amount": Field("amount"),
            "Product ID": Field("product_id"),
            "Name": Field("name"),
            "Quantity": Field("quantity"),
            "Start date": Field("start_date"),
            "Trial end date": Field("trial_end_date"),
            "Last bill date": Field("last_bill_date"),
            "End date": Field("end_date"),
            "Canceled date": Field("canceled_date"),
            "Billing cycle": Field("billing_cycle", read=str.lower),
            "Frequency": Field("frequency"),
        },
    ),
    "Delete a Subscription": Module("DELETE", "subscription/{Subscription ID}", {"Subscription ID": Field("")}),
    "Record an Ad Performance": Module(
        "POST",
        "ad/performance",
        {
            "Ads": Field(
                "ad",
                {
                    "Ad ID": Field("id"),
                    "Name": Field("name"),
                    "Ad set": Field("adset", _SET),
                    "Ad campaign": Field("adcampaign", _CAMPAIGN),
                },
            ),
            "Ad sets": Field("adset", _SET),
            "Ad campaigns": Field("adcampaign", _CAMPAIGN),
            "Spend": Field("spend"),
            "Clicks": Field("clicks"),
            "Impressions": Field("impressions"),
            "Date": Field("date"),
        },
        integration="ads",
    ),
}

API_CALL = "Make an API Call"
API_CALL_FIELDS = ("URL", "Method", "Headers", "Query string", "Body")


def run(sandbox: Sandbox, module: str, dialog: Dialog) -> httpx.Response:
    """Send what the module makes of its filled dialog."""
    if module == API_CALL:
        return _api_call(sandbox, dialog)
    used = MODULES[module]
    path = used.path.format_map({label: quote(str(value), safe="") for label, value in dialog.items()})
    if used.method == "DELETE":
        return sandbox.send("DELETE", path, integration=used.integration)
    return sandbox.post(path, _body(used.fields, dialog), used.integration)


def labels(module: str) -> set[str]:
    """Return all fields of a module's dialog, those within blocks as `Items > Name`."""
    return set(API_CALL_FIELDS) if module == API_CALL else set(_labels(MODULES[module].fields))


def filled(module: str, dialog: Dialog) -> set[str]:
    """Return the fields that a dialog fills in, named as by `labels`."""
    return set(dialog) if module == API_CALL else set(_filled(MODULES[module].fields, dialog))


def _body(fields: Mapping[str, Field], dialog: Dialog) -> dict[str, Any]:
    return {fields[label].name: _value(fields[label], value) for label, value in dialog.items()}


def _value(field: Field, value: Any) -> Any:
    if field.block is not None and isinstance(value, list):
        return [_value(field, entry) for entry in value]
    if field.block is not None and isinstance(value, dict):
        return _body(field.block, value)
    return field.read(value)


def _labels(fields: Mapping[str, Field]) -> Iterator[str]:
    for label, field in fields.items():
        yield label
        yield from (f"{label} > {inner}" for inner in _labels(field.block or {}))


def _filled(fields: Mapping[str, Field], dialog: Dialog) -> Iterator[str]:
    for label, value in dialog.items():
        yield label
        for entry in value if isinstance(value, list) else [value]:
            if (block := fields[label].block) is not None and isinstance(entry, dict):
                yield from (f"{label} > {inner}" for inner in _filled(block, entry))


def _api_call(sandbox: Sandbox, dialog: Dialog) -> httpx.Response:
    """Send any request: `URL` relative to the API's base, `Headers` and `Query string` as lists of `{key, value}`."""
    return sandbox.http.request(
        dialog["Method"],
        f"{sandbox.origin}/api{dialog['URL']}",
        headers={"Authorization": sandbox.api_key, **_pairs(dialog.get("Headers", []))},
        params=_pairs(dialog.get("Query string", [])),
        content=dialog.get("Body"),
    )
