"""What orders and subscriptions have in common: whose they are, and how they go."""

from mock_server.errors import ApiError
from mock_server.spec import Answer, Call
from mock_server.store.contacts import CONTACTS
from mock_server.store.database import Session
from mock_server.store.rows import Rows


def buyer_of(call: Call, session: Session) -> dict[str, str | None]:
    """The columns `contact_id` and `email` of a purchase, as the call gives them.

    An email need not belong to a contact yet: the purchase joins one as soon as it does.
    Raises ApiError 400 when `contact_id` is unknown (assumed: the status is not documented).
    Source: developer reference, Orders and Subscriptions.
    """
    contact_id = call.body.get("contact_id")
    if contact_id is not None and CONTACTS.find(session, contact_id) is None:
        raise ApiError.violation(
            400,
            "unknown-contact",
            "/body/contact_id",
            f"'contact_id' is '{contact_id}', which this integration does not know."
            " Add the contact first, or send its email.",
            evidence="documented",
        )
    return {"contact_id": contact_id, "email": call.body.get("email")}


def delete_purchase(call: Call, session: Session, rows: Rows, kind: str) -> Answer:
    """Delete the row of INVOICES or SUBSCRIPTIONS that the path names.

    Raises ApiError 404 when it is unknown (assumed: the status is not documented).
    """
    id = call.path["id"]
    purchase = rows.find(session, id)
    if purchase is None:
        raise ApiError(404, f"there is no {kind} '{id}' in this integration")
    rows.delete(session, [purchase])
    return Answer.deleted(kind, id)
