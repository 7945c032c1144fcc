"""Reading: a contact of the account, with what it has."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from mock_server.operations.warnings import not_found
from mock_server.spec import Answer, Call
from mock_server.store import contacts, orders, tags
from mock_server.store.orders import INVOICES, SUBSCRIPTIONS
from mock_server.store.rows import Row
from mock_server.store.session import Session

# Orders in an answer, and as many subscriptions.
_MOST_PURCHASES = 1000

# What a list of `extend` holds of a contact. The session is scoped to the contact's integration.
_Extension = Callable[[Row, Session], list[dict[str, Any]]]


def read_contact(call: Call, session: Session) -> Answer:
    """Answer the contact with that id, or else the oldest one with that email, of all integrations.

    Raises ApiError 404 when there is none. Source: developer reference, Reporting, Contacts.
    """
    named = call.path["contact_id_or_email"]
    found = contacts.find_anywhere(session, named, None) or contacts.find_anywhere(session, None, named)
    if found is None:
        raise not_found("/path/contact_id_or_email", "contact", named, where="account", evidence="client")
    own = session.scoped_to(session.scope["generation"], found["integration_id"])
    lists = {name: EXTENSIONS[name](found, own) for name in dict.fromkeys(call.query.get("extend", ()))}
    return Answer(200, {"data": {**_core(found), **lists}})


def _core(contact: Row) -> dict[str, Any]:
    shown = {name: contact[name] for name in ("contact_id", "first_name", "last_name", "email", "status")}
    return shown | {
        "date_created": to_the_second(contact["date_created"]),
        "last_updated": to_the_second(contact["last_updated"] or contact["date_created"]),
        "custom_fields": {name: as_text(value) for name, value in contact["custom_fields"].items()},
    }


def _tags(contact: Row, session: Session) -> list[dict[str, Any]]:
    return [
        {
            "tag_id": tag["id"],
            "name": tag["name"],
            "contact_id": contact["contact_id"],
            "date_created": to_the_second(tag["date"]),
        }
        for tag in tags.present(session, contact["tags"])
    ]


def _orders(contact: Row, session: Session) -> list[dict[str, Any]]:
    found = orders.of_contact(session, INVOICES, contact, _MOST_PURCHASES)
    return [order_as_read(row) for row in reversed(found)]


def _subscriptions(contact: Row, session: Session) -> list[dict[str, Any]]:
    found = orders.of_contact(session, SUBSCRIPTIONS, contact, _MOST_PURCHASES)
    return [SUBSCRIPTIONS.present(row) for row in reversed(found)]


def _nothing(_: Row, __: Session) -> list[dict[str, Any]]:
    return []


EXTENSIONS: Mapping[str, _Extension] = {
    "tags": _tags,
    "orders": _orders,
    "subscriptions": _subscriptions,
    # Nothing that is imported fills these.
    "events": _nothing,
    "lists": _nothing,
    "companies": _nothing,
}


def order_as_read(order: Row) -> dict[str, Any]:
    """Return a stored order in the words of the reading API; amounts are cents (assumed)."""
    is_paid = order["paid"] >= order["amount"]
    return {
        "order_id": order["id"],
        "contact_id": order["contact_id"],
        "is_paid": is_paid,
        "is_refunded": order["is_refunded"],
        "subtotal": sum(item["amount"] for item in order["items"]),
        "total_tax": order["tax"],
        "total_shipping": order["shipping"],
        "total_discount": order["discount"],
        "total": order["amount"],
        "total_paid": order["paid"],
        "date_created": to_the_second(order["date_created"]),
        "line_items": [_item_as_read(item, order, is_paid=is_paid) for item in order["items"]],
    }


def _item_as_read(item: Mapping[str, Any], order: Row, *, is_paid: bool) -> dict[str, Any]:
    date = to_the_second(order["date_created"])
    of_order = item["amount"] if is_paid else 0
    paid = of_order if item["total_paid"] is None else item["total_paid"]
    return {
        "contact_id": order["contact_id"],
        "order_item_id": item["id"],
        "product_id": item["product_id"],
        "order_id": order["id"],
        "subscription_id": item["subscription_id"],
        "product_name": item["name"],
        "order_type": "product",
        "is_paid": paid >= item["amount"],
        "is_refunded": order["is_refunded"] if item["is_refunded"] is None else item["is_refunded"],
        "amount": item["amount"],
        "total_paid": paid,
        "total_due": item["amount"],
        "date_created": date,
        "imported_at": date,
        "last_imported_at": date,
    }


def to_the_second(instant: str) -> str:
    """Return a stored instant without its fraction of a second."""
    return f"{instant[:19]}+00:00"


def as_text(value: Any) -> str:
    """Return the value of a custom field as the text that is read: itself, or its JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
