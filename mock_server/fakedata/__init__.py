"""Believable data: what a recipe describes, filled from a seed. The only room that knows Faker.

The same recipe, seed and day give the same payloads, byte for byte, with the same release of Faker. Payloads are
written as the contract's values are read (ids as texts, instants in UTC), so that they can be stored as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mock_server.fakedata import ads, people, purchases
from mock_server.fakedata.draw import Draw
from mock_server.fakedata.people import Payload, People, Recipe
from mock_server.fakedata.purchases import Ordered, Subscribed

# The kind of integration, payments or ads; the operation; its body.
Step = tuple[str, str, Payload]


@dataclass(frozen=True, slots=True)
class Filled:
    """A recipe with its plan made: who buys what when. The payloads are made while they are gone through."""

    recipe: Recipe
    seed: int
    today: date
    people: People
    subscribed: list[Subscribed]
    ordered: list[Ordered]

    @property
    def counts(self) -> dict[str, int]:
        """How many calls of each operation the payloads are."""
        counts = {
            "upsert_product": sum(1 for _ in purchases.products(self.recipe)),
            "upsert_contact": len(self.people.created),
            "upsert_invoice": len(self.ordered),
            "upsert_subscription": len(self.subscribed),
            "record_ad_performance": ads.count_figures(self.recipe.get("campaigns", [])),
        }
        return {operation: count for operation, count in counts.items() if count}

    def __iter__(self) -> Iterator[Step]:
        recipe, plans = self.recipe, self.recipe.get("subscriptions", {"plans": ()})
        for body in purchases.products(recipe):
            yield "payments", "upsert_product", body
        if "contacts" in recipe:
            for body in people.contacts(recipe["contacts"], self.people, self.seed, self.today):
                yield "payments", "upsert_contact", body
        dates = Draw(self.seed, "subscriptions", self.today)
        for body in purchases.subscriptions(plans, self.subscribed, self.people, dates):
            yield "payments", "upsert_subscription", body
        baskets = Draw(self.seed, "baskets", self.today)
        sold = recipe.get("orders", {})
        for body in purchases.orders(sold, plans["plans"], self.ordered, self.people, baskets):
            yield "payments", "upsert_invoice", body
        for body in ads.figures(recipe.get("campaigns", []), self.seed, self.today):
            yield "ads", "record_ad_performance", body


def fill(recipe: Recipe, seed: int, today: date) -> Filled:
    """The plan of a recipe (see `datasets.schema`); an empty recipe gives nothing."""
    days = recipe.get("days", 365)
    crowd, subscribed = People([], [], []), list[Subscribed]()
    if "contacts" in recipe:
        crowd = people.plan_people(recipe["contacts"], days, seed, today)
    if "subscriptions" in recipe:
        subscribed = purchases.plan_subscriptions(recipe["subscriptions"], crowd, days, seed, today)
    ordered = purchases.plan_orders(recipe.get("orders", {}), subscribed, crowd, seed, today)
    return Filled(recipe, seed, today, crowd, subscribed, ordered)


def fake(resource: str, recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    """`count` payloads of one of RESOURCES, in the manner of a recipe that has a part for each.

    They stand alone: whose they are is said by email, and each ad figure names its set and campaign.
    """
    return RESOURCES[resource](recipe, count, seed, today)


def _crowd(recipe: Recipe, count: int, seed: int, today: date) -> tuple[Recipe, list[Payload]]:
    crowd = {**recipe, "contacts": {**recipe["contacts"], "count": count, "buyers": 1}}
    return crowd, list(_bodies(fill(crowd, seed, today), "upsert_contact"))


def _bodies(filled: Filled, operation: str) -> Iterator[Payload]:
    return (body for _, named, body in filled if named == operation)


def _contacts(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    yield from _crowd({"contacts": recipe["contacts"]}, count, seed, today)[1]


def _tags(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    draw, names = Draw(seed, "tags", today), list(recipe["contacts"]["tags"])
    for contact in _contacts(recipe, count, seed, today):
        first = draw.below(len(names))
        yield {"email": contact["email"], "tags": [names[first], {"name": names[first - 1], "date": draw.instant(0)}]}


def _purchases(operation: str, part: str, other: str) -> "_Make":
    def make(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
        sold = {**recipe, part: {**recipe[part], "count": count}, other: {**recipe[other], "count": 0}}
        crowd, buyers = _crowd(sold, count, seed, today)
        emails = {buyer["contact_id"]: buyer["email"] for buyer in buyers}
        for body in _bodies(fill(crowd, seed, today), operation):
            yield {
                ("email" if key == "contact_id" else key): emails.get(value, value) if key == "contact_id" else value
                for key, value in body.items()
            }

    return make


def _products(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    draw, named = Draw(seed, "products", today), list(purchases.products(recipe))
    for number in range(1, count + 1):
        product = draw.one(named)
        yield {"id": f"{product['id']}-{number}", "name": f"{product['name']}, edition {number}"}


def _figures(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    draw, campaigns = Draw(seed, "fake figures", today), recipe["campaigns"]
    for number in range(count):
        campaign = draw.one(campaigns)
        adset = draw.one(campaign["sets"])
        one = {**campaign, "days": (-number - 1, -number), "sets": [{**adset, "ads": [draw.one(adset["ads"])]}]}
        yield from ads.figures([one], seed + number, today)


_Make = Callable[[Recipe, int, int, date], Iterator[Payload]]

RESOURCES: Mapping[str, _Make] = {
    "contact": _contacts,
    "invoice": _purchases("upsert_invoice", "orders", "subscriptions"),
    "subscription": _purchases("upsert_subscription", "subscriptions", "orders"),
    "product": _products,
    "ad_performance": _figures,
    "tags": _tags,
}

# The operation that a resource's payloads are bodies of; `tags` are those of `remove_tags` too.
OPERATIONS: Mapping[str, str] = {
    "contact": "upsert_contact",
    "invoice": "upsert_invoice",
    "subscription": "upsert_subscription",
    "product": "upsert_product",
    "ad_performance": "record_ad_performance",
    "tags": "add_tags",
}

__all__ = ["OPERATIONS", "RESOURCES", "Filled", "Payload", "Step", "fake", "fill"]
