"""Every finding there is: its code, severity and meaning; and the warnings, each a small function.

Violations come from the contract alone. A warning is about a call that was accepted but probably does not do
what was meant. Notices come from the document too (see `spec.intake`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mock_server.errors import Evidence, Finding, Severity
from mock_server.spec import Answer, Call
from mock_server.store import accounts, tags
from mock_server.store.database import Session

Warn = Callable[[Call, Answer, Session], Finding | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding, as the documentation shows it."""

    severity: Severity
    meaning: str


def warnings_about(call: Call, answer: Answer, session: Session) -> tuple[Finding, ...]:
    """What is doubtful about an accepted call; `session` sees its effect."""
    return tuple([found for warn in _WARNINGS[call.operation] if (found := warn(call, answer, session))])


def _tags_dropped(call: Call, answer: Answer, session: Session) -> Finding | None:
    if "tags" not in call.body or not answer.before or not answer.after:
        return None
    there, kept = answer.before[0]["tags"], answer.after["tags"]
    dropped = {number: date for number, date in there.items() if number not in kept}
    if not dropped:
        return None
    gone = [tag["name"] or tag["id"] for tag in tags.present(session, dropped)]
    message = f"'tags' replaced the contact's tags, which dropped {_listed(gone)}. To keep them, use tags/add."
    return _warning("tags-dropped", "/body/tags", message, "documented")


def _contact_rekeyed(_: Call, answer: Answer, __: Session) -> Finding | None:
    new = answer.body["contact"]["contact_id"]
    if not answer.before or answer.before[0]["contact_id"] == new:
        return None
    old = answer.before[0]["contact_id"]
    message = f"the contact '{old}' has this email and got the id '{new}'. Send the old id if it is the same person."
    return _warning("contact-rekeyed", "/body/contact_id", message, "documented")


def _shared_email_deleted(_: Call, answer: Answer, __: Session) -> Finding | None:
    if len(answer.before) < 2:
        return None
    gone = _listed([contact["contact_id"] for contact in answer.before])
    message = f"{len(answer.before)} contacts shared this email and are all deleted: {gone}. Delete by id to take one."
    return _warning("shared-email-deleted", "/path/contact_id_or_email", message, "documented")


def _items_amount_mismatch(call: Call, _: Answer, __: Session) -> Finding | None:
    body = call.body
    items = sum(item["amount"] for item in body["items"])
    extra, discount = body.get("tax", 0) + body.get("shipping", 0), body.get("discount", 0)
    if body["amount"] in {items, items - discount, items + extra, items + extra - discount}:
        return None
    message = (
        f"the items add up to {items} cents, 'amount' is {body['amount']}, also with tax, shipping and discount"
        " in or out. Check the units and the items."
    )
    return _warning("items-amount-mismatch", "/body/amount", message, "assumed")


def _paid_exceeds_amount(call: Call, _: Answer, __: Session) -> Finding | None:
    if call.body["paid"] <= max(call.body["amount"], 0):
        return None
    message = f"'paid' is {call.body['paid']} cents, more than the 'amount' of {call.body['amount']}. Check both."
    return _warning("paid-exceeds-amount", "/body/paid", message, "assumed")


def _unmatched_email(call: Call, answer: Answer, _: Session) -> Finding | None:
    stored = answer.body["invoice" if "invoice" in answer.body else "subscription"]
    if stored["contact_id"] is not None:
        return None
    message = f"no contact has the email '{call.body['email']}' yet. Add the contact, or check the address."
    return _warning("unmatched-email", "/body/email", message, "documented")


def _needs_ads(call: Call, _: Answer, __: Session) -> Finding | None:
    return _wrong_kind(call, accounts.ADS)


def _needs_payments(call: Call, _: Answer, __: Session) -> Finding | None:
    return _wrong_kind(call, accounts.PAYMENTS)


def _wrong_kind(call: Call, wanted: str) -> Finding | None:
    if call.integration_kind == wanted:
        return None
    message = (
        f"{call.operation} went into '{call.integration_id}', a custom {call.integration_kind} integration."
        f" Send it to one of custom {wanted}."
    )
    return _warning("integration-kind", "/path/integration_id", message, "integrator")


def _warning(code: str, pointer: str, message: str, evidence: Evidence) -> Finding:
    return Finding(code, "warning", pointer, message, evidence)


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_WARNINGS: Mapping[str, tuple[Warn, ...]] = {
    "upsert_contact": (_tags_dropped, _contact_rekeyed),
    "delete_contact": (_shared_email_deleted,),
    "add_tags": (),
    "remove_tags": (),
    "upsert_invoice": (_items_amount_mismatch, _paid_exceeds_amount, _unmatched_email, _needs_payments),
    "delete_invoice": (),
    "upsert_subscription": (_unmatched_email, _needs_payments),
    "delete_subscription": (),
    "upsert_product": (),
    "record_ad_performance": (_needs_ads,),
}

FINDINGS: Mapping[str, Kind] = {
    "missing-field": Kind("violation", "a required field is missing"),
    "bad-value": Kind("violation", "a value is not what its schema allows"),
    "broken-json": Kind("violation", "the body is empty, not JSON, too deep, or has an integer over 64 bits"),
    "wrong-media-type": Kind("violation", "a body without `Content-Type: application/json`"),
    "body-too-large": Kind("violation", "a body over the limit"),
    "bad-path": Kind("violation", "a path that is not percent-encoded UTF-8"),
    "missing-key": Kind("violation", "no `Authorization` header"),
    "wrong-key": Kind("violation", "an API key that is unknown, or another account's"),
    "unknown-account": Kind("violation", "an account that does not exist"),
    "unknown-integration": Kind("violation", "an integration that the account does not have"),
    "unknown-path": Kind("violation", "a path that the API does not have; names the closest operation"),
    "unknown-method": Kind("violation", "another method on a known path"),
    "unknown-contact": Kind("violation", "an order or subscription for a `contact_id` that does not exist"),
    "bad-answer": Kind("violation", "an answer of the fake itself breaks the contract; with `--check-answers`"),
    "auth-bearer-prefix": Kind("warning", "the key was sent with a `Bearer` prefix"),
    "tags-dropped": Kind("warning", "a contact's update replaced its tags and dropped some"),
    "contact-rekeyed": Kind("warning", "a known email came with a new `contact_id`, which its contact took"),
    "shared-email-deleted": Kind("warning", "a deletion by email took several contacts"),
    "items-amount-mismatch": Kind("warning", "the items do not add up to the order's amount"),
    "paid-exceeds-amount": Kind("warning", "more was paid than the order's amount"),
    "unmatched-email": Kind("warning", "an order or subscription by an email that no contact has"),
    "integration-kind": Kind("warning", "ad figures into a payments integration, or orders into an ads one"),
    "retry-after-400": Kind("warning", "a call that was refused with 400 is sent again unchanged"),
    "no-retry": Kind("warning", "a call whose answer a fault replaced or lost is never sent again"),
    "retry-without-pause": Kind("warning", "such a call is sent again at once"),
    "not-converged": Kind(
        "violation", "after such a call comes another id for the same data, or other data for the id"
    ),
    "unknown-field": Kind("notice", "a field that the contract does not know; it is not kept"),
    "naive-date": Kind("notice", "a date without an offset; it is taken as UTC"),
}
