"""Checks that send follow-up calls."""

from typing import Any
from urllib.parse import quote

from contracts.checks import (
    Assertions,
    check,
    expect,
    expect_accepted,
    expect_tags,
    expected_status,
    id_of,
    is_stored,
)
from contracts.model import Row
from contracts.run import Step
from contracts.state_setup import create_purchase

# The rule that the same call again proves.
_REPEATABLE = {
    "upsert_contact": "kept-tag-keeps-date", "add_tags": "tag-added-twice-is-one",
    "remove_tags": "absent-tag-is-no-error", "upsert_invoice": "invoice-updated",
    "upsert_subscription": "subscription-updated", "upsert_product": "product-updated",
    "record_ad_performance": "ad-figures-updated",
}  # fmt: skip


@check(*_REPEATABLE.values(), "ids-are-strings")
def same_call_again_converges(step: Step) -> Assertions:
    """The same call again, its ids as strings, is answered with the same object."""
    run, operation = step.run, step.operation
    if not step.applied or operation.body is None or operation.name not in _REPEATABLE:
        return
    if not run.sampled("same call again", operation):
        return
    with_texts = run.document.map_values(operation.body, step.sent, _as_text)
    again = run.perform(operation.name, with_texts)
    rule = "ids-are-strings" if with_texts != step.sent else _REPEATABLE[operation.name]
    yield expect(rule, "status of the same call again", 200, again.status, of=again)
    if not again.applied or again.result is None:
        return
    if isinstance(again.result, dict) and "tags" in again.result:
        yield from expect_tags(again, rule, rule)
    for expected, actual in zip(_as_list(again.outcome.expected), _as_list(again.result), strict=False):
        for name in expected.keys() & actual.keys() - {"tags", "items", "last_updated"}:
            is_instant = name in run.document.instants
            yield expect(rule, f"{name} after the same call again", expected[name], actual[name], is_instant, again)


@check("subscription-creates-no-order")
def subscription_creates_no_order(step: Step) -> Assertions:
    """A subscription creates no order: no invoice has its id."""
    run = step.run
    created = step.applied and step.operation.name == "upsert_subscription"
    if created and step.body["id"] not in run.model.stored["invoice"] and run.sampled("no order", step.operation):
        order = run.perform("delete_invoice", path_id=step.body["id"])
        subject = "DELETE of an invoice with its id"
        yield expect("subscription-creates-no-order", subject, expected_status(order), order.status, of=order)


@check("oldest-of-shared-email", "id-before-email", "known-id-keeps-email-apart")
def oldest_contact_of_a_shared_email_is_taken(step: Step) -> Assertions:
    """Where several contacts share the email, the oldest is taken; an id takes precedence over the email."""
    run = step.run
    if step.applied and step.operation.name == "upsert_contact" and run.first("oldest", step.operation, 2):
        older, younger = f"{run.prefix}older", f"{run.prefix}younger"
        email = f"{run.prefix}shared@example.org"
        for body in ({"contact_id": older}, {"contact_id": younger}, {"contact_id": younger, "email": email}):
            run.perform("upsert_contact", body)
        moved = run.perform("upsert_contact", {"contact_id": older, "email": email})
        subject = f"contact_id, given {older} and the email of {younger}"
        yield expect("id-before-email", subject, older, id_of(moved), of=moved)
        taken = run.perform("upsert_contact", {"email": email})
        yield expect("oldest-of-shared-email", "contact_id, given the email of both", older, id_of(taken), of=taken)
        kept = run.perform("delete_contact", path_id=younger)
        subject = f"DELETE of {younger}"
        yield expect("known-id-keeps-email-apart", subject, expected_status(kept), kept.status, of=kept)


@check("contact-rekeyed")
def rekeyed_contact_has_left_its_old_id(step: Step) -> Assertions:
    """A contact that got a new id is not found under the old one."""
    before = str(step.outcome.before.get("contact_id", ""))
    by_email = is_stored(step) and step.operation.name == "upsert_contact" and step.outcome.matched_by == "email"
    if by_email and step.body.get("contact_id", before) != before:
        again = step.run.perform("delete_contact", path_id=before)
        subject = f"DELETE of the old id {before}"
        yield expect("contact-rekeyed", subject, expected_status(again), again.status, of=again)


