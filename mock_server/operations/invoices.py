"""Orders: add or update, delete."""

from typing import Any

from mock_server.operations import purchases
from mock_server.operations.warnings import Doubt
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.orders import INVOICES
from mock_server.store.session import Session

_BLANK_ITEM = dict.fromkeys(("id", "name", "product_id", "amount", "subscription_id", "total_paid"))


def upsert_invoice(call: Call, session: Session) -> Answer:
    """Add the invoice, or update the one with that id; its items are replaced.

    Amounts are whole cents. Raises ApiError 400 when `contact_id` is unknown.
    Source: developer reference, Orders.
    """
    body = call.body
    buyer = purchases.buyer_columns(call, session)
    items = [stored_item(body["id"], place, item) for place, item in enumerate(body["items"], start=1)]
    for item in items:
        orders.ensure_product(session, item["product_id"], item["name"])
    stored = INVOICES.put(session, INVOICES.find(session, body["id"]), {**body, **buyer, "items": items})
    return Answer.success(invoice=orders.present(session, INVOICES, stored))


def delete_invoice(call: Call, session: Session) -> Answer:
    """Delete the invoice with its items. Source: developer reference, Orders."""
    return purchases.delete_purchase(call, session, INVOICES, "invoice")


def unmatched_email(call: Call, answer: Answer, _: Session) -> Doubt | None:
    return purchases.unmatched_email(call, answer.body["invoice"])


def items_amount_mismatch(call: Call, _: Answer, __: Session) -> Doubt | None:
    body = call.body
    items = sum(item["amount"] for item in body["items"])
    extra, discount = body.get("tax", 0) + body.get("shipping", 0), body.get("discount", 0)
    if body["amount"] in {items, items - discount, items + extra, items + extra - discount}:
        return None
    message = (
        f"the items add up to {items} cents, 'amount' is {body['amount']}, also with tax, shipping and discount"
        " in or out. Check the units and the items."
    )
    return Doubt("/body/amount", message, "assumed")


def paid_exceeds_amount(call: Call, _: Answer, __: Session) -> Doubt | None:
    if call.body["paid"] <= max(call.body["amount"], 0):
        return None
    message = f"'paid' is {call.body['paid']} cents, more than the 'amount' of {call.body['amount']}. Check both."
    return Doubt("/body/paid", message, "assumed")


def stored_item(order_id: str, place: int, item: dict[str, Any]) -> dict[str, Any]:
    """`place`: of the item in its order, from 1."""
    return _BLANK_ITEM | {"id": f"{order_id}-{place}"} | item
