"""What the file of a dataset may contain. docs/data.md describes it; payloads are validated by the contract."""

from typing import Any, TypedDict

from mock_server.fakedata import Recipe


class DatasetDocument(TypedDict, total=False):
    """A dataset's file. `payments`, `ads`: the bodies of each operation, for the integration of that kind."""

    about: str
    today: str
    recipe: Recipe | None
    payments: dict[str, list[Any]]
    ads: dict[str, list[Any]]


TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
CENTS = {"type": "integer", "minimum": 0, "maximum": 10**9}
WEIGHT = {"type": "number", "exclusiveMinimum": 0}
DAYS = {"type": "array", "items": {"type": "integer", "minimum": -36_500, "maximum": 0}, "minItems": 2, "maxItems": 2}
RANGE = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "required": required.split(),
        "additionalProperties": False,
        "properties": properties,
    }


def _non_empty(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list with at least one entry."""
    return {"type": "array", "minItems": 1, "items": items}


_SOURCE = _object(
    "",
    weight=WEIGHT,
    days=DAYS,
    utm_contents=_non_empty(TEXT),
    **dict.fromkeys(("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term"), TEXT),
    **dict.fromkeys(("referring_url", "optin_url"), TEXT),
)
_CONTACTS = _object(
    "count sources",
    count=COUNT,
    inactive=SHARE,
    buyers=SHARE,
    buyer_tag=TEXT,
    tags={"type": "object", "additionalProperties": SHARE},
    custom_fields={"type": "object", "additionalProperties": _non_empty({})},
    sources=_non_empty(_SOURCE),
)
_ORDERS = _object(
    "count products",
    count=COUNT,
    second_item=SHARE,
    discounted=SHARE,
    discounts=_non_empty({"type": "integer", "minimum": 0, "maximum": 100}),
    refunded=SHARE,
    unpaid=SHARE,
    products=_non_empty(_object("id name amount", weight=WEIGHT, id=TEXT, name=TEXT, amount=CENTS)),
) | {"dependentRequired": {"discounted": ["discounts"]}}
_PLAN = _object(
    "id name amount billing_cycle frequency",
    weight=WEIGHT,
    id=TEXT,
    name=TEXT,
    amount=CENTS,
    billing_cycle={"enum": ["year", "month", "week", "day"]},
    frequency={"type": "integer", "minimum": 1, "maximum": 1000},
    trial_days={"type": "integer", "minimum": 0, "maximum": 365},
)
_SUBSCRIPTIONS = _object(
    "count states plans",
    count=COUNT,
    states=_object("trial active canceled", trial=WEIGHT, active=WEIGHT, canceled=WEIGHT),
    plans=_non_empty(_PLAN),
)
_AD = _object("id name spend", id=TEXT, name=TEXT, spend=CENTS)
_CAMPAIGN = _object(
    "id name days cents_per_click clicks_per_1000 sets",
    id=TEXT,
    name=TEXT,
    days=DAYS,
    cents_per_click=RANGE,
    clicks_per_1000=RANGE,
    sets=_non_empty(_object("id name ads", id=TEXT, name=TEXT, ads=_non_empty(_AD))),
)
_RECIPE = _object(
    "",
    days={"type": "integer", "minimum": 1, "maximum": 36_500},
    contacts=_CONTACTS,
    orders=_ORDERS,
    subscriptions=_SUBSCRIPTIONS,
    campaigns=_non_empty(_CAMPAIGN),
) | {"dependentRequired": {"orders": ["contacts"], "subscriptions": ["contacts"]}}


def dataset_schema(operations: list[str], kinds: list[str]) -> dict[str, Any]:
    """Return the schema of a file.

    `operations`: those whose bodies it may list. `kinds`: the kinds of integrations.
    """
    lists = _object("", **{name: {"type": "array"} for name in operations})
    return _object("today", about={"type": "string"}, today=TEXT, recipe=_RECIPE, **dict.fromkeys(kinds, lists))
