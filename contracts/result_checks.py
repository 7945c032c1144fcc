"""Checks of what the response to a successful call shows of the stored object."""

from datetime import datetime
from typing import Any

from contracts.checks import Assertion, Assertions, check, expect, expect_tags, is_stored, same, truncated
from contracts.model import ANY
from contracts.run import Step

# Fields that have a check of their own.
_CHECKED_ELSEWHERE = ("contact_id", "status", "tags", "custom_fields", "email", "items")
_DEFAULTS = {
    "status": "status-defaults-to-active",
    "date_created": "date-created-defaults-to-now",
    "quantity": "quantity-defaults-to-1",
    "is_refunded": "invoice-defaults",
    "discount": "invoice-defaults",
    "tax": "invoice-defaults",
    "shipping": "invoice-defaults",
}


@check(
    "stored-object-answered",
    "other-objects-answered",
    "dates-in-utc",
    "naive-dates-are-utc",
    "ids-are-strings",
    *dict.fromkeys(_DEFAULTS.values()),
)
def what_was_sent_comes_back(step: Step) -> Assertions:
    """What was sent comes back: ids as strings, dates in UTC with their offset."""
    if not is_stored(step) or step.operation.resource == "ad":
        return
    for name, value in step.body.items():
        if name in _CHECKED_ELSEWHERE or name not in step.result:
            continue
        actual = step.result[name]
        if name in step.run.document.instants:
            held = _has_offset(actual) and same(value, actual, True)
            rule = "dates-in-utc" if _has_offset(step.sent[name]) else "naive-dates-are-utc"
            yield Assertion(rule, held, name, value, actual)
        else:
            is_id = name == "id" or name.endswith("_id")
            yield expect("ids-are-strings" if is_id else _answered(step), name, value, actual)
    if "email" in step.body and "email" in step.result and step.operation.resource != "tags":
        yield expect(_answered(step), "email", step.body["email"], step.result["email"])
    if step.outcome.matched_by == "new" and step.operation.resource != "tags":
        for name in _DEFAULTS.keys() & step.outcome.expected.keys() & step.result.keys() - step.sent.keys():
            is_instant = name in step.run.document.instants
            yield expect(_DEFAULTS[name], name, step.outcome.expected[name], step.result[name], is_instant)


@check("empty-fields-left-out")
def fields_without_a_value_are_left_out(step: Step) -> Assertions:
    """No field of a stored object is null."""
    if is_stored(step):
        empty = sorted(name for name, value in step.result.items() if value is None)
        yield expect("empty-fields-left-out", "fields that are null", [], empty)


@check("unknown-fields-accepted")
def unknown_fields_are_not_kept(step: Step) -> Assertions:
    """Fields that the contract does not know are accepted and not kept."""
    if is_stored(step) and step.operation.resource != "tags":
        for name in sorted(step.run.document.unknown_fields(step.operation, step.sent)):
            absent = name not in step.result
            yield Assertion("unknown-fields-accepted", absent, name, "not in the response", truncated(step))


_UPDATES = {
    "contact": "left-out-stays",
    "invoice": "invoice-left-out-stays",
    "subscription": "subscription-left-out-stays",
}


@check(*_UPDATES.values())
def what_is_left_out_stays(step: Step) -> Assertions:
    """Fields that an update leaves out stay as they are."""
    if is_stored(step) and step.outcome.matched_by != "new" and step.operation.resource in _UPDATES:
        rule = _UPDATES[step.operation.resource]
        always_new = {"last_updated"} if rule == "left-out-stays" else {"contact_id", "email", "items"}
        shown = step.run.shown_fields[step.operation.resource]
        for name in (step.outcome.before.keys() & shown) - step.sent.keys() - always_new:
            if name == "tags":
                yield from expect_tags(step, rule, rule)
            elif name in step.result or step.outcome.expected[name] not in (None, ""):
                # An empty text may be left out of the answer, like a field without a value.
                is_instant = name in step.run.document.instants
                yield expect(rule, name, step.outcome.expected[name], step.result.get(name), is_instant)


