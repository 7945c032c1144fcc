"""What orders and subscriptions have in common: whose they are, and how they are deleted."""

from collections.abc import Iterator
from typing import Any

from mock_server.errors import ApiError
from mock_server.findings import Finding
from mock_server.operations.warnings import Doubt, not_found
from mock_server.spec import Answer, Call
from mock_server.store.contacts import email_key, find_anywhere
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session


def buyer_columns(call: Call, session: Session, before: Row | None) -> dict[str, str | None]:
    """Return the columns that say whose a purchase is; `before`: the purchase as it is stored, if it is.

    The contact is looked for in the whole account, the purchase's own integration first. An email need not belong to
    a contact yet: the purchase joins one as soon as it does, and stays with it when the contact's email changes.
    Raises ApiError 400 when `contact_id` is unknown (assumed: the status is not documented).
    Source: developer reference, Orders and Subscriptions.
    """
    contact_id, email = call.body.get("contact_id"), call.body.get("email")
    columns = {"email": email, "email_key": None if email is None else email_key(email)}
    if contact_id is None and before and before["contact_id"] and before["email_key"] == columns["email_key"]:
        return columns
    contact = find_anywhere(session, contact_id, email)
    if contact is None and contact_id is not None:
        finding = Finding.of("unknown-contact", "/body/contact_id", "documented", contact_id=contact_id)
        raise ApiError.violation(400, finding)
    return columns | {
        "contact_id": contact and contact["contact_id"],
        "contact_integration_id": contact and contact["integration_id"],
    }


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
    if "contact_id" not in answered:
        yield Doubt("/body/email", "documented", {"email": call.body["email"]})
