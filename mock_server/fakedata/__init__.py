"""Realistic data, generated from a recipe and a seed. Only this room uses Faker.

The same recipe, seed and day give the same payloads, byte for byte, with the same release of Faker. Payloads have the
form in which the contract converts values (ids as text, instants in UTC), so that they can be stored as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mock_server.fakedata import ads, contacts, orders
from mock_server.fakedata.contacts import ContactPlan
from mock_server.fakedata.orders import NO_ORDERS, NO_SUBSCRIPTIONS, OrderPlan, SubscriptionPlan
from mock_server.fakedata.recipe import Payload, Recipe
from mock_server.fakedata.seeded_random import SeededRandom

# The kind of integration, payments or ads; the operation; its body.
Step = tuple[str, str, Payload]
Generator = Callable[[Recipe, int, int, date], Iterator[Payload]]


@dataclass(frozen=True, slots=True)
class GeneratedData:
    """The data of a recipe: the plan of who buys what when. Payloads are made one by one during iteration."""

    recipe: Recipe
    seed: int
    today: date
    contacts: ContactPlan
    subscriptions: list[SubscriptionPlan]
    orders: list[OrderPlan]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many payloads there are for each operation."""
        counts = {
            "upsert_product": sum(1 for _ in orders.products(self.recipe)),
            "upsert_contact": len(self.contacts.created),
            "upsert_invoice": len(self.orders),
            "upsert_subscription": len(self.subscriptions),
            "record_ad_performance": ads.count_performance(self.recipe.get("campaigns", [])),
        }
        return {operation: count for operation, count in counts.items() if count}

    def __iter__(self) -> Iterator[Step]:
        recipe = self.recipe
        subscriptions_recipe = recipe.get("subscriptions", NO_SUBSCRIPTIONS)
        for body in orders.products(recipe):
            yield "payments", "upsert_product", body
        if "contacts" in recipe:
            for body in contacts.contacts(recipe["contacts"], self.contacts, self.seed, self.today):
                yield "payments", "upsert_contact", body
        random = SeededRandom(self.seed, "subscriptions", self.today)
        for body in orders.subscriptions(subscriptions_recipe, self.subscriptions, self.contacts, random):
            yield "payments", "upsert_subscription", body
        random = SeededRandom(self.seed, "baskets", self.today)
        orders_recipe, plans = recipe.get("orders", NO_ORDERS), subscriptions_recipe["plans"]
        for body in orders.orders(orders_recipe, plans, self.orders, self.contacts, random):
            yield "payments", "upsert_invoice", body
        for body in ads.performance(recipe.get("campaigns", []), self.seed, self.today):
            yield "ads", "record_ad_performance", body


def generate(recipe: Recipe, seed: int, today: date) -> GeneratedData:
    """Return the data of a recipe; an empty recipe gives none."""
    days = recipe.get("days", 365)
    contact_plan, subscription_plans = ContactPlan([], [], []), list[SubscriptionPlan]()
    if "contacts" in recipe:
        contact_plan = contacts.plan_contacts(recipe["contacts"], days, seed, today)
    if "subscriptions" in recipe:
        subscription_plans = orders.plan_subscriptions(recipe["subscriptions"], contact_plan, days, seed, today)
    order_plans = orders.plan_orders(recipe.get("orders", NO_ORDERS), subscription_plans, contact_plan, seed, today)
    return GeneratedData(recipe, seed, today, contact_plan, subscription_plans, order_plans)


def fake(resource: str, recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    """Yield `count` payloads of one of RESOURCES, after the example of a recipe that has all its parts.

    Each payload is valid alone: orders name their contact by email, and ad performance names set and campaign.
    """
    return RESOURCES[resource](recipe, count, seed, today)


def _with_buyers(recipe: Recipe, count: int, seed: int, today: date) -> tuple[Recipe, list[Payload]]:
    """Return the recipe with `count` contacts, all of whom buy, and these contacts."""
    changed: Recipe = {**recipe, "contacts": {**recipe["contacts"], "count": count, "buyers": 1}}
    return changed, list(_bodies(generate(changed, seed, today), "upsert_contact"))


def _bodies(data: GeneratedData, operation: str) -> Iterator[Payload]:
    return (body for _, name, body in data if name == operation)


def _contacts(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    yield from _with_buyers({"contacts": recipe["contacts"]}, count, seed, today)[1]


def _tags(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    random, names = SeededRandom(seed, "tags", today), list(recipe["contacts"].get("tags", {}))
    for contact in _contacts(recipe, count, seed, today):
        first = random.below(len(names))
        yield {"email": contact["email"], "tags": [names[first], {"name": names[first - 1], "date": random.instant(0)}]}


def _orders(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    changed: Recipe = {
        **recipe,
        "orders": {**recipe["orders"], "count": count},
        "subscriptions": {**recipe["subscriptions"], "count": 0},
    }
    return _by_email("upsert_invoice", changed, count, seed, today)


def _subscriptions(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    changed: Recipe = {
        **recipe,
        "orders": {**recipe["orders"], "count": 0},
        "subscriptions": {**recipe["subscriptions"], "count": count},
    }
    return _by_email("upsert_subscription", changed, count, seed, today)


def _by_email(operation: str, recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    """Yield payloads that name their contact by its email instead of its id."""
    recipe, buyers = _with_buyers(recipe, count, seed, today)
    emails = {buyer["contact_id"]: buyer["email"] for buyer in buyers}
    for body in _bodies(generate(recipe, seed, today), operation):
        yield {
            ("email" if key == "contact_id" else key): emails.get(value, value) if key == "contact_id" else value
            for key, value in body.items()
        }


def _products(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    random, products = SeededRandom(seed, "products", today), list(orders.products(recipe))
    for number in range(1, count + 1):
        product = random.choice(products)
        yield {"id": f"{product['id']}-{number}", "name": f"{product['name']}, edition {number}"}


def _performance(recipe: Recipe, count: int, seed: int, today: date) -> Iterator[Payload]:
    random, campaigns = SeededRandom(seed, "fake figures", today), recipe["campaigns"]
    for number in range(count):
        campaign = random.choice(campaigns)
        adset = random.choice(campaign["sets"])
        ad = random.choice(adset["ads"])
        yield from ads.performance(
            [{**campaign, "days": [-number - 1, -number], "sets": [{**adset, "ads": [ad]}]}], seed + number, today
        )


RESOURCES: Mapping[str, Generator] = {
    "contact": _contacts,
    "invoice": _orders,
    "subscription": _subscriptions,
    "product": _products,
    "ad_performance": _performance,
    "tags": _tags,
}

__all__ = ["RESOURCES", "GeneratedData", "Payload", "Recipe", "Step", "fake", "generate"]
