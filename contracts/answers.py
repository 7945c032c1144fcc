"""The laws that an answer shows."""

from datetime import datetime
from typing import Any

from contracts.document import instant
from contracts.laws import INSTANTS, Claim, Claims, claim, errors_of, law, same, stored, tags_of
from contracts.run import Step
from contracts.world import ANY, exceeds_limits

_OF_ITS_OWN = ("contact_id", "status", "tags", "custom_fields", "email", "items")

# What is said of every answer.


@law("success-envelope", always=True)
def success_is_200_in_its_envelope(step: Step) -> Claims:
    """A valid call succeeds with 200, JSON and `status` `success`."""
    if step.valid and step.refusal is None:
        yield claim("success-envelope", "status", 200, step.status)
        if step.status == 200:
            yield claim("success-envelope", "content type", "application/json", _media_type(step))
            yield claim("success-envelope", "body", {"status": "success"}, _part(step.answer, "status"))


@law("error-envelope", always=True)
def refusal_is_in_its_envelope(step: Step) -> Claims:
    """A refusal is JSON with `status` `error` and a list of texts, `errors`."""
    if 400 <= step.status < 600 and step.request.method != "HEAD":
        yield claim("error-envelope", "content type", "application/json", _media_type(step))
        errors = errors_of(step)
        told = bool(errors) and all(isinstance(text, str) for text in errors)
        yield Claim(
            "error-envelope",
            told and _part(step.answer, "status") == {"status": "error"},
            "body",
            {"status": "error", "errors": ["…"]},
            _short(step),
        )


@law("bad-data-400", always=True)
def bad_data_is_400(step: Step) -> Claims:
    """A call of ours that the document does not take is 400."""
    if step.ours and not step.valid:
        yield claim("bad-data-400", "status", 400, step.status)


@law("missing-field-text", always=True)
def missing_field_is_told(step: Step) -> Claims:
    """A required field that is missing is told as `missing 'id' field `, with the blank at its end."""
    readable = isinstance(step.sent, dict) and not exceeds_limits(step.sent)
    if step.ours and not step.valid and step.status == 400 and readable:
        for name in step.operation.required:
            if name not in step.sent:
                text = f"missing '{name}' field "
                yield Claim("missing-field-text", text in errors_of(step), "errors", text, errors_of(step))


_REFUSALS = (
    "unknown-contact-404", "unknown-invoice-404", "unknown-subscription-404", "tags-need-contact",
    "removal-needs-contact", "invoice-contact-must-exist", "subscription-contact-must-exist", "json-limits-400",
)  # fmt: skip


@law(*_REFUSALS, always=True)
def what_is_not_there_is_refused(step: Step) -> Claims:
    """A valid call that names what is not there is refused."""
    if step.refusal:
        yield claim(step.refusal.rule, "status", step.refusal.status, step.status)


# What an answered upsert shows.


@law("stored-object-answered", "dates-in-utc", "ids-are-strings")
def what_was_sent_comes_back(step: Step) -> Claims:
    """What was sent comes back: ids as strings, dates in UTC with their offset."""
    if not stored(step) or step.operation.resource == "ad":
        return
    for name, value in step.body.items():
        if name in _OF_ITS_OWN or name not in step.shown:
            continue
        if name in INSTANTS:
            offset = instant(step.shown[name]).isoformat() if _has_offset(step.shown[name]) else "a date with an offset"
            yield Claim(
                "dates-in-utc",
                same(value, step.shown[name], True) and offset != "a date with an offset",
                name,
                value,
                step.shown[name],
            )
        else:
            id = name == "id" or name.endswith("id_of")
            yield claim("ids-are-strings" if id else "stored-object-answered", name, value, step.shown[name])
    if "email" in step.body and "email" in step.shown and step.operation.resource != "tags":
        yield claim("stored-object-answered", "email", step.body["email"], step.shown["email"])
    for name in {"status", "quantity"} - step.sent.keys() & step.outcome.expected.keys() & step.shown.keys():
        if step.outcome.how == "new":
            yield claim("stored-object-answered", name, step.outcome.expected[name], step.shown[name])


@law("unknown-fields-accepted")
def unknown_fields_are_not_kept(step: Step) -> Claims:
    """Fields that the contract does not know are accepted and not kept."""
    if stored(step) and step.operation.resource != "tags":
        for name in sorted(step.run.document.unknown_fields(step.operation, step.sent)):
            yield Claim("unknown-fields-accepted", name not in step.shown, name, "not in the answer", _short(step))


