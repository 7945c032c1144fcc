"""Checks that read back what was imported, where the server has the reading API."""

import json
from collections.abc import Iterator
from typing import Any

from contracts.checks import Assertion, Assertions, check, expect, label
from contracts.model import Row
from contracts.other_apis import Answer, ReadingApi
from contracts.run import Run, Step
from contracts.state_setup import create_purchase

_CORE = ("first_name", "last_name", "email", "status")
_DATES = ("date_created", "last_updated")


def _readings(step: Step, operation: str) -> Iterator[tuple[Run, ReadingApi]]:
    """Yield the run and its reading API, if it has one and the step is a successful one of the operation."""
    if step.run.reading and step.applied and step.operation.name == operation:
        yield step.run, step.run.reading


@check(
    "contact-under-data",
    "read-at-once",
    "read-empty-is-null",
    "custom-fields-merged",
    "read-custom-fields-as-texts",
    "read-last-updated",
)
def what_was_stored_is_read(step: Step) -> Assertions:
    """A stored contact is read as it was answered: names, dates, custom fields as texts."""
    for run, reading in _readings(step, "upsert_contact"):
        stored = _contact(step)
        if stored is None or not run.sampled("read", step.operation):
            return
        read = reading.contact(str(stored["contact_id"]))
        yield expect("read-at-once", "status of reading the contact", 200, read.status, of=read)
        if read.status != 200:
            return
        yield expect("contact-under-data", "what is not as documented", [], read.errors, of=read)
        yield expect(
            "contact-under-data", "contact_id", str(stored["contact_id"]), read.data.get("contact_id"), of=read
        )
        for name in _CORE:
            rule = "read-at-once" if name in stored else "read-empty-is-null"
            yield expect(rule, name, stored.get(name), read.data.get(name), of=read)
        for name in _DATES:
            said = "read-at-once" if name in stored else "read-last-updated"
            expected = stored.get(name, stored["date_created"])
            yield expect(said, name, expected, read.data.get(name), True, read)
        fields = read.data.get("custom_fields")
        yield expect(
            "custom-fields-merged",
            "names of the custom fields",
            sorted(stored["custom_fields"]),
            sorted(fields or ()),
            of=read,
        )
        for name, value in stored["custom_fields"].items():
            text = fields.get(name) if isinstance(fields, dict) else None
            held = isinstance(text, str) and (text == value if isinstance(value, str) else _loaded(text) == value)
            yield Assertion("read-custom-fields-as-texts", held, f"custom field {name}", value, text, read.request)


@check("extend-adds-lists", "read-other-lists-empty", "read-unknown-list-400", "read-parameters-as-form")
def extend_names_the_lists(step: Step) -> Assertions:
    """Each name in `extend` adds its list, and nothing else does."""
    for run, reading in _readings(step, "upsert_contact"):
        if not isinstance(step.result, dict) or not run.first("extend", step.operation, 2):
            return
        named, lists = str(step.result["contact_id"]), run.document.listed("read_contact", "extend")
        for wanted in ([], ["tags"], lists):
            read = reading.contact(named, *wanted)
            shown = sorted(read.data.keys() & set(lists))
            yield expect("extend-adds-lists", f"lists with extend={','.join(wanted)}", sorted(wanted), shown, of=read)
        empty = {name: read.data.get(name) for name in ("events", "lists", "companies")}
        yield expect("read-other-lists-empty", "lists", {name: [] for name in empty}, empty, of=read)
        sent_as_form = reading.contact(named, "tags", "orders", form=True)
        shown = sorted(sent_as_form.data.keys() & set(lists))
        yield expect("read-parameters-as-form", "lists", ["orders", "tags"], shown, of=sent_as_form)
        unknown = reading.contact(named, "tags", "nonsense")
        yield expect("read-unknown-list-400", "status of extend=tags,nonsense", 400, unknown.status, of=unknown)


@check("tags-replaced", "added-tags-join", "removed-tags-go")
def tags_are_read(step: Step) -> Assertions:
    """The tags of a contact are read as they were answered, with their dates."""
    rules = {"upsert_contact": "tags-replaced", "add_tags": "added-tags-join", "remove_tags": "removed-tags-go"}
    rule = rules.get(step.operation.name)
    for run, reading in _readings(step, step.operation.name) if rule else ():
        stored = _contact(step)
        if not stored or not stored["tags"] or not run.sampled("tags", step.operation):
            return
        contact_id, tagged = (
            str(stored["contact_id"]),
            [{"id": tag.id, "name": tag.name, "date": date} for tag, date in stored["tags"]],
        )
        read = reading.contact(contact_id, "tags")
        tags = read.data.get("tags") or []
        expected, actual = sorted(map(label, tagged)), sorted(_label(tag) for tag in tags)
        yield expect(str(rule), "tags that are read", expected, actual, of=read)
        dates = {tag["id"]: tag["date"] for tag in tagged}
        for tag in tags:
            yield expect("contact-under-data", "contact_id of a tag", contact_id, tag.get("contact_id"), of=read)
            if tag.get("tag_id") in dates:
                subject = f"date of tag {_label(tag)}"
                yield expect("read-at-once", subject, dates[tag["tag_id"]], tag.get("date_created"), True, read)


