"""What can be found about an exchange: the catalogue of findings, and a finding.

Findings are data, never exceptions. The catalogue alone states the severity and the meaning of a code; a place that
raises a finding states the code and the data, `messages` the text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from mock_server.messages import message_of

Severity = Literal["violation", "warning", "notice"]
Evidence = Literal["documented", "integrator", "client", "assumed"]
FailOn = Literal["violation", "warning", "notice", "never"]

EVIDENCE_MEANINGS: Mapping[Evidence, str] = {
    "documented": "the vendor's developer reference says so",
    "integrator": "the module pages of Boost.space Integrator and Make show it",
    "client": "seen in the code of public clients",
    "assumed": "not documented anywhere; the least surprising choice",
}
# The gravest first.
SEVERITIES: tuple[Severity, ...] = ("violation", "warning", "notice")
# The least severity that fails a run.
FAIL_ON: tuple[FailOn, ...] = (*SEVERITIES, "never")


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A kind of finding, as the documentation shows it.

    `rules`: the names of the document's `x-rules` that it is about; those of other operations do not count.
    """

    severity: Severity
    meaning: str
    rules: tuple[str, ...] = ()


def _violation(meaning: str, *rules: str) -> FindingKind:
    return FindingKind("violation", meaning, rules)


def _warning(meaning: str, *rules: str) -> FindingKind:
    return FindingKind("warning", meaning, rules)


def _notice(meaning: str, *rules: str) -> FindingKind:
    return FindingKind("notice", meaning, rules)


