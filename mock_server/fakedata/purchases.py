"""Products, orders and subscriptions. Amounts are cents; an order's amount is that of its items less the discount."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mock_server.fakedata.draw import DAY_SECONDS, Draw, Weighted
from mock_server.fakedata.people import Payload, People, Recipe

_FIRST_ORDER, _FIRST_SUBSCRIPTION = 50_001, 7_001
_CYCLE_SECONDS = {"day": DAY_SECONDS, "week": 7 * DAY_SECONDS}
_CYCLE_MONTHS = {"month": 1, "year": 12}
_STATES = ("trial", "active", "canceled")
# The higher, the sooner people buy after they signed up.
_SOON = 3


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription: which plan, whose, and what happens when. `trial_end`: None without a trial."""

    id: str
    plan: int
    buyer: int
    quantity: int
    start: int
    trial_end: int | None
    bills: tuple[int, ...]
    canceled: int | None
    end: int | None


# When, by which contact, and the subscription that the order is a bill of.
Ordered = tuple[int, int, Subscribed | None]


def products(recipe: Recipe) -> Iterator[Payload]:
    """The products of orders and of subscriptions' plans."""
    for entry in (*recipe.get("orders", {}).get("products", ()), *recipe.get("subscriptions", {}).get("plans", ())):
        yield {"id": entry["id"], "name": entry["name"]}


def plan_subscriptions(recipe: Recipe, people: People, days: int, seed: int, today: date) -> list[Subscribed]:
    """Each plan is first given once to each state, as far as the count reaches; the rest is drawn."""
    draw, plans = Draw(seed, "subscriptions", today), Weighted(recipe["plans"])
    states, every = Weighted([{"weight": recipe["states"][state]} for state in _STATES]), len(plans.entries)
    planned = []
    for place in range(recipe["count"] if people.buyers else 0):
        state = _STATES[place // every] if place < every * len(_STATES) else _STATES[states.draw(draw)]
        plan = place % every if place < every * len(_STATES) else plans.draw(draw)
        planned.append(_subscribed(draw, place, plan, plans.entries[plan], state, people, days))
    return sorted(planned, key=lambda one: (one.start, one.id))


def _subscribed(draw: Draw, place: int, plan: int, entry: Recipe, state: str, people: People, days: int) -> Subscribed:
    trial_days = entry.get("trial_days", 0)
    start = -draw.between(1, (trial_days or 14) * DAY_SECONDS - 1)
    if state != "trial":
        start -= draw.between(trial_days * DAY_SECONDS, max(trial_days + 1, days - 30) * DAY_SECONDS)
    known = bisect(people.created, start)
    buyer = people.buyers[draw.below(bisect(people.buyers, known - 1) or 1)]
    start = max(start, people.created[buyer])
    trial_end = start + trial_days * DAY_SECONDS if trial_days else None
    canceled = None
    first = start if trial_end is None else trial_end
    if state == "canceled":
        canceled = start + int(draw.share() * -start)
    until = min(canceled if canceled is not None else 0, 0)
    bills = tuple(_bills(draw, entry, first, until))
    end = None if canceled is None else max(canceled, _bill(draw, entry, first, len(bills)))
    quantity = 1 if draw.share() < 0.85 else draw.between(2, 5)
    id = f"sub-{_FIRST_SUBSCRIPTION + place}"
    return Subscribed(id, plan, buyer, quantity, start, trial_end, bills, canceled, end)


def _bills(draw: Draw, plan: Recipe, first: int, until: int) -> Iterator[int]:
    number = 0
    while (second := _bill(draw, plan, first, number)) < until:
        yield second
        number += 1


def _bill(draw: Draw, plan: Recipe, first: int, number: int) -> int:
    cycle: str = plan["billing_cycle"]
    cycles: int = number * plan["frequency"]
    if cycle in _CYCLE_SECONDS:
        return first + cycles * _CYCLE_SECONDS[cycle]
    return draw.second_after(first, cycles * _CYCLE_MONTHS[cycle]) if number else first


def subscriptions(recipe: Recipe, planned: Sequence[Subscribed], people: People, draw: Draw) -> Iterator[Payload]:
    for one in planned:
        plan = recipe["plans"][one.plan]
        payload = {
            "id": one.id,
            "contact_id": people.contact_id(one.buyer),
            "amount": plan["amount"] * one.quantity,
            "product_id": plan["id"],
            "name": plan["name"],
            "quantity": one.quantity,
            "start_date": draw.instant(one.start),
            "last_bill_date": draw.instant(one.bills[-1] if one.bills else one.start),
            "billing_cycle": plan["billing_cycle"],
            "frequency": plan["frequency"],
        }
        for name, second in (("trial_end_date", one.trial_end), ("canceled_date", one.canceled), ("end_date", one.end)):
            if second is not None:
                payload[name] = draw.instant(second)
        yield payload


def plan_orders(recipe: Recipe, planned: Sequence[Subscribed], people: People, seed: int, today: date) -> list[Ordered]:
    """The orders of the recipe and the bills of the subscriptions, oldest first."""
    draw = Draw(seed, "orders", today)
    ordered: list[Ordered] = [(second, one.buyer, one) for one in planned for second in one.bills]
    for _ in range(recipe.get("count", 0) if people.buyers else 0):
        buyer = people.buyers[draw.below(len(people.buyers))]
        created = people.created[buyer]
        ordered.append((created + int(draw.share() ** _SOON * -created), buyer, None))
    ordered.sort(key=lambda order: (order[0], order[1], order[2].id if order[2] else ""))
    return ordered


def orders(
    recipe: Recipe, plans: Sequence[Recipe], ordered: Sequence[Ordered], people: People, draw: Draw
) -> Iterator[Payload]:
    goods = Weighted(recipe.get("products", ()))
    for place, (second, buyer, bill) in enumerate(ordered):
        discount = 0
        if bill:
            items = [_item(plans[bill.plan], bill.quantity) | {"subscription_id": bill.id}]
        else:
            items = [_item(goods.entries[goods.draw(draw)])]
            if draw.share() < recipe.get("second_item", 0):
                further = goods.entries[goods.draw(draw)]
                items += [_item(further)] if further["id"] != items[0]["product_id"] else []
            if draw.share() < recipe.get("discounted", 0):
                discount = sum(item["amount"] for item in items) * draw.one(recipe["discounts"]) // 100
        amount = sum(item["amount"] for item in items) - discount
        is_paid = draw.share() >= recipe.get("unpaid", 0)
        yield {
            "id": f"ord-{_FIRST_ORDER + place}",
            "contact_id": people.contact_id(buyer),
            "amount": amount,
            "paid": amount if is_paid else 0,
            "date_created": draw.instant(second),
            "is_refunded": is_paid and draw.share() < recipe.get("refunded", 0),
            "discount": discount,
            "tax": 0,
            "shipping": 0,
            "items": items,
        }


def _item(entry: Recipe, quantity: int = 1) -> dict[str, Any]:
    return {"name": entry["name"], "product_id": entry["id"], "amount": entry["amount"] * quantity}
