"""The laws that further calls show."""

from typing import Any

from contracts.answers import refusal_is_in_its_envelope
from contracts.laws import INSTANTS, Claim, Claims, claim, errors_of, foreseen, id_of, label, law, stored, tags_of
from contracts.run import Step
from contracts.world import Row, dumps

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


# What must be refused.


@law("key-checked", always=True)
def key_is_checked(step: Step) -> Claims:
    """A missing or unknown key is 401, and so is the key of another account."""
    run, operation = step.run, step.operation
    if step.ours is False and step.request.headers.get("Authorization") is None:
        yield Claim("key-checked", not 200 <= step.status < 300, "status without a key", "a refusal", step.status)
    if step.done and run.once("key", operation, 2):
        keys = {"no key": None, "an unknown key": "no-such-key-0123456789", "a longer key": f"{_key(step)}0"}
        if run.other:
            keys["another account's key"] = run.other.credentials.api_key
        for about, key in keys.items():
            answer = run.api.send(operation.method, _path(step), step.sent, Authorization=key)
            yield claim("key-checked", f"the same call with {about}", 401, answer.status_code)


@law("integrations-apart", "unknown-integration-404")
def others_see_and_touch_nothing(step: Step) -> Claims:
    """No other integration or account sees or touches what one has stored; one that does not exist is 404."""
    run, kind = step.run, step.operation.resource
    if not step.done or step.operation.name not in ("upsert_contact", "upsert_invoice", "upsert_subscription"):
        return
    if not run.often("apart", step.operation):
        return
    id = id_of(step)
    operation = run.document.operations[f"delete_{kind}"]
    path = run.path(operation, id)
    if run.ads_id:
        answer = run.api.send("DELETE", path, integration_id=run.ads_id)
        yield claim("integrations-apart", f"DELETE {path} in the integration {run.ads_id}", 404, answer.status_code)
    if run.other:
        answer = run.other.send("DELETE", path)
        yield claim("integrations-apart", f"DELETE {path} in another account", 404, answer.status_code)
    nowhere = f"{run.prefix}nowhere"
    answer = run.api.send("DELETE", path, integration_id=nowhere)
    yield claim("unknown-integration-404", f"DELETE {path} in an unknown integration", 404, answer.status_code)
    answer = run.api.send("DELETE", path, account_id=nowhere)
    yield claim("unknown-integration-404", f"DELETE {path} in an unknown account", 404, answer.status_code)
    yield from _unchanged(step, "integrations-apart")


@law("broken-json-400", "other-media-type-415", "body-limit-413", "json-limits-400")
def unreadable_bodies_are_refused(step: Step) -> Claims:
    """Broken JSON is 400, another media type 415, a body over the limit 413; nothing of it is stored."""
    run, operation = step.run, step.operation
    if not step.done or operation.method != "POST" or not run.once("unreadable", operation, 3):
        return
    whole = step.request.body
    raw = whole if isinstance(whole, bytes) else str(whole).encode()
    deep: Any = []
    for _ in range(70):
        deep = [deep]
    bodies = (
        ("broken-json-400", "its body cut off", 400, raw[:-1], "application/json"),
        ("broken-json-400", "an empty body", 400, b"", "application/json"),
        ("other-media-type-415", "text/plain", 415, raw, "text/plain"),
        ("json-limits-400", "70 levels of lists", 400, _with(step.sent, deep), "application/json"),
        ("json-limits-400", "an integer of 70 bits", 400, _with(step.sent, 2**70), "application/json"),
        ("body-limit-413", "more than 1 MiB", 413, _with(step.sent, "x" * 1_100_000), "application/json"),
    )
    for rule, about, status, body, media_type in bodies:
        if rule == "body-limit-413" and not run.once("limit", operation):
            continue
        answer = run.api.send(operation.method, operation.path(""), raw=body, Content_Type=media_type)
        yield claim(rule, f"the same call with {about}", status, answer.status_code)
    yield from _unchanged(step, "broken-json-400")


