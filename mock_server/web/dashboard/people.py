"""The contacts of a sandbox: a list to search, and each with all that is known of it."""

from typing import Any

from starlette.exceptions import HTTPException

from mock_server.store import contacts as stored
from mock_server.store import tags
from mock_server.store.contacts import CONTACTS
from mock_server.store.orders import INVOICES, SUBSCRIPTIONS
from mock_server.store.rows import Row
from mock_server.store.session import Session
from mock_server.web.dashboard import queries
from mock_server.web.dashboard.visit import PAGE, View, Visit

_EVENTS = 200
_APART = {"contact_id", "email", "first_name", "last_name", "status", "tags", "custom_fields"}


def contacts(visit: Visit) -> View:
    search = visit.text("search")
    if search:
        found, more = queries.search(visit.session, search, before=visit.before, limit=PAGE)
    else:
        found, more = queries.latest(visit.session, CONTACTS, before=visit.before, limit=PAGE)
    return View(
        "contacts.html.j2",
        "Contacts",
        {
            "rows": [row | {"name": name_of(row), "tags": tags.present(visit.session, row["tags"])} for row in found],
            "next": more,
            "search": search,
            "searched": queries.SEARCHED_CONTACTS,
            "total": queries.count(visit.session, CONTACTS),
        },
    )


def contact(visit: Visit) -> View:
    number: int = visit.request.path_params["number"]
    row = queries.get(visit.session, CONTACTS, number)
    if row is None:
        raise HTTPException(404, "This contact is not stored here, or no longer.")
    orders = queries.orders_of(visit.session, INVOICES, row, _EVENTS)
    subscriptions = queries.orders_of(visit.session, SUBSCRIPTIONS, row, _EVENTS)
    tagged = tags.present(visit.session, row["tags"])
    fields = CONTACTS.present(row)
    return View(
        "contact.html.j2",
        name_of(row),
        {
            "row": row,
            "name": name_of(row),
            "fields": {name: value for name, value in fields.items() if name not in _APART and value is not None},
            "tags": tagged,
            "orders": orders,
            "subscriptions": subscriptions,
            "paid": sum(order["paid"] for order in orders),
            "timeline": _timeline(row, tagged, orders, subscriptions),
        },
    )


def name_of(contact: Row) -> str:
    """What a person is called on the page: the name, else the email, else the id."""
    name = " ".join(part for part in (contact["first_name"], contact["last_name"]) if part)
    return name or contact["email"] or f"Contact {contact['contact_id']}"


def owner_of(session: Session, order: Row) -> dict[str, Any] | None:
    """`number` and `name` of the contact whose an order is."""
    within = session.scoped_to(order["generation"], order["integration_id"])
    found = stored.find(within, order["contact_id"], order["email"])
    return found and {"number": found["number"], "name": name_of(found)}


def _timeline(row: Row, tagged: list[dict[str, Any]], orders: list[Row], subscriptions: list[Row]) -> list[Any]:
    """`{at, kind, what, order?}`, newest first."""
    events: list[dict[str, Any]] = [
        {"at": tag["date"], "kind": "tag", "what": tag["name"] or tag["id"]} for tag in tagged
    ]
    events += [{"at": order["date_created"], "kind": "order", "what": order["id"], "order": order} for order in orders]
    for one in subscriptions:
        for name, kind in _TURNS.items():
            if one[name]:
                events.append({"at": one[name], "kind": kind, "what": one["name"] or one["id"], "subscription": one})
    events.append({"at": row["date_created"], "kind": "created", "what": "Contact created"})
    return sorted(events, key=lambda event: event["at"], reverse=True)[:_EVENTS]


# What the dates of a subscription mean.
_TURNS = {
    "start_date": "started",
    "trial_end_date": "trial ended",
    "last_bill_date": "last billed",
    "canceled_date": "cancelled",
    "end_date": "ends",
}