@check("emails-ignore-case")
def email_is_compared_without_case(step: Step) -> Assertions:
    """An email that differs in case alone is the same contact."""
    if step.applied and step.operation.name == "upsert_contact" and "email" in step.body:
        swapped = "".join(letter.swapcase() if letter.isascii() else letter for letter in step.body["email"])
        known = step.run.model.find(None, step.body["email"])
        if known and swapped != step.body["email"] and step.run.sampled("case", step.operation):
            again = step.run.perform("upsert_contact", {"email": swapped})
            yield expect("emails-ignore-case", "contact_id", known["contact_id"], id_of(again), of=again)


@check("ad-day-in-utc", "incomplete-ad-objects-accepted")
def day_is_that_in_utc(step: Step) -> Assertions:
    """Figures belong to the day that their date has in UTC."""
    run = step.run
    if step.applied and step.operation.name == "record_ad_performance" and run.first("day", step.operation):
        for date, day in (("2020-01-01T23:30:00-01:00", "2020-01-02"), ("2020-01-01 00:30:00+0100", "2019-12-31")):
            figures = run.perform("record_ad_performance", {"ad": f"{run.prefix}ad", "spend": 1, "date": date})
            result = figures.result if isinstance(figures.result, dict) else {}
            yield expect("ad-day-in-utc", f"date of figures of {date}", day, result.get("date"), of=figures)
        bare = {"ad": {"id": f"{run.prefix}ad"}, "spend": 1, "date": "2020-01-01"}
        answered = run.perform("record_ad_performance", bare)
        subject = "status with an ad of its id alone"
        yield expect("incomplete-ad-objects-accepted", subject, 200, answered.status, of=answered)


@check("empty-status-says-nothing", "left-out-stays")
def status_stays_until_another_is_given(step: Step) -> Assertions:
    """An inactive contact stays inactive when an update leaves the status out, or sends "" or null."""
    run = step.run
    if step.applied and step.operation.name == "upsert_contact" and run.first("status", step.operation):
        contact = {"contact_id": f"{run.prefix}inactive"}
        run.perform("upsert_contact", contact | {"status": "inactive"})
        for rule, update in (
            ("left-out-stays", {"first_name": "Ada"}),
            ("empty-status-says-nothing", {"status": ""}),
            ("empty-status-says-nothing", {"status": None}),
        ):
            updated = run.perform("upsert_contact", contact | update)
            result = updated.result if isinstance(updated.result, dict) else {}
            subject = f"status after an update with {update}"
            yield expect(rule, subject, "inactive", result.get("status"), of=updated)


@check("invoice-contact-account-wide", "subscription-contact-account-wide")
def contact_is_found_in_the_whole_account(step: Step) -> Assertions:
    """An order or subscription may belong to a contact of another integration of the account."""
    run, operation, kind = step.run, step.operation, step.operation.resource
    is_purchase = step.applied and operation.name in ("upsert_invoice", "upsert_subscription")
    if not is_purchase or not run.ads_id or not run.first("account-wide", operation):
        return
    contact_id, id = f"{run.prefix}elsewhere", f"{run.prefix}of-elsewhere"
    run.api.send("POST", "/contact", {"contact_id": contact_id}, integration_id=run.ads_id)
    body = {name: value for name, value in step.sent.items() if name != "email"}
    response = run.api.send("POST", f"/{kind}", body | {"id": id, "contact_id": contact_id})
    rule = f"{kind}-contact-account-wide"
    yield expect(rule, "status with a contact of another integration", 200, response.status_code, of=response)
    run.api.send("DELETE", f"/{kind}/{quote(id, safe='')}")
    run.api.send("DELETE", f"/contact/{quote(contact_id, safe='')}", integration_id=run.ads_id)


@check("invoice-joins-at-once", "subscription-joins-at-once")
def joined_purchase_stays_with_its_contact(step: Step) -> Assertions:
    """An order or subscription that joined a contact by email stays with it when the contact's email changes."""
    run, operation, kind = step.run, step.operation, step.operation.resource
    is_purchase = step.applied and operation.name in ("upsert_invoice", "upsert_subscription")
    if not is_purchase or not run.first("stays", operation):
        return
    contact_id, email = f"{run.prefix}moving-{kind}", f"{run.prefix}moving-{kind}@example.org"
    body = {name: value for name, value in step.sent.items() if name != "contact_id"}
    body |= {"id": f"{run.prefix}stays", "email": email}
    run.perform(operation.name, body)
    run.perform("upsert_contact", {"contact_id": contact_id, "email": email})
    run.perform("upsert_contact", {"contact_id": contact_id, "email": f"{run.prefix}moved-{kind}@example.org"})
    again = run.perform(operation.name, body)
    if isinstance(again.result, dict) and kind in run.model.shows_contact:
        actual = again.result.get("contact_id")
        subject = "contact_id after the contact's email changed"
        yield expect(f"{kind}-joins-at-once", subject, contact_id, actual, of=again)


