"""Subscriptions: add or update, delete."""

from collections.abc import Iterator

from mock_server.operations import purchases
from mock_server.operations.warnings import Doubt
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.orders import SUBSCRIPTIONS
from mock_server.store.session import Session


def upsert_subscription(call: Call, session: Session) -> Answer:
    """Add the subscription, or update the one with that id. It makes no order.

    `amount`: whole cents. Raises ApiError 400 when `contact_id` is unknown.
    Source: developer reference, Subscriptions.
    """
    body = call.body
    before = SUBSCRIPTIONS.find(session, body["id"])
    buyer = purchases.buyer_columns(call, session, before)
    orders.ensure_product(session, body["product_id"], body.get("name"))
    stored = SUBSCRIPTIONS.put(session, before, {**body, **buyer})
    return Answer.success(subscription=SUBSCRIPTIONS.present(stored))


def delete_subscription(call: Call, session: Session) -> Answer:
    """Delete the subscription. Source: developer reference, Subscriptions."""
    return purchases.delete_purchase(call, session, SUBSCRIPTIONS, "subscription")


def unmatched_email(call: Call, answer: Answer, _: Session) -> Iterator[Doubt]:
    return purchases.unmatched_email(call, answer.body["subscription"])
