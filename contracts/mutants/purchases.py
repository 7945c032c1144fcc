"""Mutants of orders, subscriptions, products and ads."""

from contracts.mutants.patches import handle, mutant, patch, with_defaults, with_fields, without
from mock_server.errors import ApiError
from mock_server.operations import invoices, purchases
from mock_server.operations.invoices import stored_item
from mock_server.operations.table import Handler
from mock_server.spec import Answer, Call
from mock_server.store import contacts, orders
from mock_server.store.ads import FIGURES
from mock_server.store.contacts import find
from mock_server.store.orders import INVOICES, PRODUCTS, SUBSCRIPTIONS
from mock_server.store.rows import Row
from mock_server.store.session import Session

# Orders, subscriptions, products.


@mutant
def unknown_contact_is_taken() -> None:
    """An order for a contact that does not exist is accepted."""

    original = contacts.find_anywhere

    def find_anywhere(session: Session, contact_id: str | None, email: str | None) -> Row | None:
        made_up = {"contact_id": contact_id, "integration_id": session.scope["integration_id"]}
        return original(session, contact_id, email) or (made_up if contact_id else None)

    patch(purchases, "find_anywhere", find_anywhere)


@mutant
def contacts_of_other_integrations_are_unknown() -> None:
    """An order's contact must be of its own integration."""
    patch(
        purchases,
        "find_anywhere",
        lambda session, contact_id, email: find(session, contact_id, None if contact_id else email),
    )


@mutant
def orders_do_not_join_by_email() -> None:
    """An order given by email stays without a contact."""
    original = contacts.find_anywhere
    patch(
        purchases,
        "find_anywhere",
        lambda session, contact_id, email: original(session, contact_id, None) if contact_id else None,
    )
    patch(orders, "join", lambda *_: None)


@mutant
def joined_orders_are_matched_anew() -> None:
    """An order by email belongs to whoever has the email when it is sent again."""
    original = purchases.buyer_columns
    patch(purchases, "buyer_columns", lambda call, session, _: original(call, session, None))


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


@mutant
def new_orders_are_refunded() -> None:
    """An order without `is_refunded` is refunded."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = INVOICES.find(session, call.body["id"])
        return original(call if known else with_defaults(call, is_refunded=True), session)

    handle("upsert_invoice", around)


@mutant
def ads_need_a_name() -> None:
    """An ad's object without a name is refused."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        if isinstance(call.body["ad"], dict) and "name" not in call.body["ad"]:
            raise ApiError(400, "missing 'ad/name' field ")
        return original(call, session)

    handle("record_ad_performance", around)