@check("id-before-email", "contact-rekeyed", "oldest-of-shared-email", "contact-id-generated")
def contact_is_found_by_id_then_email(step: Step) -> Assertions:
    """The contact is searched by id, then by email; a new id goes to the contact that has the email."""
    if not is_stored(step) or step.operation.name != "upsert_contact":
        return
    expected, actual = step.outcome.expected["contact_id"], step.result["contact_id"]
    if step.outcome.matched_by == "id":
        yield expect("id-before-email", "contact_id", expected, actual)
    elif step.outcome.matched_by == "new" and "contact_id" not in step.body:
        generated = isinstance(actual, str) and actual != ""
        yield Assertion("contact-id-generated", generated, "contact_id", "an id that the server generated", actual)
    elif step.outcome.matched_by == "email":
        shared = len(step.run.model.with_email(step.body["email"])) > 1
        by_email = "oldest-of-shared-email" if shared else "id-before-email"
        yield expect("contact-rekeyed" if "contact_id" in step.body else by_email, "contact_id", expected, actual)


@check("tags-replaced", "kept-tag-keeps-date", "tag-date-defaults-to-now", "tag-text-is-name-or-id", "tag-id-generated")
def tags_of_an_update_replace_the_old(step: Step) -> Assertions:
    """`tags` of an update replaces all; a tag that is kept keeps its date, a new one without a date gets now."""
    if is_stored(step) and step.operation.name == "upsert_contact" and "tags" in step.body:
        yield from expect_tags(step, "tags-replaced", "kept-tag-keeps-date")
        yield from _tag_forms(step)


@check("added-tags-join", "tag-date-defaults-to-now", "tag-text-is-name-or-id", "tag-id-generated")
def added_tags_join_the_others(step: Step) -> Assertions:
    """Added tags join those that the contact has."""
    if is_stored(step) and step.operation.name == "add_tags":
        yield from expect_tags(step, "added-tags-join", "added-tags-join")
        yield from _tag_forms(step)


@check("removed-tags-go", "absent-tag-is-no-error")
def removed_tags_go_and_the_others_stay(step: Step) -> Assertions:
    """Removed tags go, the others stay; a tag that the contact does not have is not an error."""
    if is_stored(step) and step.operation.name == "remove_tags":
        removed = len(step.outcome.before["tags"]) != len(step.outcome.expected["tags"])
        yield from expect_tags(step, "removed-tags-go" if removed else "absent-tag-is-no-error", "removed-tags-go")


@check("custom-fields-merged", "custom-field-null-removes")
def custom_fields_are_merged(step: Step) -> Assertions:
    """Custom fields are merged into the stored ones; null removes one."""
    if is_stored(step) and "custom_fields" in step.body and "custom_fields" in step.result:
        expected, actual = step.outcome.expected["custom_fields"], step.result["custom_fields"]
        removed = {name for name, value in step.body["custom_fields"].items() if value is None}
        if removed:
            yield expect("custom-field-null-removes", "custom_fields", [], sorted(removed & actual.keys()))
        kept = {name: value for name, value in actual.items() if name not in removed}
        yield expect("custom-fields-merged", "custom_fields", expected, kept)


@check("stored-object-answered", "empty-status-says-nothing", "empty-status-accepted")
def empty_status_says_nothing(step: Step) -> Assertions:
    """A `status` of "" or null changes nothing; any other is stored."""
    if (
        is_stored(step)
        and step.operation.name == "upsert_contact"
        and "status" in step.body
        and "status" in step.result
    ):
        rule = "stored-object-answered" if step.body["status"] else "empty-status-says-nothing"
        if not step.body["status"]:
            yield expect("empty-status-accepted", "status", 200, step.status)
        yield expect(rule, "status", step.outcome.expected["status"], step.result["status"])


@check(
    *(
        f"{kind}-{rule}"
        for kind in ("invoice", "subscription")
        for rule in ("joins-by-email", "joins-at-once", "contact-replaced")
    )
)
def purchase_belongs_to_its_contact(step: Step) -> Assertions:
    """An order or subscription belongs to the contact that the call names, by id or by email."""
    kind = step.operation.resource
    if is_stored(step) and kind in step.run.model.shows_contact:
        expected, before = step.outcome.expected["contact_id"], step.outcome.before.get("contact_id", ANY)
        if before not in (ANY, expected):
            rule = f"{kind}-contact-replaced"
        else:
            stays = before is not ANY and before is not None and "contact_id" not in step.body
            rule = f"{kind}-joins-at-once" if stays else f"{kind}-joins-by-email"
        yield expect(rule, "contact_id", expected, step.result.get("contact_id"))


