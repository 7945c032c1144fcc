"""Turns a valid generated call into a telling one: it names what is there, shared or gone, or what has to be there.

Some cases are left as they are, to be refused as predicted.
"""

from collections.abc import Callable, Iterable
from typing import Any

from contracts.document import Operation
from contracts.run import Run
from contracts.world import Row

Situation = Callable[[Run, Row], Row]


def arrange(run: Run, operation: Operation, body: Row) -> Row:
    """The body of a valid POST, its ids and emails carried over to what this run has made."""
    situation = _SITUATIONS.get(operation.name)
    return situation(run, dict(body)) if situation else body


def name_for_deletion(run: Run, operation: Operation, named: str) -> str:
    """What a DELETE shall name: mostly something that is there, in one case of five what was generated."""
    if run.dice.random() < 0.2:
        return named
    if operation.resource != "contact":
        if not run.world.stored[operation.resource]:
            _purchase(run, operation.resource)
        return str(_one(run, run.world.stored[operation.resource]) or named)
    contact_id = _contact(run)
    contact = run.world.contacts.get(contact_id, {})
    if run.dice.random() < 0.5:
        _purchase(run, run.dice.choice(("invoice", "subscription")), contact_id)
    if run.dice.random() < 0.4 and contact.get("email"):
        if run.dice.random() < 0.5 and len(run.world.with_email(contact["email"])) < 2:
            run.perform("upsert_contact", {"contact_id": f"{contact_id}'"[:255]})
            run.perform("upsert_contact", {"contact_id": f"{contact_id}'"[:255], "email": contact["email"]})
        return str(contact["email"])
    return contact_id


def _for_contact(run: Run, body: Row) -> Row:
    """New, known by id, by email, by both; re-keyed; an email that others have."""
    luck = run.dice.random()
    if "contact_id" in body and luck < 0.45:
        body["contact_id"] = _contact(run)
    if "email" in body and 0.3 < luck < 0.8 and (email := _email(run)):
        body["email"] = email
    if "tags" in body and luck < 0.7:
        body["tags"] = _some_tags(run, body) + body["tags"]
    if "custom_fields" in body and run.dice.random() < 0.5:
        there = run.world.find(body.get("contact_id"), body.get("email")) or {}
        if name := _one(run, there.get("custom_fields", {})):
            body["custom_fields"] = body["custom_fields"] | {name: run.dice.choice((None, "again", 7))}
    return body


def _for_tags(run: Run, body: Row) -> Row:
    """A contact that is there, in nine cases of ten; tags that it has among those that it has not."""
    if run.dice.random() < 0.9:
        if "contact_id" in body:
            body["contact_id"] = _contact(run)
        elif email := _email(run):
            body["email"] = email
        else:
            run.perform("upsert_contact", {"email": body["email"]})
    if run.dice.random() < 0.7:
        body["tags"] = _some_tags(run, body) + body["tags"]
    return body


def _for_purchase(kind: str) -> Situation:
    def arranged(run: Run, body: Row) -> Row:
        """A contact that is there, in nine cases of ten; an id that is there, in half of them."""
        if "contact_id" in body and run.dice.random() < 0.9:
            body["contact_id"] = _contact(run)
        if "email" in body and run.dice.random() < 0.4:
            body["email"] = _email(run) or body["email"]
        if run.dice.random() < 0.5:
            body["id"] = _one(run, run.world.stored[kind]) or body["id"]
        return body

    return arranged


def _for_product(run: Run, body: Row) -> Row:
    if run.dice.random() < 0.5:
        body["id"] = _one(run, run.world.stored["product"]) or body["id"]
    return body


def _for_figures(run: Run, body: Row) -> Row:
    if run.dice.random() < 0.5 and (known := _one(run, run.world.figures)):
        ad, body["date"] = known
        body["ad"] = [ad, *body["ad"]] if isinstance(body["ad"], list) else ad
    return body


_SITUATIONS: dict[str, Situation] = {
    "upsert_contact": _for_contact,
    "add_tags": _for_tags,
    "remove_tags": _for_tags,
    "upsert_invoice": _for_purchase("invoice"),
    "upsert_subscription": _for_purchase("subscription"),
    "upsert_product": _for_product,
    "record_ad_performance": _for_figures,
}


def _contact(run: Run) -> str:
    """The id of a contact that is there."""
    own = filter(run.names.is_own, run.world.contacts)
    if (contact_id := _one(run, own)) is None:
        contact_id = f"{run.prefix}first"
        run.perform("upsert_contact", {"contact_id": contact_id, "email": f"{contact_id}@example.org"})
    return str(contact_id)


def _email(run: Run) -> str | None:
    """The email of a contact that is there, rather one that several share."""
    emails = [one["email"] for one in run.world.contacts.values() if one["key"]]
    shared = [email for email in emails if len(run.world.with_email(email)) > 1] if len(emails) < 200 else []
    chosen = shared if shared and run.dice.random() < 0.5 else emails
    return str(run.dice.choice(chosen)) if chosen else None


def _some_tags(run: Run, body: Row) -> list[Any]:
    """Up to two tags that the contact has, in one of the three forms."""
    contact = run.world.find(body.get("contact_id"), body.get("email")) or {}
    there = [tag for tag, _ in contact.get("tags", ()) if tag.id]
    chosen = run.dice.sample(there, min(len(there), 2))
    return [run.dice.choice(({"id": tag.id}, tag.id, tag.name or {"id": tag.id})) for tag in chosen]


def _purchase(run: Run, kind: str, contact_id: str | None = None) -> None:
    """An order or subscription of the contact."""
    id = f"{run.prefix}{kind}-{len(run.world.stored[kind])}"
    body: Row = {"id": id, "contact_id": contact_id or _contact(run), "amount": 100, "product_id": f"{run.prefix}p"}
    if kind == "invoice":
        item = {"name": "p", "product_id": body.pop("product_id"), "amount": 100}
        run.perform("upsert_invoice", body | {"paid": 0, "date_created": "2020-01-01", "items": [item]})
    else:
        dates = {"start_date": "2020-01-01", "last_bill_date": "2020-01-01"}
        run.perform("upsert_subscription", body | dates | {"billing_cycle": "month", "frequency": 1})


def _one(run: Run, keys: Iterable[Any]) -> Any:
    """One of the last keys, or None."""
    found = list(keys)[-30:]
    return run.dice.choice(found) if found else None
