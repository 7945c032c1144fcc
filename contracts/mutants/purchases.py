"""Mutants of orders, subscriptions, products and ads."""

from collections.abc import Callable
from typing import Any

from contracts.mutants.patches import changed, handler, mutant, patch, without
from mock_server.errors import ApiError
from mock_server.handlers import Handler, invoices, purchases, subscriptions
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.ads import FIGURES
from mock_server.store.database import Session
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS

# Orders, subscriptions, products.


@mutant
def unknown_contact_is_taken() -> None:
    """An order for a contact that does not exist is accepted."""
    _buyers(lambda call, session: {"contact_id": call.body.get("contact_id"), "email": call.body.get("email")})


@mutant
def orders_do_not_join_by_email() -> None:
    """An order given by email stays without a contact."""
    original = orders.present

    def present(session: Session, rows: Any, order: Any) -> Any:
        return original(session, rows, order | {"email": None}) | {"email": order["email"]}

    patch(orders, "present", present)


@mutant
def first_contact_stays() -> None:
    """An order keeps its first contact."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = INVOICES.find(session, call.body["id"])
        return original(
            changed(call, contact_id=known["contact_id"]) if known and known["contact_id"] else call, session
        )

    handler("upsert_invoice", around)


@mutant
def items_are_appended() -> None:
    """An update adds its items to those that are there."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = INVOICES.find(session, call.body["id"])
        before = (
            [{name: value for name, value in item.items() if value is not None} for item in known["items"]]
            if known
            else []
        )
        return original(changed(call, items=[*before, *call.body["items"]]), session)

    handler("upsert_invoice", around)


@mutant
def item_ids_count_from_zero() -> None:
    """A line item's id is counted from 0."""
    original = invoices._item
    patch(invoices, "_item", lambda order_id, place, item: original(order_id, place - 1, item))


@mutant
def item_amounts_are_lost() -> None:
    """A line item's amount is that of the order."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        items = [item | {"amount": call.body["amount"]} for item in call.body["items"]]
        return original(changed(call, items=items), session)

    handler("upsert_invoice", around)


@mutant
def left_out_tax_is_zero() -> None:
    """An update without `tax` or `discount` sets them to 0."""
    handler("upsert_invoice", lambda original, call, session: original(
        changed(call, **{"tax": 0, "discount": 0} | dict(call.body)), session))  # fmt: skip


@mutant
def refund_is_lost() -> None:
    """`is_refunded` is never stored."""
    handler("upsert_invoice", lambda original, call, session: original(without(call, "is_refunded"), session))


@mutant
def quantity_defaults_to_nothing() -> None:
    """A subscription without a quantity has 0."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = SUBSCRIPTIONS.find(session, call.body["id"])
        return original(call if known else changed(call, **{"quantity": 0} | dict(call.body)), session)

    handler("upsert_subscription", around)


@mutant
def subscription_makes_an_order() -> None:
    """A subscription creates an order with its id."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        body = call.body
        order = {"id": body["id"], "amount": body["amount"], "paid": 0, "date_created": body["start_date"], "items": []}
        INVOICES.put(session, INVOICES.find(session, body["id"]), order)
        return original(call, session)

    handler("upsert_subscription", around)


@mutant
def product_keeps_its_name() -> None:
    """A product that is known keeps its first name."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = PRODUCTS.find(session, call.body["id"])
        return Answer.success(product=PRODUCTS.present(known)) if known else original(call, session)

    handler("upsert_product", around)


# Ads.


@mutant
def figures_are_added() -> None:
    """The same ad and day again adds to its figures."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        ad = call.body["ad"]
        known = (
            None
            if isinstance(ad, list)
            else FIGURES.find(session, ad["id"] if isinstance(ad, dict) else ad, call.body["date"])
        )
        return original(changed(call, spend=call.body["spend"] + known["spend"]) if known else call, session)

    handler("record_ad_performance", around)


@mutant
def left_out_clicks_are_zero() -> None:
    """Figures that are left out are set to 0."""
    handler("record_ad_performance", lambda original, call, session: original(
        changed(call, **{"clicks": 0, "impressions": 0} | dict(call.body)), session))  # fmt: skip


@mutant
def first_ad_of_a_list_alone() -> None:
    """Of a list of ads the first alone is recorded."""
    handler("record_ad_performance", lambda original, call, session: original(
        changed(call, ad=call.body["ad"][:1]) if isinstance(call.body["ad"], list) else call, session))  # fmt: skip


@mutant
def bare_ad_id_is_refused() -> None:
    """An ad that is named by its id alone must be known."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        if isinstance(call.body["ad"], str):
            raise ApiError(400, "this ad is not known")
        return original(call, session)

    handler("record_ad_performance", around)


# What no call shows: these live, and MUTANTS.md says why.


@mutant
def products_are_not_created() -> None:
    """An order's unknown product is not created."""
    patch(orders, "learn_product", lambda *_: None)


@mutant
def rekeyed_orders_stay_behind() -> None:
    """The orders of a contact that gets a new id stay with the old one."""
    patch(orders, "hand_over", lambda *_, **__: None)


def _buyers(buyer_of: Callable[[Call, Session], Any]) -> None:
    for module in (purchases, invoices, subscriptions):
        patch(module, "buyer_of", buyer_of)