_UPDATES = {"contact": "left-out-stays", "invoice": "invoice-updated", "subscription": "subscription-updated"}


@law(*_UPDATES.values())
def what_is_left_out_stays(step: Step) -> Claims:
    """Fields that an update leaves out stay as they are."""
    if stored(step) and step.outcome.how != "new" and step.operation.resource in _UPDATES:
        rule = _UPDATES[step.operation.resource]
        said_anew = {"last_updated"} if rule == "left-out-stays" else {"contact_id", "email", "items"}
        for name in step.outcome.before.keys() & step.shown.keys() - step.sent.keys() - said_anew:
            if name == "tags":
                yield from tags_of(step, rule, rule)
            else:
                yield claim(rule, name, step.outcome.expected[name], step.shown[name], name in INSTANTS)


@law("id-before-email", "contact-rekeyed", "oldest-of-shared-email", "contact-id-minted")
def contact_is_found_by_id_then_email(step: Step) -> Claims:
    """The contact is looked for by id, then by email; a new id goes to the contact that has the email."""
    if not stored(step) or step.operation.name != "upsert_contact":
        return
    expected, got = step.outcome.expected["contact_id"], step.shown["contact_id"]
    if step.outcome.how == "id":
        yield claim("id-before-email", "contact_id", expected, got)
    elif step.outcome.how == "new" and "contact_id" not in step.body:
        yield Claim("contact-id-minted", isinstance(got, str) and got != "", "contact_id", "an id of the server's", got)
    elif step.outcome.how == "email":
        shared = len(step.run.world.with_email(step.body["email"])) > 1
        alone = "oldest-of-shared-email" if shared else "id-before-email"
        yield claim("contact-rekeyed" if "contact_id" in step.body else alone, "contact_id", expected, got)


@law("tags-replaced", "kept-tag-keeps-date", "tag-date-defaults-to-now", "tag-text-is-name-or-id", "tag-id-minted")
def tags_of_an_update_replace_the_old(step: Step) -> Claims:
    """`tags` of an update replaces all; one that stays keeps its date, a new one without a date has it now."""
    if stored(step) and step.operation.name == "upsert_contact" and "tags" in step.body:
        yield from tags_of(step, "tags-replaced", "kept-tag-keeps-date")
        yield from _tag_forms(step)


@law("added-tags-join", "tag-date-defaults-to-now", "tag-text-is-name-or-id", "tag-id-minted")
def added_tags_join_the_others(step: Step) -> Claims:
    """Added tags join those that are there."""
    if stored(step) and step.operation.name == "add_tags":
        yield from tags_of(step, "added-tags-join", "added-tags-join")
        yield from _tag_forms(step)


@law("removed-tags-go", "absent-tag-is-no-error")
def removed_tags_go_and_the_others_stay(step: Step) -> Claims:
    """Removed tags go, the others stay; one that is not there is no error."""
    if stored(step) and step.operation.name == "remove_tags":
        gone = len(step.outcome.before["tags"]) != len(step.outcome.expected["tags"])
        yield from tags_of(step, "removed-tags-go" if gone else "absent-tag-is-no-error", "removed-tags-go")


@law("custom-fields-merged", "custom-field-null-removes")
def custom_fields_are_merged(step: Step) -> Claims:
    """Custom fields are merged into those that are there; null removes one."""
    if stored(step) and "custom_fields" in step.body and "custom_fields" in step.shown:
        expected, got = step.outcome.expected["custom_fields"], step.shown["custom_fields"]
        removed = {name for name, value in step.body["custom_fields"].items() if value is None}
        if removed:
            yield claim("custom-field-null-removes", "custom_fields", [], sorted(removed & got.keys()))
        kept = {name: value for name, value in got.items() if name not in removed}
        yield claim("custom-fields-merged", "custom_fields", expected, kept)


@law("empty-status-says-nothing")
def empty_status_says_nothing(step: Step) -> Claims:
    """A `status` of "" or null says nothing; one that is given is stored."""
    if stored(step) and step.operation.name == "upsert_contact" and "status" in step.body and "status" in step.shown:
        rule = "stored-object-answered" if step.body["status"] else "empty-status-says-nothing"
        yield claim(rule, "status", step.outcome.expected["status"], step.shown["status"])


