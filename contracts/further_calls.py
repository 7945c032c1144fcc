"""The laws that further calls show."""

from typing import Any

from contracts.laws import INSTANTS, Claims, claim, foreseen, id_of, law, stored, tags_of
from contracts.run import Step
from contracts.world import Row

_AGAIN = {
    "upsert_contact": "kept-tag-keeps-date", "add_tags": "tag-added-twice-is-one",
    "remove_tags": "absent-tag-is-no-error", "upsert_invoice": "invoice-updated",
    "upsert_subscription": "subscription-updated", "upsert_product": "product-updated",
    "record_ad_performance": "ad-figures-updated",
}  # fmt: skip


@law(*_AGAIN.values(), "ids-are-strings")
def same_call_again_converges(step: Step) -> Claims:
    """The same call again, its ids as strings, is answered with the same object."""
    run, operation = step.run, step.operation
    if not step.done or operation.body is None or operation.name not in _AGAIN or not run.often("again", operation):
        return
    texts = run.document.visit(operation.body, step.sent, _as_text)
    again = run.perform(operation.name, texts)
    rule = "ids-are-strings" if texts != step.sent else _AGAIN[operation.name]
    yield claim(rule, "status of the same call again", 200, again.status)
    if not again.done or again.shown is None:
        return
    if isinstance(again.shown, dict) and "tags" in again.shown:
        yield from tags_of(again, rule, rule)
    for expected, shown in zip(_many(again.outcome.expected), _many(again.shown), strict=False):
        for name in expected.keys() & shown.keys() - {"tags", "items", "last_updated"}:
            yield claim(rule, f"{name} after the same call again", expected[name], shown[name], name in INSTANTS)


@law("subscription-creates-no-order")
def subscription_creates_no_order(step: Step) -> Claims:
    """A subscription creates no order: there is no invoice with its id."""
    made = step.done and step.operation.name == "upsert_subscription"
    if made and step.body["id"] not in step.run.world.stored["invoice"] and step.run.often("no order", step.operation):
        order = step.run.perform("delete_invoice", named=step.body["id"])
        yield claim("subscription-creates-no-order", "DELETE of an invoice with its id", 404, order.status)


@law("oldest-of-shared-email", "id-before-email")
def oldest_contact_of_a_shared_email_is_taken(step: Step) -> Claims:
    """Where several contacts share the email, the oldest is taken; an id goes before it."""
    run = step.run
    if step.done and step.operation.name == "upsert_contact" and run.once("oldest", step.operation, 2):
        older, younger = f"{run.prefix}older", f"{run.prefix}younger"
        email = f"{run.prefix}shared@example.org"
        for body in ({"contact_id": older}, {"contact_id": younger}, {"contact_id": younger, "email": email}):
            run.perform("upsert_contact", body)
        moved = run.perform("upsert_contact", {"contact_id": older, "email": email})
        yield claim("id-before-email", f"contact_id, given {older} and the email of {younger}", older, id_of(moved))
        taken = run.perform("upsert_contact", {"email": email})
        yield claim("oldest-of-shared-email", "contact_id, given the email of both", older, id_of(taken))


@law("contact-rekeyed")
def rekeyed_contact_has_left_its_old_id(step: Step) -> Claims:
    """A contact that got a new id is not found under the old one."""
    before = str(step.outcome.before.get("contact_id", ""))
    rekeyed = stored(step) and step.operation.name == "upsert_contact" and step.outcome.how == "email"
    if rekeyed and step.body.get("contact_id", before) != before:
        again = step.run.perform("delete_contact", named=before)
        yield claim("contact-rekeyed", f"DELETE of the old id {before}", foreseen(again), again.status)


@law("emails-ignore-case")
def email_is_compared_without_case(step: Step) -> Claims:
    """An email in other letters is the same contact."""
    if step.done and step.operation.name == "upsert_contact" and "email" in step.body:
        other = "".join(letter.swapcase() if letter.isascii() else letter for letter in step.body["email"])
        known = step.run.world.find(None, step.body["email"])
        if known and other != step.body["email"] and step.run.often("case", step.operation):
            again = step.run.perform("upsert_contact", {"email": other})
            yield claim("emails-ignore-case", "contact_id", known["contact_id"], id_of(again))


@law("ad-day-in-utc")
def day_is_that_in_utc(step: Step) -> Claims:
    """Figures belong to the day that their date has in UTC."""
    run = step.run
    if step.done and step.operation.name == "record_ad_performance" and run.once("day", step.operation):
        for date, day in (("2020-01-01T23:30:00-01:00", "2020-01-02"), ("2020-01-01 00:30:00+0100", "2019-12-31")):
            figures = run.perform("record_ad_performance", {"ad": f"{run.prefix}ad", "spend": 1, "date": date})
            shown = figures.shown if isinstance(figures.shown, dict) else {}
            yield claim("ad-day-in-utc", f"date of figures of {date}", day, shown.get("date"))


