"""The contacts of a sandbox: a list with a search, and a page for each."""

from typing import Any, NotRequired, TypedDict

from starlette.exceptions import HTTPException

from mock_server.store import orders as stored_orders
from mock_server.store import tags
from mock_server.store.contacts import CONTACTS
from mock_server.store.orders import INVOICES, SUBSCRIPTIONS
from mock_server.store.rows import Row
from mock_server.store.session import Session
from mock_server.web.dashboard import queries
from mock_server.web.dashboard.page import PAGE_SIZE, Page, PageContext

_MAX_EVENTS = 200
_SHOWN_SEPARATELY = {"contact_id", "email", "first_name", "last_name", "status", "tags", "custom_fields"}
# The kind of event that each date of a subscription is.
_SUBSCRIPTION_EVENTS = {
    "start_date": "started",
    "trial_end_date": "trial ended",
    "last_bill_date": "last billed",
    "canceled_date": "cancelled",
    "end_date": "ends",
}


class Event(TypedDict):
    """An entry of a contact's timeline. `text`: what the entry is about."""

    at: str
    kind: str
    text: str
    order: NotRequired[Row]
    subscription: NotRequired[Row]


def contacts(context: PageContext) -> Page:
    """List contacts, newest first, or those that the parameter `search` finds."""
    search = context.text_param("search")
    if search:
        found, more = queries.search(context.session, search, before=context.before, limit=PAGE_SIZE)
    else:
        found, more = queries.latest(context.session, CONTACTS, before=context.before, limit=PAGE_SIZE)
    return Page(
        "contacts.html.j2",
        "Contacts",
        {
            "rows": [row | {"name": name_of(row), "tags": tags.present(context.session, row["tags"])} for row in found],
            "next": more,
            "search": search,
            "search_window": queries.SEARCH_WINDOW,
            "total": queries.count(context.session, CONTACTS),
        },
    )


def contact(context: PageContext) -> Page:
    """Show a contact with its orders, subscriptions and tags."""
    number: int = context.request.path_params["number"]
    row = queries.get(context.session, CONTACTS, number)
    if row is None:
        raise HTTPException(404, "This sandbox has no such contact, or no longer has it.")
    orders = stored_orders.of_contact(context.session, INVOICES, row, _MAX_EVENTS)
    subscriptions = stored_orders.of_contact(context.session, SUBSCRIPTIONS, row, _MAX_EVENTS)
    tagged = tags.present(context.session, row["tags"])
    fields = {
        name: value
        for name, value in CONTACTS.present(row).items()
        if name not in _SHOWN_SEPARATELY and value is not None
    }
    return Page(
        "contact.html.j2",
        name_of(row),
        {
            "row": row,
            "name": name_of(row),
            "fields": {
                name: value for name, value in fields.items() if name not in _SHOWN_SEPARATELY and value is not None
            },
            "tags": tagged,
            "orders": orders,
            "subscriptions": subscriptions,
            "paid": sum(order["paid"] for order in orders),
            "timeline": _timeline(row, tagged, orders, subscriptions),
        },
    )


def name_of(contact: Row) -> str:
    """Return what the pages call a contact: its name, else its email, else its id."""
    name = " ".join(part for part in (contact["first_name"], contact["last_name"]) if part)
    return name or contact["email"] or f"Contact {contact['contact_id']}"


def owner_of(session: Session, order: Row) -> dict[str, Any] | None:
    """Return `number` and `name` of the contact that an order belongs to."""
    if order["contact_id"] is None:
        return None
    scoped = session.scoped_to(order["generation"], order["contact_integration_id"])
    found = CONTACTS.find(scoped, order["contact_id"])
    return found and {"number": found["number"], "name": name_of(found)}


def _timeline(row: Row, tagged: list[dict[str, Any]], orders: list[Row], subscriptions: list[Row]) -> list[Event]:
    """Return the events of a contact, newest first."""
    events: list[Event] = [{"at": tag["date"], "kind": "tag", "text": tag["name"] or tag["id"]} for tag in tagged]
    events += [{"at": order["date_created"], "kind": "order", "text": order["id"], "order": order} for order in orders]
    for one in subscriptions:
        for name, kind in _SUBSCRIPTION_EVENTS.items():
            if one[name]:
                events.append({"at": one[name], "kind": kind, "text": one["name"] or one["id"], "subscription": one})
    events.append({"at": row["date_created"], "kind": "created", "text": "Contact created"})
    return sorted(events, key=lambda event: event["at"], reverse=True)[:_MAX_EVENTS]