CATALOGUE: Mapping[str, FindingKind] = {
    "missing-field": _violation(
        "a required field is missing",
        "missing-field-text",
        "bad-data-400",
        "identify-needs-email-or-contact",
        "identify-without-either-400",
    ),
    "bad-value": _violation(
        "a value is not what its schema allows",
        "bad-data-400",
        "invalid-values-400",
        "readable-values-refused",
        "read-unknown-list-400",
    ),
    "broken-json": _violation(
        "the body is empty, not JSON, too deep, or has an integer over 64 bits", "broken-json-400", "json-limits-400"
    ),
    "wrong-media-type": _violation("a body without `Content-Type: application/json`", "other-media-type-415"),
    "body-too-large": _violation("a body over the limit", "body-limit-413"),
    "bad-path": _violation("a path that is not percent-encoded UTF-8"),
    "missing-key": _violation("no `Authorization` header", "key-checked", "read-key-401"),
    "wrong-key": _violation("an API key that is unknown, or another account's", "key-checked", "read-key-401"),
    "unknown-account": _violation(
        "an account that does not exist", "unknown-integration-404", "identify-unknown-account-404"
    ),
    "unknown-integration": _violation("an integration that the account does not have", "unknown-integration-404"),
    "unknown-path": _violation(
        "a path that the API does not have; names the closest operation, or all", "unknown-path-404"
    ),
    "not-played": _warning(
        "a path that the API has and the fake does not play; the call is not judged", "read-unplayed-501"
    ),
    "unknown-method": _violation("another method on a known path", "other-method-405"),
    "insecure-scheme": _violation("a production host was called over plain http: key and data went out in clear text"),
    "refused-by-guard": _violation("a call with a foreign Host, or from a page of another site; it was not looked at"),
    "unknown-contact": _violation(
        "an order or subscription for a `contact_id` that does not exist",
        "invoice-contact-must-exist",
        "invoice-contact-account-wide",
        "subscription-contact-must-exist",
        "subscription-contact-account-wide",
    ),
    "invisible-character": _violation(
        "other blanks, zero-width characters, a byte-order mark or `mailto:` in an email, an id or a tag's name"
    ),
    "bad-answer": _violation("an answer of the fake itself breaks the contract; with `--check-answers`"),
    "key-prefix": _violation(
        "the key came with `Bearer`, `Token`, quotes or the like around it: 401, read without them in lenient mode",
        "key-is-bare",
        "key-prefix-401",
    ),
    "tags-dropped": _warning("a contact's update replaced its tags and dropped some", "tags-replaced"),
    "contact-rekeyed": _warning(
        "a known email came with a new `contact_id`, which its contact took",
        "id-before-email",
        "contact-rekeyed",
        "rekeyed-orders-follow",
    ),
    "shared-email-deleted": _warning("a deletion by email took several contacts", "deleted-by-email-all"),
    "items-amount-mismatch": _warning("the items do not add up to the order's amount"),
    "paid-exceeds-amount": _warning("more was paid than the order's amount"),
    "unmatched-email": _warning(
        "an order or subscription by an email that no contact has",
        "invoice-joins-by-email",
        "subscription-joins-by-email",
    ),
    "not-found": _warning(
        "a 404: the contact, order or subscription that the call names does not exist",
        "unknown-contact-404",
        "unknown-invoice-404",
        "unknown-subscription-404",
        "read-unknown-contact-404",
    ),
    "misspelled-field": _warning(
        "a field that the contract does not know, near one that it knows; it is not kept", "unknown-fields-accepted"
    ),
    "former-name": _warning("a parameter under the name that it had until 2026-05-20", "former-names-accepted"),
    "repeated-parameter": _warning("a parameter that is sent twice; only its last value counts"),
    "decimal-money": _warning("money with a decimal point that is a whole number: `49.0` is 49 cents"),
    "missing-ad-field": _warning(
        "an ad, set or campaign without its name; a notice without its set or campaign",
        "incomplete-ad-objects-accepted",
    ),
    "duplicate-item-id": _warning("one id twice in the items or the ads, sets or campaigns of one call"),
    "duplicate-tag": _warning("one tag twice in one call, or two that differ by case, blanks or Unicode form alone"),
    "integration-kind": _warning("ad figures into a payments integration, or orders into an ads one"),
    "retry-after-400": _warning("a call that was refused with 400 is sent again unchanged", "bad-data-400"),
    "no-retry": _warning("a call whose answer was lost, by a fault or because the client left, is never sent again"),
    "retry-without-pause": _warning("such a call is sent again at once"),
    "retry-after-ignored": _warning("such a call is sent again sooner than the `Retry-After` of its answer asked"),
    "not-converged": _violation("after such a call comes another id for the same data, or other data for the id"),
    "shared-email-made": _notice(
        "a known id came with the email of another contact: two have it now", "known-id-keeps-email-apart"
    ),
    "digits-as-tag-name": _notice(
        "a text of digits became a tag's name, as no tag has it as its id", "tag-text-is-name-or-id"
    ),
    "unknown-field": _notice("a field that the contract does not know; it is not kept", "unknown-fields-accepted"),
    "answer-abandoned": _notice("the client left before the answer was out: it counts as a lost answer"),
    "naive-date": _notice("a date without an offset; it is taken as UTC", "naive-dates-are-utc"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed about an exchange.

    `pointer`: a JSON pointer into the request, such as `/body/items/0/amount`.
    `message`: what was sent, what is expected, what to do.
    `evidence`: how we know that it is expected.
    """

    code: str
    severity: Severity
    pointer: str
    message: str
    evidence: Evidence

    @classmethod
    def of(cls, code: str, pointer: str, evidence: Evidence, *, case: str = "", **data: object) -> Self:
        """Return a finding with the text that `messages` has for the code and case, filled in with the data.

        Raises KeyError for a code that is not in the catalogue.
        """
        return cls(code, CATALOGUE[code].severity, pointer, message_of(code, case, data), evidence)


def gravest(findings: Iterable[Finding]) -> Severity | None:
    """Return the gravest severity among findings."""
    return min((finding.severity for finding in findings), key=SEVERITIES.index, default=None)


def fails(severity: Severity, fail_on: FailOn) -> bool:
    """Return whether a finding of the severity fails a run; `fail_on`: the least severity that does."""
    return fail_on != "never" and SEVERITIES.index(severity) <= SEVERITIES.index(fail_on)
