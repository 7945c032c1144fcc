"""Orders: add or update, delete."""

from collections.abc import Iterator
from typing import Any

from mock_server.operations import purchases
from mock_server.operations.warnings import Doubt, duplicate_ids
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.orders import INVOICES
from mock_server.store.session import Session

_BLANK_ITEM = dict.fromkeys(("id", "name", "product_id", "amount", "subscription_id", "total_paid", "is_refunded"))


def upsert_invoice(call: Call, session: Session) -> Answer:
    """Add the invoice, or update the one with that id; its items are replaced.

    Amounts are whole cents. Raises ApiError 400 when `contact_id` is unknown.
    Source: developer reference, Orders.
    """
    body = call.body
    before = INVOICES.find(session, body["id"])
    buyer = purchases.buyer_columns(call, session, before)
    items = [stored_item(body["id"], place, item) for place, item in enumerate(body["items"], start=1)]
    for item in items:
        orders.ensure_product(session, item["product_id"], item["name"])
    stored = INVOICES.put(session, before, {**body, **buyer, "items": items})
    return Answer.success(invoice=INVOICES.present(stored))


def delete_invoice(call: Call, session: Session) -> Answer:
    """Delete the invoice with its items. Source: developer reference, Orders."""
    return purchases.delete_purchase(call, session, INVOICES, "invoice")


def unmatched_email(call: Call, answer: Answer, _: Session) -> Iterator[Doubt]:
    return purchases.unmatched_email(call, answer.body["invoice"])


def duplicate_item_ids(_: Call, answer: Answer, __: Session) -> Iterator[Doubt]:
    return duplicate_ids("items", [item["id"] for item in answer.body["invoice"]["items"]])


def items_amount_mismatch(call: Call, _: Answer, __: Session) -> Iterator[Doubt]:
    body = call.body
    items = sum(item["amount"] for item in body["items"])
    extra, discount = body.get("tax", 0) + body.get("shipping", 0), body.get("discount", 0)
    if body["amount"] not in {items, items - discount, items + extra, items + extra - discount}:
        yield Doubt("/body/amount", "assumed", {"items": items, "amount": body["amount"]})


def paid_exceeds_amount(call: Call, _: Answer, __: Session) -> Iterator[Doubt]:
    paid, amount = call.body["paid"], call.body["amount"]
    if paid > max(amount, 0):
        yield Doubt("/body/paid", "assumed", {"paid": paid, "amount": amount})


def stored_item(order_id: str, place: int, item: dict[str, Any]) -> dict[str, Any]:
    """`place`: of the item in its order, from 1."""
    return _BLANK_ITEM | {"id": f"{order_id}-{place}"} | item