@law("empty-status-says-nothing", "left-out-stays")
def status_stays_until_another_is_given(step: Step) -> Claims:
    """An inactive contact stays inactive when an update says nothing of it, or "" or null."""
    run = step.run
    if step.done and step.operation.name == "upsert_contact" and run.once("status", step.operation):
        contact = {"contact_id": f"{run.prefix}inactive"}
        run.perform("upsert_contact", contact | {"status": "inactive"})
        for rule, update in (
            ("left-out-stays", {"first_name": "Ada"}),
            ("empty-status-says-nothing", {"status": ""}),
            ("empty-status-says-nothing", {"status": None}),
        ):
            updated = run.perform("upsert_contact", contact | update)
            shown = updated.shown if isinstance(updated.shown, dict) else {}
            yield claim(rule, f"status after an update with {update}", "inactive", shown.get("status"))


# Deletion.


@law("deletion-answer", always=True)
def deletion_says_what_is_gone(step: Step) -> Claims:
    """A deletion is answered with the id as a string, the kind of object, and `deleted` true."""
    if step.done and step.operation.method == "DELETE":
        told = {"id": step.named, "status": "success", "object": step.operation.resource, "deleted": True}
        yield claim("deletion-answer", "body", told, step.answer)


@law("unknown-contact-404", "unknown-invoice-404", "unknown-subscription-404", "deleted-by-email-all", always=True)
def deleted_is_gone(step: Step) -> Claims:
    """What is deleted is gone: the same call again is 404, and so is each contact that had the email."""
    if step.done and step.operation.method == "DELETE":
        again = step.run.perform(step.operation.name, named=step.named)
        yield claim(f"unknown-{step.operation.resource}-404", "the same DELETE again", foreseen(again), again.status)
        if step.outcome.how == "email":
            for contact in step.outcome.before["contacts"]:
                again = step.run.perform(step.operation.name, named=contact["contact_id"])
                about = f"DELETE of {contact['contact_id']}, which had the email"
                yield claim("deleted-by-email-all", about, foreseen(again), again.status)


@law("orders-outlive-contact", always=True)
def orders_outlive_their_contact(step: Step) -> Claims:
    """A deleted contact's orders and subscriptions stay."""
    if step.done and step.operation.name == "delete_contact":
        gone = {contact["contact_id"] for contact in step.outcome.before.get("contacts", ())}
        for kind in ("invoice", "subscription"):
            stored = step.run.world.stored[kind]
            if id := next((id for id, one in reversed(stored.items()) if one.get("contact_id") in gone), None):
                order = step.run.perform(f"delete_{kind}", named=id)
                yield claim("orders-outlive-contact", f"DELETE of its {kind} {id}", 200, order.status)


@law("path-id-before-email")
def id_in_a_path_goes_before_email(step: Step) -> Claims:
    """What a path names is taken as an id first, then as an email."""
    run = step.run
    if step.done and step.operation.name == "delete_contact" and run.once("path id", step.operation, 2):
        both, other = f"{run.prefix}both@example.org", f"{run.prefix}other"
        run.perform("upsert_contact", {"contact_id": other, "email": both})
        run.perform("upsert_contact", {"contact_id": both})
        run.perform("delete_contact", named=both)
        left = run.perform("delete_contact", named=other)
        yield claim("path-id-before-email", f"DELETE of the contact that has {both} as its email", 200, left.status)


_ODD_IDS = ("a/b", "a b", "100 %", "a%2Fb", "søren", "a+b", "?#&=;", "日本語", "..", "0012")


@law("success-envelope", "ids-are-strings")
def odd_ids_are_ids(step: Step) -> Claims:
    """Any text is an id: what is stored under it is answered and deleted under it."""
    run, operation, kind = step.run, step.operation, step.operation.resource
    if not step.done or operation.method == "DELETE" or kind not in ("contact", "invoice", "subscription"):
        return
    name = "contact_id" if kind == "contact" else "id"
    for odd in _ODD_IDS if run.once("odd ids", operation) else ():
        id = f"{run.prefix}{odd}"
        made = run.perform(operation.name, step.sent | {name: id, "email": f"{run.prefix}odd@example.org"})
        if made.valid and made.refusal is None:
            yield claim("ids-are-strings", f"{name} of a call with {id}", id, id_of(made))
            gone = run.perform(f"delete_{kind}", named=id)
            yield claim("success-envelope", f"status of DELETE of {id}", 200, gone.status)


def _as_text(kind: str, value: Any) -> Any:
    """An id that is a number, as a text."""
    return str(int(value)) if kind == "id" and not isinstance(value, str) else value


def _many(value: Any) -> list[Row]:
    return value if isinstance(value, list) else [value]
