"""Rewrite a valid generated case so that it names what exists, is shared or was deleted, and create what it needs.

Some cases are left as they are, to be refused as the model expects.
"""

from collections.abc import Callable, Iterable
from typing import Any

from contracts.document import Operation
from contracts.model import Row
from contracts.run import Run

Rewrite = Callable[[Run, Row], Row]


def rewrite_case(run: Run, operation: Operation, body: Row) -> Row:
    """Return the body of a valid POST, its ids and emails replaced by some of what this run has created."""
    rewrite = _REWRITES.get(operation.name)
    return rewrite(run, dict(body)) if rewrite else body


def choose_path_id(run: Run, operation: Operation, generated: str) -> str:
    """Return what a DELETE names: mostly something that exists, in one case of five what was generated."""
    if run.random.random() < 0.2:
        return generated
    if operation.resource != "contact":
        if not run.model.stored[operation.resource]:
            create_purchase(run, operation.resource)
        return str(_choose(run, run.model.stored[operation.resource]) or generated)
    contact_id = _existing_contact(run)
    contact = run.model.contacts.get(contact_id, {})
    if run.random.random() < 0.5:
        create_purchase(run, run.random.choice(("invoice", "subscription")), contact_id)
    if run.random.random() < 0.4 and contact.get("email"):
        if run.random.random() < 0.5 and len(run.model.with_email(contact["email"])) < 2:
            run.perform("upsert_contact", {"contact_id": f"{contact_id}'"[:255]})
            run.perform("upsert_contact", {"contact_id": f"{contact_id}'"[:255], "email": contact["email"]})
        return str(contact["email"])
    return contact_id


def _rewrite_contact(run: Run, body: Row) -> Row:
    """Make it new, known by id, by email or by both, re-keyed, or share its email."""
    chance = run.random.random()
    if "contact_id" in body and chance < 0.45:
        body["contact_id"] = _existing_contact(run)
    if "email" in body and 0.3 < chance < 0.8 and (email := _existing_email(run)):
        body["email"] = email
    if "tags" in body and chance < 0.7:
        body["tags"] = _existing_tags(run, body) + body["tags"]
    if "custom_fields" in body and run.random.random() < 0.5:
        existing = run.model.find(body.get("contact_id"), body.get("email")) or {}
        if name := _choose(run, existing.get("custom_fields", {})):
            body["custom_fields"] = body["custom_fields"] | {name: run.random.choice((None, "again", 7))}
    return body


def _rewrite_tags(run: Run, body: Row) -> Row:
    """Name an existing contact in nine cases of ten, and mix in tags that it has."""
    if run.random.random() < 0.9:
        if "contact_id" in body:
            body["contact_id"] = _existing_contact(run)
        elif email := _existing_email(run):
            body["email"] = email
        else:
            run.perform("upsert_contact", {"email": body["email"]})
    if run.random.random() < 0.7:
        body["tags"] = _existing_tags(run, body) + body["tags"]
    return body


def _rewrite_purchase(kind: str) -> Rewrite:
    def rewrite(run: Run, body: Row) -> Row:
        """Name an existing contact in nine cases of ten, an existing id in half of them."""
        if "contact_id" in body and run.random.random() < 0.9:
            body["contact_id"] = _existing_contact(run)
        if "email" in body and run.random.random() < 0.4:
            body["email"] = _existing_email(run) or body["email"]
        if run.random.random() < 0.5:
            body["id"] = _choose(run, run.model.stored[kind]) or body["id"]
        return body

    return rewrite


def _rewrite_product(run: Run, body: Row) -> Row:
    if run.random.random() < 0.5:
        body["id"] = _choose(run, run.model.stored["product"]) or body["id"]
    return body


def _rewrite_figures(run: Run, body: Row) -> Row:
    if run.random.random() < 0.5 and (known := _choose(run, run.model.figures)):
        ad, body["date"] = known
        body["ad"] = [ad, *body["ad"]] if isinstance(body["ad"], list) else ad
    return body


_REWRITES: dict[str, Rewrite] = {
    "upsert_contact": _rewrite_contact,
    "add_tags": _rewrite_tags,
    "remove_tags": _rewrite_tags,
    "upsert_invoice": _rewrite_purchase("invoice"),
    "upsert_subscription": _rewrite_purchase("subscription"),
    "upsert_product": _rewrite_product,
    "record_ad_performance": _rewrite_figures,
}


def _existing_contact(run: Run) -> str:
    """Return the id of a contact that exists; create one where there is none."""
    own = filter(run.names.is_own, run.model.contacts)
    if (contact_id := _choose(run, own)) is None:
        contact_id = f"{run.prefix}first"
        run.perform("upsert_contact", {"contact_id": contact_id, "email": f"{contact_id}@example.org"})
    return str(contact_id)


def _existing_email(run: Run) -> str | None:
    """Return the email of a contact that exists, preferably one that several share."""
    emails = [contact["email"] for contact in run.model.contacts.values() if contact["key"]]
    shared = [email for email in emails if len(run.model.with_email(email)) > 1] if len(emails) < 200 else []
    candidates = shared if shared and run.random.random() < 0.5 else emails
    return str(run.random.choice(candidates)) if candidates else None


def _existing_tags(run: Run, body: Row) -> list[Any]:
    """Return up to two tags that the contact has, each in one of the three forms."""
    contact = run.model.find(body.get("contact_id"), body.get("email")) or {}
    known = [tag for tag, _ in contact.get("tags", ()) if tag.id]
    chosen = run.random.sample(known, min(len(known), 2))
    return [run.random.choice(({"id": tag.id}, tag.id, tag.name or {"id": tag.id})) for tag in chosen]


def create_purchase(run: Run, kind: str, contact_id: str | None = None, *, email: str = "") -> str:
    """Create an order or subscription of the contact, or by an email alone, and return its id."""
    id = f"{run.prefix}{kind}-{len(run.model.stored[kind])}"
    buyer = {"email": email} if email else {"contact_id": contact_id or _existing_contact(run)}
    body: Row = {"id": id, **buyer, "amount": 100, "product_id": f"{run.prefix}p"}
    if kind == "invoice":
        item = {"name": "p", "product_id": body.pop("product_id"), "amount": 100}
        run.perform("upsert_invoice", body | {"paid": 0, "date_created": "2020-01-01", "items": [item]})
    else:
        dates = {"start_date": "2020-01-01", "last_bill_date": "2020-01-01"}
        run.perform("upsert_subscription", body | dates | {"billing_cycle": "month", "frequency": 1})
    return id


def _choose(run: Run, keys: Iterable[Any]) -> Any:
    """Return one of the last keys, or None."""
    found = list(keys)[-30:]
    return run.random.choice(found) if found else None