@law(*(f"{kind}-{rule}" for kind in ("invoice", "subscription") for rule in ("joins-by-email", "contact-replaced")))
def purchase_belongs_to_its_contact(step: Step) -> Claims:
    """An order or subscription belongs to the contact that the call names, by id or by email."""
    kind = step.operation.resource
    if stored(step) and kind in ("invoice", "subscription") and "contact_id" in step.shown:
        expected, before = step.outcome.expected["contact_id"], step.outcome.before.get("contact_id", ANY)
        replaced = before not in (ANY, expected)
        yield claim(
            f"{kind}-contact-replaced" if replaced else f"{kind}-joins-by-email",
            "contact_id",
            expected,
            step.shown["contact_id"],
        )


@law("invoice-items-replaced", "item-id-defaults")
def items_are_replaced(step: Step) -> Claims:
    """An update replaces the items; one without an id gets the order's id, a dash and its number."""
    if stored(step) and step.operation.name == "upsert_invoice" and "items" in step.shown:
        expected, got = step.outcome.expected["items"], step.shown["items"]
        yield claim("invoice-items-replaced", "number of items", len(expected), len(got))
        for sent, one, shown in zip(step.body["items"], expected, got, strict=False):
            yield claim("invoice-items-replaced" if "id" in sent else "item-id-defaults", "id", one["id"], shown["id"])
            told = {name: shown[name] for name in one if name in shown}
            yield claim("invoice-items-replaced", "item", {name: one[name] for name in told}, told)


@law("product-updated")
def product_is_updated(step: Step) -> Claims:
    """The same product again is updated."""
    if stored(step) and step.operation.name == "upsert_product" and step.outcome.how == "id" and "name" in step.shown:
        yield claim("product-updated", "name", step.body["name"], step.shown["name"])


@law("ad-figures-updated", "ad-lists", "ad-day-in-utc", "bare-ad-id-accepted", "stored-object-answered")
def figures_are_those_of_the_day(step: Step) -> Claims:
    """Figures are stored for each ad and its day in UTC; the same ad and day again updates them."""
    if not step.done or step.operation.name != "record_ad_performance" or step.shown is None:
        return
    sent, expected, got = step.sent["ad"], step.outcome.expected, step.shown
    several = isinstance(sent, list)
    yield Claim("ad-lists", isinstance(got, list) == several, "ad_performance", expected, got)
    if isinstance(got, list) != several:
        return
    shown = {one["ad"]: one for one in (got if several else [got])}
    wanted = {one["ad"]: one for one in (expected if several else [expected])}
    rule = "ad-lists" if several else "stored-object-answered" if isinstance(sent, dict) else "bare-ad-id-accepted"
    yield claim(rule, "ads", sorted(wanted), sorted(shown))
    for ad in wanted.keys() & shown.keys():
        yield claim("ad-day-in-utc", "date", wanted[ad]["date"], shown[ad]["date"])
        told = {name: shown[ad][name] for name in wanted[ad] if name in shown[ad]}
        rule = "ad-figures-updated" if step.outcome.how == "id" else "stored-object-answered"
        yield claim(rule, "figures", {name: wanted[ad][name] for name in told}, told)


def _tag_forms(step: Step) -> Claims:
    """Every tag sent is there in its own form: a number is an id, a text a name or an id."""
    if "tags" not in step.shown:
        return
    ids, names = {tag["id"] for tag in step.shown["tags"]}, {tag["name"] for tag in step.shown["tags"]}
    for tag in step.body["tags"]:
        if isinstance(tag, int):
            yield Claim("tag-text-is-name-or-id", str(tag) in ids, "tags", {"id": str(tag)}, step.shown["tags"])
        elif isinstance(tag, str):
            there = tag in ids or tag in names
            yield Claim("tag-text-is-name-or-id", there, "tags", f"a tag '{tag}'", step.shown["tags"])
            minted = all(isinstance(id, str) and id for id in ids)
            yield Claim("tag-id-minted", minted, "tags", "an id for each", step.shown["tags"])


def _has_offset(text: Any) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _media_type(step: Step) -> str:
    return step.headers.get("content-type", "").partition(";")[0].strip().lower()


def _part(answer: Any, name: str) -> Any:
    return {name: answer[name]} if isinstance(answer, dict) and name in answer else answer


def _short(step: Step) -> str:
    text = step.content.decode("utf-8", "replace")
    return text if len(text) < 300 else f"{text[:299]}…"