@check("invoice-items-replaced", "item-id-defaults")
def items_are_replaced(step: Step) -> Assertions:
    """An update replaces the items; one without an id gets the order's id, a dash and its number."""
    if is_stored(step) and step.operation.name == "upsert_invoice" and "items" in step.result:
        expected, actual = step.outcome.expected["items"], step.result["items"]
        yield expect("invoice-items-replaced", "number of items", len(expected), len(actual))
        for sent, wanted, item in zip(step.body["items"], expected, actual, strict=False):
            yield expect(
                "invoice-items-replaced" if "id" in sent else "item-id-defaults", "id", wanted["id"], item["id"]
            )
            known = [name for name in wanted if name in item]
            yield expect(
                "invoice-items-replaced",
                "item",
                {name: wanted[name] for name in known},
                {name: item[name] for name in known},
            )


@check("product-updated")
def product_is_updated(step: Step) -> Assertions:
    """The same product again is updated."""
    updated = is_stored(step) and step.operation.name == "upsert_product" and step.outcome.matched_by == "id"
    if updated and "name" in step.result:
        yield expect("product-updated", "name", step.body["name"], step.result["name"])


@check(
    "ad-figures-updated",
    "ad-figures-left-out-stay",
    "ad-lists",
    "ad-day-in-utc",
    "bare-ad-id-accepted",
    "other-objects-answered",
)
def figures_are_those_of_the_day(step: Step) -> Assertions:
    """Figures are stored for each ad and its day in UTC; the same ad and day again updates them."""
    if not step.applied or step.operation.name != "record_ad_performance" or step.result is None:
        return
    sent, expected, actual = step.sent["ad"], step.outcome.expected, step.result
    several = isinstance(sent, list)
    yield Assertion("ad-lists", isinstance(actual, list) == several, "ad_performance", expected, actual)
    if isinstance(actual, list) != several:
        return
    by_ad = {row["ad"]: row for row in (actual if several else [actual])}
    wanted = {row["ad"]: row for row in (expected if several else [expected])}
    rule = "ad-lists" if several else "other-objects-answered" if isinstance(sent, dict) else "bare-ad-id-accepted"
    yield expect(rule, "ads", sorted(wanted), sorted(by_ad))
    for ad in wanted.keys() & by_ad.keys():
        yield expect("ad-day-in-utc", "date", wanted[ad]["date"], by_ad[ad]["date"])
        for name in wanted[ad].keys() & by_ad[ad].keys() - {"ad", "date"}:
            updated = "ad-figures-updated" if name in step.sent else "ad-figures-left-out-stay"
            rule = updated if step.outcome.matched_by == "id" else "other-objects-answered"
            yield expect(rule, name, wanted[ad][name], by_ad[ad][name])


def _tag_forms(step: Step) -> Assertions:
    """Assert that every tag sent was read by its form: a number is an id, a text a name or an id."""
    # An object with id and name may give another id or name to a tag that the same call names too.
    renames = any(isinstance(tag, dict) and {"id", "name"} <= tag.keys() for tag in step.body["tags"])
    if "tags" not in step.result or renames:
        return
    ids, names = {tag["id"] for tag in step.result["tags"]}, {tag.get("name") for tag in step.result["tags"]}
    for tag in step.body["tags"]:
        if isinstance(tag, int):
            yield Assertion("tag-text-is-name-or-id", str(tag) in ids, "tags", {"id": str(tag)}, step.result["tags"])
        elif isinstance(tag, str):
            found = tag in ids or tag in names
            yield Assertion("tag-text-is-name-or-id", found, "tags", f"a tag '{tag}'", step.result["tags"])
            have_ids = all(isinstance(id, str) and id for id in ids)
            yield Assertion("tag-id-generated", have_ids, "tags", "an id for each", step.result["tags"])


def _answered(step: Step) -> str:
    """Return the rule that the stored object is answered under its name."""
    seen_in_clients = step.operation.resource in ("contact", "subscription")
    return "stored-object-answered" if seen_in_clients else "other-objects-answered"


def _has_offset(text: Any) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
