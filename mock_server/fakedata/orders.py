"""Products, orders and subscriptions. The amount of an order is the sum of its items less the discount."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from mock_server.fakedata.contacts import ContactPlan
from mock_server.fakedata.recipe import OrdersRecipe, Payload, Plan, ProductForSale, Recipe, SubscriptionsRecipe
from mock_server.fakedata.seeded_random import DAY_SECONDS, SeededRandom, Weighted

_FIRST_ORDER, _FIRST_SUBSCRIPTION = 50_001, 7_001
_CYCLE_SECONDS = {"day": DAY_SECONDS, "week": 7 * DAY_SECONDS}
_CYCLE_MONTHS = {"month": 1, "year": 12}
_STATES: tuple[Literal["trial", "active", "canceled"], ...] = ("trial", "active", "canceled")
NO_ORDERS: OrdersRecipe = {"count": 0, "products": []}
NO_SUBSCRIPTIONS: SubscriptionsRecipe = {
    "count": 0,
    "states": {"trial": 1, "active": 1, "canceled": 1},
    "plans": [],
}
# The higher, the sooner contacts buy after they sign up.
_PURCHASE_SKEW = 3


@dataclass(frozen=True, slots=True)
class SubscriptionPlan:
    """A subscription to generate. Instants are seconds of `SeededRandom`.

    `plan`, `buyer`: indexes of its plan and its contact. `trial_end`: None without a trial.
    """

    id: str
    plan: int
    buyer: int
    quantity: int
    start: int
    trial_end: int | None
    bills: tuple[int, ...]
    canceled: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """An order to generate. `second`: when. `billed`: the subscription that it is a bill of."""

    second: int
    buyer: int
    billed: SubscriptionPlan | None


def products(recipe: Recipe) -> Iterator[Payload]:
    """Yield the products of orders and of subscriptions."""
    orders, subscriptions = recipe.get("orders", NO_ORDERS), recipe.get("subscriptions", NO_SUBSCRIPTIONS)
    for entry in (*orders["products"], *subscriptions["plans"]):
        yield {"id": entry["id"], "name": entry["name"]}


def plan_subscriptions(
    recipe: SubscriptionsRecipe, contacts: ContactPlan, days: int, seed: int, today: date
) -> list[SubscriptionPlan]:
    """Plan one subscription for each plan and state, as far as the count allows, and the rest at random."""
    random, plans = SeededRandom(seed, "subscriptions", today), Weighted(recipe["plans"])
    states, every = Weighted([{"weight": recipe["states"][state]} for state in _STATES]), len(plans.entries)
    planned = []
    for index in range(recipe["count"] if contacts.buyers else 0):
        state = _STATES[index // every] if index < every * len(_STATES) else _STATES[states.choose(random)]
        plan = index % every if index < every * len(_STATES) else plans.choose(random)
        planned.append(_plan_subscription(random, index, plan, plans.entries[plan], state, contacts, days))
    return sorted(planned, key=lambda one: (one.start, one.id))


def _plan_subscription(
    random: SeededRandom, index: int, plan: int, entry: Plan, state: str, contacts: ContactPlan, days: int
) -> SubscriptionPlan:
    trial_days = entry.get("trial_days", 0)
    start = -random.between(1, (trial_days or 14) * DAY_SECONDS - 1)
    if state != "trial":
        start -= random.between(trial_days * DAY_SECONDS, max(trial_days + 1, days - 30) * DAY_SECONDS)
    known = bisect(contacts.created, start)
    buyer = contacts.buyers[random.below(bisect(contacts.buyers, known - 1) or 1)]
    start = max(start, contacts.created[buyer])
    trial_end = start + trial_days * DAY_SECONDS if trial_days else None
    canceled = None
    first = start if trial_end is None else trial_end
    if state == "canceled":
        canceled = start + int(random.fraction() * -start)
    until = min(canceled if canceled is not None else 0, 0)
    bills = tuple(_bills(random, entry, first, until))
    end = None if canceled is None else max(canceled, _bill(random, entry, first, len(bills)))
    quantity = 1 if random.fraction() < 0.85 else random.between(2, 5)
    id = f"sub-{_FIRST_SUBSCRIPTION + index}"
    return SubscriptionPlan(id, plan, buyer, quantity, start, trial_end, bills, canceled, end)


def _bills(random: SeededRandom, plan: Plan, first: int, until: int) -> Iterator[int]:
    number = 0
    while (second := _bill(random, plan, first, number)) < until:
        yield second
        number += 1


def _bill(random: SeededRandom, plan: Plan, first: int, number: int) -> int:
    cycle: str = plan["billing_cycle"]
    cycles: int = number * plan["frequency"]
    if cycle in _CYCLE_SECONDS:
        return first + cycles * _CYCLE_SECONDS[cycle]
    return random.months_after(first, cycles * _CYCLE_MONTHS[cycle]) if number else first


def subscriptions(
    recipe: SubscriptionsRecipe, planned: Sequence[SubscriptionPlan], contacts: ContactPlan, random: SeededRandom
) -> Iterator[Payload]:
    for one in planned:
        plan = recipe["plans"][one.plan]
        payload = {
            "id": one.id,
            "contact_id": contacts.contact_id(one.buyer),
            "amount": plan["amount"] * one.quantity,
            "product_id": plan["id"],
            "name": plan["name"],
            "quantity": one.quantity,
            "start_date": random.instant(one.start),
            "last_bill_date": random.instant(one.bills[-1] if one.bills else one.start),
            "billing_cycle": plan["billing_cycle"],
            "frequency": plan["frequency"],
        }
        for name, second in (("trial_end_date", one.trial_end), ("canceled_date", one.canceled), ("end_date", one.end)):
            if second is not None:
                payload[name] = random.instant(second)
        yield payload


def plan_orders(
    recipe: OrdersRecipe, planned: Sequence[SubscriptionPlan], contacts: ContactPlan, seed: int, today: date
) -> list[OrderPlan]:
    """Plan the orders of the recipe and the bills of the subscriptions, oldest first."""
    random = SeededRandom(seed, "orders", today)
    ordered: list[OrderPlan] = [OrderPlan(second, one.buyer, one) for one in planned for second in one.bills]
    for _ in range(recipe["count"] if contacts.buyers else 0):
        buyer = contacts.buyers[random.below(len(contacts.buyers))]
        created = contacts.created[buyer]
        ordered.append(OrderPlan(created + int(random.fraction() ** _PURCHASE_SKEW * -created), buyer, None))
    ordered.sort(key=lambda order: (order.second, order.buyer, order.billed.id if order.billed else ""))
    return ordered


def orders(
    recipe: OrdersRecipe,
    plans: Sequence[Plan],
    planned: Sequence[OrderPlan],
    contacts: ContactPlan,
    random: SeededRandom,
) -> Iterator[Payload]:
    goods = Weighted(recipe["products"])
    for index, order in enumerate(planned):
        discount = 0
        if order.billed:
            billed = order.billed
            items = [_item(plans[billed.plan], billed.quantity) | {"subscription_id": billed.id}]
        else:
            items = [_item(goods.entries[goods.choose(random)])]
            if random.fraction() < recipe.get("second_item", 0):
                further = goods.entries[goods.choose(random)]
                items += [_item(further)] if further["id"] != items[0]["product_id"] else []
            if random.fraction() < recipe.get("discounted", 0):
                discount = sum(item["amount"] for item in items) * random.choice(recipe["discounts"]) // 100
        amount = sum(item["amount"] for item in items) - discount
        is_paid = random.fraction() >= recipe.get("unpaid", 0)
        yield {
            "id": f"ord-{_FIRST_ORDER + index}",
            "contact_id": contacts.contact_id(order.buyer),
            "amount": amount,
            "paid": amount if is_paid else 0,
            "date_created": random.instant(order.second),
            "is_refunded": is_paid and random.fraction() < recipe.get("refunded", 0),
            "discount": discount,
            "tax": 0,
            "shipping": 0,
            "items": items,
        }


def _item(entry: ProductForSale, quantity: int = 1) -> dict[str, Any]:
    return {"name": entry["name"], "product_id": entry["id"], "amount": entry["amount"] * quantity}