# Deletion.


@check("deletion-answer", "deletion-answers-email", always=True)
def deletion_names_what_it_deleted(step: Step) -> Assertions:
    """A deletion is answered with the id as a string, the kind of object, and `deleted` true."""
    if step.applied and step.operation.method == "DELETE":
        body = {"id": step.path_id, "status": "success", "object": step.operation.resource, "deleted": True}
        rule = "deletion-answers-email" if step.outcome.matched_by == "email" else "deletion-answer"
        yield expect(rule, "body", body, step.json)


@check("unknown-contact-404", "unknown-invoice-404", "unknown-subscription-404", "deleted-by-email-all", always=True)
def deleted_is_not_found_again(step: Step) -> Assertions:
    """What is deleted is not found again: the same call is 404, and so is each contact that had the email."""
    if step.applied and step.operation.method == "DELETE":
        again = step.run.perform(step.operation.name, path_id=step.path_id)
        rule = f"unknown-{step.operation.resource}-404"
        yield expect(rule, "the same DELETE again", expected_status(again), again.status, of=again)
        if step.outcome.matched_by == "email":
            for contact in step.outcome.before["contacts"]:
                again = step.run.perform(step.operation.name, path_id=contact["contact_id"])
                subject = f"DELETE of {contact['contact_id']}, which had the email"
                yield expect("deleted-by-email-all", subject, expected_status(again), again.status, of=again)


@check("orders-outlive-contact", "subscriptions-outlive-contact", always=True)
def orders_outlive_their_contact(step: Step) -> Assertions:
    """A deleted contact's orders and subscriptions stay."""
    run = step.run
    if not step.applied or step.operation.name != "delete_contact" or not run.first("outlive", step.operation, 2):
        return
    contact_id = f"{run.prefix}outlived"
    run.perform("upsert_contact", {"contact_id": contact_id})
    purchases = {kind: create_purchase(run, kind, contact_id) for kind in ("invoice", "subscription")}
    run.perform("delete_contact", path_id=contact_id)
    for kind, rule in (("invoice", "orders-outlive-contact"), ("subscription", "subscriptions-outlive-contact")):
        purchase = run.perform(f"delete_{kind}", path_id=purchases[kind])
        subject = f"DELETE of its {kind} {purchases[kind]}"
        yield expect(rule, subject, expected_status(purchase), purchase.status, of=purchase)


@check("path-id-before-email")
def id_in_a_path_goes_before_email(step: Step) -> Assertions:
    """What a path names is taken as an id first, then as an email."""
    run = step.run
    if step.applied and step.operation.name == "delete_contact" and run.first("path id", step.operation, 2):
        both, other = f"{run.prefix}both@example.org", f"{run.prefix}other"
        run.perform("upsert_contact", {"contact_id": other, "email": both})
        run.perform("upsert_contact", {"contact_id": both})
        run.perform("delete_contact", path_id=both)
        remaining = run.perform("delete_contact", path_id=other)
        subject = f"DELETE of the contact that has {both} as its email"
        yield expect("path-id-before-email", subject, expected_status(remaining), remaining.status, of=remaining)


_ODD_IDS = ("a/b", "a b", "100 %", "a%2Fb", "søren", "a+b", "?#&=;", "日本語", "..", "0012")


@check("odd-values-accepted", "ids-are-strings")
def odd_ids_are_ids(step: Step) -> Assertions:
    """Any text is an id: what is stored under it is answered and deleted under it."""
    run, operation, kind = step.run, step.operation, step.operation.resource
    if not step.applied or operation.method == "DELETE" or kind not in ("contact", "invoice", "subscription"):
        return
    name = "contact_id" if kind == "contact" else "id"
    for odd in _ODD_IDS if run.first("odd ids", operation) else ():
        id = f"{run.prefix}{odd}"
        created = run.perform(operation.name, step.sent | {name: id, "email": f"{run.prefix}odd@example.org"})
        yield from expect_accepted(created)
        if created.applied:
            yield expect("ids-are-strings", f"{name} of a call with {id}", id, id_of(created), of=created)
            yield from expect_accepted(run.perform(f"delete_{kind}", path_id=id))


def _as_text(kind: str, value: Any) -> Any:
    """Return an id that is a number as a text, any other value as it is."""
    return str(int(value)) if kind == "id" and not isinstance(value, str) else value


def _as_list(value: Any) -> list[Row]:
    return value if isinstance(value, list) else [value]
