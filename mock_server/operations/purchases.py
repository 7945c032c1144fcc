"""What orders and subscriptions have in common: whose they are, and how they are deleted."""

from collections.abc import Iterator
from typing import Any

from mock_server.errors import ApiError
from mock_server.findings import Finding
from mock_server.operations.warnings import Doubt, not_found
from mock_server.spec import Answer, Call
from mock_server.store.contacts import CONTACTS, email_key
from mock_server.store.rows import Rows
from mock_server.store.session import Session


def buyer_columns(call: Call, session: Session) -> dict[str, str | None]:
    """Return the columns `contact_id` and `email` of a purchase, as the call gives them.

    An email need not belong to a contact yet: the purchase joins one as soon as it does.
    Raises ApiError 400 when `contact_id` is unknown (assumed: the status is not documented).
    Source: developer reference, Orders and Subscriptions.
    """
    contact_id, email = call.body.get("contact_id"), call.body.get("email")
    if contact_id is not None and CONTACTS.find(session, contact_id) is None:
        finding = Finding.of("unknown-contact", "/body/contact_id", "documented", contact_id=contact_id)
        raise ApiError.violation(400, finding)
    return {"contact_id": contact_id, "email": email, "email_key": None if email is None else email_key(email)}


def delete_purchase(call: Call, session: Session, rows: Rows, kind: str) -> Answer:
    """Delete the row of INVOICES or SUBSCRIPTIONS that the path names.

    Raises ApiError 404 when it is unknown (assumed: the status is not documented).
    """
    id = call.path["id"]
    purchase = rows.find(session, id)
    if purchase is None:
        raise not_found("/path/id", kind, id)
    rows.delete(session, [purchase])
    return Answer.deleted(kind, id)


def unmatched_email(call: Call, answered: dict[str, Any]) -> Iterator[Doubt]:
    """Judge whether a purchase has a contact; `answered`: the purchase as the answer shows it."""
    if answered["contact_id"] is None:
        yield Doubt("/body/email", "documented", {"email": call.body["email"]})
