"""Subscriptions: add or update, delete."""

from mock_server.handlers.purchases import buyer_of, delete_purchase
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.database import Session
from mock_server.store.orders import SUBSCRIPTIONS


def upsert_subscription(call: Call, session: Session) -> Answer:
    """Add the subscription, or update the one with that id. It makes no order.

    `amount`: whole cents. Raises ApiError 400 when `contact_id` is unknown.
    Source: developer reference, Subscriptions.
    """
    body = call.body
    buyer = buyer_of(call, session)
    orders.learn_product(session, body["product_id"], body.get("name"))
    stored = SUBSCRIPTIONS.put(session, SUBSCRIPTIONS.find(session, body["id"]), {**body, **buyer})
    return Answer.success(subscription=orders.present(session, SUBSCRIPTIONS, stored))


def delete_subscription(call: Call, session: Session) -> Answer:
    """Delete the subscription. Source: developer reference, Subscriptions."""
    return delete_purchase(call, session, SUBSCRIPTIONS, "subscription")