@check("rekeyed-orders-follow")
def orders_follow_a_new_id(step: Step) -> Assertions:
    """A contact that gets a new id keeps its orders and subscriptions."""
    for run, reading in _readings(step, "upsert_contact"):
        if not run.first("rekeyed orders", step.operation, 2):
            return
        old, new, email = f"{run.prefix}old-key", f"{run.prefix}new-key", f"{run.prefix}rekeyed@example.org"
        run.perform("upsert_contact", {"contact_id": old, "email": email})
        purchases = {f"{kind}s": create_purchase(run, kind, old) for kind in ("invoice", "subscription")}
        run.perform("upsert_contact", {"contact_id": new, "email": email})
        read = reading.contact(new, "orders", "subscriptions")
        actual = {"invoices": _ids(read, "orders", "order_id"), "subscriptions": _ids(read, "subscriptions", "id")}
        expected = {kind: [id] for kind, id in purchases.items()}
        yield expect("rekeyed-orders-follow", f"what {new} has, which was {old}", expected, actual, of=read)
        run.perform("delete_contact", path_id=new)


@check("invoice-joins-at-once", "subscription-joins-at-once")
def purchases_join_their_contact(step: Step) -> Assertions:
    """An order or subscription by email belongs to the contact with that email, once there is one."""
    for run, reading in _readings(step, "upsert_contact"):
        if not run.first("joins", step.operation):
            return
        contact_id, email = f"{run.prefix}joined", f"{run.prefix}joined@example.org"
        ids = {kind: create_purchase(run, kind, email=email) for kind in ("invoice", "subscription")}
        run.perform("upsert_contact", {"contact_id": contact_id, "email": email})
        read = reading.contact(contact_id, "orders", "subscriptions")
        for kind, name, key in (("invoice", "orders", "order_id"), ("subscription", "subscriptions", "id")):
            subject = f"{name} of a contact made after them"
            yield expect(f"{kind}-joins-at-once", subject, [ids[kind]], _ids(read, name, key), of=read)
        run.perform("delete_contact", path_id=contact_id)


@check("read-orders-as-imported", "read-items-as-imported")
def orders_are_read_as_imported(step: Step) -> Assertions:
    """An order is read with the amounts under which it was imported, and so are its items."""
    for run, reading in _readings(step, "upsert_invoice"):
        stored = run.model.stored["invoice"].get(step.body["id"], {})
        if not stored.get("contact_id") or not run.sampled("orders", step.operation):
            return
        read = reading.contact(str(stored["contact_id"]), "orders")
        orders = [one for one in read.data.get("orders") or [] if one.get("order_id") == stored["id"]]
        yield expect("read-at-once", f"orders {stored['id']} that are read", 1, len(orders), of=read)
        yield expect("contact-under-data", "what is not as documented", [], read.errors, of=read)
        for order in orders:
            for name, value in _order(stored).items():
                yield expect("read-orders-as-imported", name, value, order.get(name), of=read)
            items = order.get("line_items") or []
            shown = [{name: item.get(name) for name in _ITEM} for item in items]
            yield expect(
                "read-items-as-imported", "line_items", [_item(one, stored) for one in stored["items"]], shown, of=read
            )


@check("read-subscriptions-as-imported")
def subscriptions_are_read_as_imported(step: Step) -> Assertions:
    """A subscription is read with the fields under which it was imported."""
    for run, reading in _readings(step, "upsert_subscription"):
        stored = run.model.stored["subscription"].get(step.body["id"], {})
        if not stored.get("contact_id") or not run.sampled("orders", step.operation):
            return
        read = reading.contact(str(stored["contact_id"]), "subscriptions")
        found = [one for one in read.data.get("subscriptions") or [] if one.get("id") == stored["id"]]
        expected = {name: value for name, value in stored.items() if name != "key"}
        shown = {name: found[0].get(name) for name in expected} if found else None
        yield expect("read-subscriptions-as-imported", "subscription", expected, shown, of=read)


