"""What the recipe of a dataset contains. Shares are from 0 to 1, money is cents, days are relative to today."""

from typing import Any, Literal, NotRequired, TypedDict

Payload = dict[str, Any]


class Source(TypedDict, total=False):
    """Where contacts come from. `days`: first and last day; `utm_contents`: one of them is used for each contact."""

    weight: float
    days: list[int]
    utm_contents: list[str]
    utm_campaign: str
    utm_content: str
    utm_medium: str
    utm_source: str
    utm_term: str
    referring_url: str
    optin_url: str


class ContactsRecipe(TypedDict):
    """Contacts. `tags`: the share that has each tag; `custom_fields`: one of the values of each, none for null."""

    count: int
    sources: list[Source]
    inactive: NotRequired[float]
    buyers: NotRequired[float]
    buyer_tag: NotRequired[str]
    tags: NotRequired[dict[str, float]]
    custom_fields: NotRequired[dict[str, list[Any]]]


class ProductForSale(TypedDict):
    id: str
    name: str
    amount: int
    weight: NotRequired[float]


class OrdersRecipe(TypedDict):
    """Orders. `second_item`, `discounted`, `refunded`, `unpaid`: shares; `discounts`: per cent."""

    count: int
    products: list[ProductForSale]
    second_item: NotRequired[float]
    discounted: NotRequired[float]
    discounts: NotRequired[list[int]]
    refunded: NotRequired[float]
    unpaid: NotRequired[float]


class SubscriptionStates(TypedDict):
    """How often each state occurs, as weights."""

    trial: float
    active: float
    canceled: float


class Plan(ProductForSale):
    billing_cycle: Literal["year", "month", "week", "day"]
    frequency: int
    trial_days: NotRequired[int]


class SubscriptionsRecipe(TypedDict):
    count: int
    states: SubscriptionStates
    plans: list[Plan]


class Ad(TypedDict):
    """An ad. `spend`: of a day, on average."""

    id: str
    name: str
    spend: int


class AdSet(TypedDict):
    id: str
    name: str
    ads: list[Ad]


class Campaign(TypedDict):
    """A campaign. `cents_per_click`, `clicks_per_1000` impressions: the lowest and the highest."""

    id: str
    name: str
    days: list[int]
    cents_per_click: list[int]
    clicks_per_1000: list[int]
    sets: list[AdSet]


class Recipe(TypedDict, total=False):
    """What data is generated from. `days`: how many before today the first contact may have signed up."""

    days: int
    contacts: ContactsRecipe
    orders: OrdersRecipe
    subscriptions: SubscriptionsRecipe
    campaigns: list[Campaign]
