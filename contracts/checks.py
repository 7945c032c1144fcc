"""Checks: what must hold of a call beyond the document's schemas, each with the `x-rules` that it proves.

A check is a generator of assertions about one step. They are defined in the modules `…_checks`: what every response
must have, what one shows of the stored object, what only further calls or the reading API show, and what is refused.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from requests import PreparedRequest

from contracts.document import parse_instant
from contracts.model import ANY, NOW, Row
from contracts.run import Run, Step

# Rules that no call can prove, and why.
UNOBSERVABLE = {
    "invoice-keeps-product-names": "no call lists the products",
    "subscription-keeps-product-names": "no call lists the products",
    "invoice-creates-products": "no call lists the products",
    "subscription-creates-product": "no call lists the products",
    "ad-object-creates-or-updates": "no call returns an ad, a set or a campaign",
    "ad-parents": "no call returns an ad, a set or a campaign",
    "session-made": "no call shows what was sent to tracking",
    "session-identified-once": "no call shows what was sent to tracking",
    "read-at-most-a-thousand": "no run makes so many orders of one contact",
}
# What only the reading API shows of the import API's rules.
_ONLY_READ = ("rekeyed-orders-follow",)
_FAKES_ONLY = ("read-unplayed-501",)


def unobservable(run: Run) -> dict[str, str]:
    """Return the rules that no call of a run can prove, and why."""
    found = dict(UNOBSERVABLE)
    for rule in run.document.rules.values():
        if (rule.operation == "read_contact" or rule.name in _ONLY_READ) and not run.reading:
            found[rule.name] = "only the reading API shows it; name it with --reading-url"
        if (rule.operation == "identify" or rule.name in _FAKES_ONLY) and not run.tracking:
            found.setdefault(rule.name, "what is sent to tracking cannot be undone, so only a fake gets anything")
    return found


CLOCK_TOLERANCE = timedelta(minutes=2)

Assertions = Iterator["Assertion"]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One thing that a rule says of a step. `subject`: a field, or a follow-up call.

    `request`: of the follow-up call whose response shows it; None for that of the step.
    """

    rule: str
    held: bool
    subject: str
    expected: Any
    actual: Any
    request: PreparedRequest | None = None


class Answered(Protocol):
    """A response, or a step: what has the request that it answers."""

    @property
    def request(self) -> PreparedRequest: ...


@dataclass(frozen=True, slots=True)
class Check:
    """`always`: run on every response, not only on those that the document's schemas accept."""

    name: str
    text: str
    rules: tuple[str, ...]
    run: Callable[[Step], Assertions]
    always: bool


CHECKS: list[Check] = []


def check(*rules: str, always: bool = False) -> Callable[[Callable[[Step], Assertions]], Callable[[Step], Assertions]]:
    """Register a generator of assertions. Its docstring is what a user reads; `rules` are those that it may prove."""

    def register(run: Callable[[Step], Assertions]) -> Callable[[Step], Assertions]:
        CHECKS.append(Check(run.__name__, (run.__doc__ or "").strip(), rules, run, always))
        return run

    return register


def is_stored(step: Step) -> bool:
    """Return whether the step is a successful upsert whose response shows one object."""
    return step.applied and step.operation.method == "POST" and isinstance(step.result, dict)


def expect(
    rule: str, subject: str, expected: Any, actual: Any, instants: bool = False, of: Answered | None = None
) -> Assertion:
    """Compare. `of`: the follow-up call that shows `actual`."""
    return Assertion(
        rule, same(expected, actual, instants), subject, expected, actual, None if of is None else of.request
    )


def same(expected: Any, actual: Any, instants: bool = False) -> bool:
    """Compare as JSON values; ANY equals everything, `instants` compares dates as instants to the second."""
    if expected == ANY or (isinstance(expected, str) and expected == actual):
        return True
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            same(expected[name], actual[name], instants) for name in expected
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if instants and isinstance(expected, str) and isinstance(actual, str):
        try:
            moment = datetime.now(UTC) if expected == NOW else parse_instant(expected)
            tolerance = CLOCK_TOLERANCE if expected == NOW else timedelta(seconds=1)
            return abs(moment - parse_instant(actual)) < tolerance
        except (ValueError, OverflowError):
            return False
    return bool(expected == actual) and isinstance(expected, bool) == isinstance(actual, bool)


def expect_tags(step: Step, names_rule: str, dates_rule: str) -> Assertions:
    """Compare the contact's tags in the response of the step, in any order, and their dates."""
    if "tags" not in step.result:
        return
    expected, actual = step.outcome.expected["tags"], step.result["tags"]
    by_id = {tag["id"]: tag for tag in actual}
    yield expect(names_rule, "tags", sorted(map(label, expected)), sorted(map(label, actual)), of=step)
    before = {tag["id"] for tag in step.outcome.before.get("tags", ())}
    for tag in expected:
        if tag["id"] in by_id:
            new = tag["date"] == NOW
            rule = "tag-date-defaults-to-now" if new else dates_rule if tag["id"] in before else "dates-in-utc"
            yield expect(rule, f"date of tag {label(tag)}", tag["date"], by_id[tag["id"]]["date"], True, step)


def label(tag: Row) -> str:
    return f"{tag['id']}={tag.get('name')}"


def id_of(step: Step) -> str:
    """Return the id in the response, or an empty text."""
    result = step.result if isinstance(step.result, dict) else {}
    return str(result.get("contact_id" if step.operation.resource in ("contact", "tags") else "id", ""))


def errors_of(step: Step) -> list[Any]:
    errors = step.json.get("errors") if isinstance(step.json, dict) else None
    return errors if isinstance(errors, list) else []


def expected_status(step: Step) -> Any:
    """Return the status that the model expects."""
    if step.uncertain:
        return ANY
    return step.expected_error.status if step.expected_error else 200


def expect_accepted(step: Step) -> Assertions:
    """Assert that a valid call of the suite's own is accepted."""
    if step.acceptance:
        yield expect(step.acceptance, f"status of {step.operation.name}", 200, step.status, of=step)


def truncated(step: Step) -> str:
    """Return the text of a response, or its beginning."""
    text = step.content.decode("utf-8", "replace")
    return text if len(text) < 300 else f"{text[:299]}…"