@check("read-unknown-contact-404", "read-error-message", always=True)
def deleted_is_read_no_more(step: Step) -> Assertions:
    """A deleted contact is read no more, by id or email, and what shared its email still is."""
    for run, reading in _readings(step, "delete_contact"):
        if not run.sampled("read deleted", step.operation):
            return
        for contact in step.outcome.before["contacts"]:
            read = reading.contact(str(contact["contact_id"]))
            expected = 200 if contact["contact_id"] in run.model.contacts else 404
            yield expect("read-unknown-contact-404", "status of reading it", expected, read.status, of=read)
            yield expect("read-error-message", "what is not as documented", [], read.errors, of=read)


@check("read-id-before-email", "read-account-wide")
def contact_is_found(step: Step) -> Assertions:
    """What the path names is an id first, then an email, of any integration of the account."""
    for run, reading in _readings(step, "upsert_contact"):
        if not run.first("looked for", step.operation):
            return
        both, other = f"{run.prefix}twin@example.org", f"{run.prefix}twin"
        run.perform("upsert_contact", {"contact_id": other, "email": both})
        run.perform("upsert_contact", {"contact_id": both})
        read = reading.contact(both)
        yield expect("read-id-before-email", f"contact_id read as {both}", both, read.data.get("contact_id"), of=read)
        run.perform("delete_contact", path_id=both)
        read = reading.contact(both)
        yield expect("read-id-before-email", f"contact_id read as {both}", other, read.data.get("contact_id"), of=read)
        run.perform("upsert_contact", {"contact_id": f"{other}-2"})
        run.perform("upsert_contact", {"contact_id": f"{other}-2", "email": both})
        read = reading.contact(both)
        yield expect("read-id-before-email", "the older of two", other, read.data.get("contact_id"), of=read)
        for contact_id in (other, f"{other}-2"):
            run.perform("delete_contact", path_id=contact_id)
        if run.ads_id:
            run.api.send("POST", "/contact", {"contact_id": other}, integration_id=run.ads_id)
            read = reading.contact(other)
            subject = "status of reading a contact of another integration"
            yield expect("read-account-wide", subject, 200, read.status, of=read)
            run.api.send("DELETE", f"/contact/{other}", integration_id=run.ads_id)


@check("read-key-401", "read-error-message")
def reading_needs_the_key(step: Step) -> Assertions:
    """A missing or wrong key is 401, and so is that of another account; the error is a `message`."""
    for run, reading in _readings(step, "upsert_contact"):
        if not isinstance(step.result, dict) or not run.first("reading key", step.operation):
            return
        keys = {"no key": "", "an unknown key": "no-such-key-0123456789"}
        if run.second_api:
            keys["another account's key"] = run.second_api.credentials.api_key
        for subject, key in keys.items():
            read = reading.contact(str(step.result["contact_id"]), api_key=key)
            yield expect("read-key-401", f"status of reading with {subject}", 401, read.status, of=read)
            yield expect("read-error-message", f"what is not as documented with {subject}", [], read.errors, of=read)


def _contact(step: Step) -> Row | None:
    """Return the contact of the step as it is now: other checks may have changed it since."""
    shown = step.result if isinstance(step.result, dict) else {}
    return step.run.model.contacts.get(shown.get("contact_id", ""))


def _order(stored: Row) -> Row:
    """Return an order that an import answered, in the words of the reading API."""
    return {
        "contact_id": stored["contact_id"],
        "is_paid": stored["paid"] >= stored["amount"],
        "is_refunded": stored["is_refunded"],
        "subtotal": sum(item["amount"] for item in stored["items"]),
        "total_tax": stored["tax"],
        "total_shipping": stored["shipping"],
        "total_discount": stored["discount"],
        "total": stored["amount"],
        "total_paid": stored["paid"],
    }


_ITEM = (
    "order_id", "order_item_id", "product_id", "subscription_id", "product_name", "order_type", "is_paid",
    "is_refunded", "amount", "total_paid", "total_due",
)  # fmt: skip


def _item(item: Row, order: Row) -> Row:
    """Return an item that an import answered, likewise."""
    paid = item.get("total_paid", item["amount"] if order["paid"] >= order["amount"] else 0)
    return {
        "order_id": order["id"],
        "order_item_id": item["id"],
        "product_id": item["product_id"],
        "subscription_id": item.get("subscription_id"),
        "product_name": item["name"],
        "order_type": "product",
        "is_paid": paid >= item["amount"],
        "is_refunded": item.get("is_refunded", order["is_refunded"]),
        "amount": item["amount"],
        "total_paid": paid,
        "total_due": item["amount"],
    }


def _label(tag: Row) -> str:
    return f"{tag.get('tag_id')}={tag.get('name')}"


def _ids(read: Answer, name: str, key: str) -> list[Any]:
    return [one.get(key) for one in read.data.get(name) or []]


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