@law("all-errors-at-once", "missing-field-text", "bad-data-400", "error-envelope")
def all_errors_are_told_at_once(step: Step) -> Claims:
    """Every error of a body is told in one answer, each with the path of its field; nothing of it is stored."""
    run, operation = step.run, step.operation
    if not step.done or operation.body is None or not run.once("at once", operation, 2):
        return
    wrong: Row = {"first_name": 7, "status": "gone"} if operation.resource == "contact" else {}
    kept = {name: value for name, value in step.sent.items() if name not in operation.required}
    answer = run.perform(operation.name, kept | wrong)
    yield claim("bad-data-400", "status of a body with several errors", 400, answer.status)
    yield from refusal_is_in_its_envelope(answer)
    for name in operation.required:
        text = f"missing '{name}' field "
        yield Claim("missing-field-text", text in errors_of(answer), "errors", text, errors_of(answer))
    named = [name for name in (*operation.required, *wrong) if not any(name in text for text in errors_of(answer))]
    yield Claim("all-errors-at-once", not named, "errors", f"texts that name {', '.join(named)} too", errors_of(answer))
    yield from _unchanged(step, "bad-data-400")


_ODD_VALUES: tuple[Any, ...] = (None, True, -1, 1.5, "4500", "", "x" * 256, "a\u0000b", [], {}, [None], "2023-02-29")


@law("bad-data-400")
def odd_values_are_400(step: Step) -> Claims:
    """Each field refuses what the document does not take, nothing and emptiness among it."""
    run, operation = step.run, step.operation
    if not step.done or operation.body is None or not run.once("odd values", operation):
        return
    for name in step.sent:
        for value in _ODD_VALUES:
            body = step.sent | {name: value}
            if not run.document.fits(operation, "", body):
                answer = run.perform(operation.name, body)
                yield claim("bad-data-400", f"status with {name} as {value!r:.40}", 400, answer.status)


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


@law("unknown-path-404", "other-method-405")
def what_the_api_does_not_have_is_refused(step: Step) -> Claims:
    """An unknown path is 404; another method on a known path is 405 with `Allow`."""
    run, operation = step.run, step.operation
    if step.done and run.once("elsewhere", operation):
        answer = run.api.send(operation.method, f"{_path(step)}/nothing/here", step.sent)
        yield claim("unknown-path-404", f"{operation.method} {_path(step)}/nothing/here", 404, answer.status_code)
        for method in ("GET", "PUT", "PATCH"):
            answer = run.api.send(method, _path(step))
            yield claim("other-method-405", f"{method} of the same path", 405, answer.status_code)
            if answer.status_code == 405:
                allowed = operation.method in answer.headers.get("Allow", "").replace(" ", "").split(",")
                yield Claim("other-method-405", allowed, "Allow", operation.method, answer.headers.get("Allow"))


def _unchanged(step: Step, rule: str) -> Claims:
    """The contact is as it was: a call that says nothing new shows it."""
    if step.operation.name == "upsert_contact" and (contact_id := id_of(step)):
        look = step.run.perform("upsert_contact", {"contact_id": contact_id})
        if look.outcome and isinstance(look.shown, dict):
            known = look.outcome.expected.keys() & look.shown.keys() - {"last_updated"}
            before, after = ({name: one[name] for name in known} for one in (look.outcome.expected, look.shown))
            there, now = (sorted(map(label, one.pop("tags", ()))) for one in (before, after))
            yield claim(rule, "the contact after the refused calls", before, after, True)
            yield claim(rule, "its tags after the refused calls", there, now)


def _path(step: Step) -> str:
    return step.run.path(step.operation, step.named)


def _key(step: Step) -> str:
    return step.run.api.credentials.api_key


def _with(body: Any, value: Any) -> bytes:
    return dumps(body | {"custom_fields": {"added": value}})


def _as_text(kind: str, value: Any) -> Any:
    """An id that is a number, as a text."""
    return str(int(value)) if kind == "id" and not isinstance(value, str) else value


def _many(value: Any) -> list[Row]:
    return value if isinstance(value, list) else [value]
