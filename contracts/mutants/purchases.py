"""Mutants of orders, subscriptions, products and ads."""

from typing import Any

from contracts.mutants.patches import handle, mutant, patch, with_defaults, with_fields, without
from mock_server.errors import ApiError
from mock_server.operations import invoices, purchases
from mock_server.operations.invoices import stored_item
from mock_server.operations.table import Handler
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.ads import FIGURES
from mock_server.store.contacts import email_key
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session

# Orders, subscriptions, products.


@mutant
def unknown_contact_is_taken() -> None:
    """An order for a contact that does not exist is accepted."""

    def buyer_columns(call: Call, session: Session) -> dict[str, str | None]:
        contact_id, email = call.body.get("contact_id"), call.body.get("email")
        return {"contact_id": contact_id, "email": email, "email_key": email and email_key(email)}

    patch(purchases, "buyer_columns", buyer_columns)


@mutant
def orders_do_not_join_by_email() -> None:
    """An order given by email stays without a contact."""
    original = orders.present

    def present(session: Session, rows: Rows, order: Row) -> dict[str, Any]:
        return original(session, rows, order | {"email": None}) | {"email": order["email"]}

    patch(orders, "present", present)


@mutant
def first_contact_stays() -> None:
    """An order keeps its first contact."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = INVOICES.find(session, call.body["id"])
        if known and known["contact_id"]:
            call = with_fields(call, contact_id=known["contact_id"])
        return original(call, session)

    handle("upsert_invoice", around)


@mutant
def items_are_appended() -> None:
    """An update adds its items to the existing ones."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = INVOICES.find(session, call.body["id"])
        existing = known["items"] if known else []
        given = [{name: value for name, value in item.items() if value is not None} for item in existing]
        return original(with_fields(call, items=[*given, *call.body["items"]]), session)

    handle("upsert_invoice", around)


@mutant
def item_ids_count_from_zero() -> None:
    """A line item's id is counted from 0."""
    patch(invoices, "stored_item", lambda order_id, place, item: stored_item(order_id, place - 1, item))


@mutant
def item_amounts_are_lost() -> None:
    """A line item's amount is that of the order."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        items = [item | {"amount": call.body["amount"]} for item in call.body["items"]]
        return original(with_fields(call, items=items), session)

    handle("upsert_invoice", around)


@mutant
def left_out_tax_is_zero() -> None:
    """An update without `tax` or `discount` sets them to 0."""
    handle("upsert_invoice", lambda original, call, session: original(with_defaults(call, tax=0, discount=0), session))


@mutant
def refund_is_lost() -> None:
    """`is_refunded` is never stored."""
    handle("upsert_invoice", lambda original, call, session: original(without(call, "is_refunded"), session))


@mutant
def quantity_defaults_to_nothing() -> None:
    """A subscription without a quantity has 0."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = SUBSCRIPTIONS.find(session, call.body["id"])
        return original(call if known else with_defaults(call, quantity=0), session)

    handle("upsert_subscription", around)


@mutant
def subscription_makes_an_order() -> None:
    """A subscription creates an order with its id."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        body = call.body
        order = {"id": body["id"], "amount": body["amount"], "paid": 0, "date_created": body["start_date"], "items": []}
        INVOICES.put(session, INVOICES.find(session, body["id"]), order)
        return original(call, session)

    handle("upsert_subscription", around)


@mutant
def product_keeps_its_name() -> None:
    """A known product keeps its first name."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = PRODUCTS.find(session, call.body["id"])
        return Answer.success(product=PRODUCTS.present(known)) if known else original(call, session)

    handle("upsert_product", around)


# Ads.


@mutant
def figures_are_added() -> None:
    """The same ad and day again adds to its figures."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        ad = call.body["ad"]
        if not isinstance(ad, list):
            known = FIGURES.find(session, ad["id"] if isinstance(ad, dict) else ad, call.body["date"])
            call = with_fields(call, spend=call.body["spend"] + (known["spend"] if known else 0))
        return original(call, session)

    handle("record_ad_performance", around)


@mutant
def left_out_clicks_are_zero() -> None:
    """Figures that are left out are set to 0."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        return original(with_defaults(call, clicks=0, impressions=0), session)

    handle("record_ad_performance", around)


@mutant
def first_ad_of_a_list_alone() -> None:
    """Only the first ad of a list is recorded."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        ad = call.body["ad"]
        return original(with_fields(call, ad=ad[:1]) if isinstance(ad, list) else call, session)

    handle("record_ad_performance", around)


@mutant
def bare_ad_id_is_refused() -> None:
    """An ad cannot be given by its id alone."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        if isinstance(call.body["ad"], str):
            raise ApiError(400, "this ad is unknown")
        return original(call, session)

    handle("record_ad_performance", around)


# What no call shows: SURVIVORS says why.


@mutant
def products_are_not_created() -> None:
    """An order's unknown product is not created."""
    patch(orders, "ensure_product", lambda *_: None)


@mutant
def rekeyed_orders_stay_behind() -> None:
    """The orders of a contact that gets a new id stay with the old one."""
    patch(orders, "reassign", lambda *_: None)
