"""Laws: what must hold of a call beyond the document's schemas, each with the `x-rules` that it proves.

A law is a generator of claims about one step. They stand in `answers`; in `further_calls`, where an answer alone
cannot show it; and in `refusals`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.document import instant
from contracts.run import Step
from contracts.world import ANY, NOW, Row

UNSEEN = {
    "rekeyed-orders-follow": "no call shows whose an order is without saying it anew",
    "invoice-creates-products": "no call shows which products there are",
    "subscription-creates-product": "no call shows which products there are",
    "ad-object-creates-or-updates": "no call shows an ad, a set or a campaign",
    "ad-parents": "no call shows an ad, a set or a campaign",
}
"""Rules that calls of the import API cannot prove, and why."""

INSTANTS = frozenset(
    ("date_created", "last_updated", "start_date", "trial_end_date", "last_bill_date", "end_date", "canceled_date")
)
CLOCKS_APART = timedelta(minutes=2)

Claims = Iterator["Claim"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a rule says of a step. `about`: a field, or a further call that was made."""

    rule: str
    held: bool
    about: str
    expected: Any
    got: Any


@dataclass(frozen=True, slots=True)
class Law:
    """`always`: judged of every answer, not only of those that the document's schemas take."""

    name: str
    text: str
    rules: tuple[str, ...]
    judge: Callable[[Step], Claims]
    always: bool


LAWS: list[Law] = []


def law(*rules: str, always: bool = False) -> Callable[[Callable[[Step], Claims]], Callable[[Step], Claims]]:
    """Makes a generator of claims a law. Its docstring is what a user reads; `rules` are those that it may claim."""

    def register(judge: Callable[[Step], Claims]) -> Callable[[Step], Claims]:
        LAWS.append(Law(judge.__name__, (judge.__doc__ or "").strip(), rules, judge, always))
        return judge

    return register


def stored(step: Step) -> bool:
    """Whether the step is an answered upsert that shows one object."""
    return step.done and step.operation.method == "POST" and isinstance(step.shown, dict)


def claim(rule: str, about: str, expected: Any, got: Any, instants: bool = False) -> Claim:
    return Claim(rule, same(expected, got, instants), about, expected, got)


def same(expected: Any, got: Any, instants: bool = False) -> bool:
    """Equal as JSON values; ANY is equal to all, dates are compared as instants to the second."""
    if expected == ANY or (isinstance(expected, str) and expected == got):
        return True
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(expected[name], got[name], instants) for name in expected)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if instants and isinstance(expected, str) and isinstance(got, str):
        try:
            moment = datetime.now(UTC) if expected == NOW else instant(expected)
            return abs(moment - instant(got)) < (CLOCKS_APART if expected == NOW else timedelta(seconds=1))
        except (ValueError, OverflowError):
            return False
    return bool(expected == got) and isinstance(expected, bool) == isinstance(got, bool)


def tags_of(step: Step, names_rule: str, dates_rule: str) -> Claims:
    """The tags that the contact must have now, without regard to order, and their dates."""
    if "tags" not in step.shown:
        return
    expected, got = step.outcome.expected["tags"], step.shown["tags"]
    shown = {tag["id"]: tag for tag in got}
    yield claim(names_rule, "tags", sorted(map(label, expected)), sorted(map(label, got)))
    before = {tag["id"] for tag in step.outcome.before.get("tags", ())}
    for tag in expected:
        if tag["id"] in shown:
            new = tag["date"] == NOW
            rule = "tag-date-defaults-to-now" if new else dates_rule if tag["id"] in before else "dates-in-utc"
            yield claim(rule, f"date of tag {label(tag)}", tag["date"], shown[tag["id"]]["date"], True)


def label(tag: Row) -> str:
    return f"{tag['id']}={tag['name']}"


def id_of(step: Step) -> str:
    shown = step.shown if isinstance(step.shown, dict) else {}
    return str(shown.get("contact_id" if step.operation.resource in ("contact", "tags") else "id", ""))


def errors_of(step: Step) -> list[Any]:
    errors = step.answer.get("errors") if isinstance(step.answer, dict) else None
    return errors if isinstance(errors, list) else []


def foreseen(step: Step) -> int:
    """The status that the world says the step must have."""
    return step.refusal.status if step.refusal else 200
