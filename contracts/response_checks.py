"""Checks of every response: its status, and the envelope that it is in."""

from typing import Any

from contracts.checks import Assertion, Assertions, check, errors_of, expect, truncated
from contracts.evidence import ACCEPTANCE, BAD_DATA, INVALID, READABLE
from contracts.model import MAX_BODY_BYTES, exceeds_limits
from contracts.run import Step


@check("success-envelope", *ACCEPTANCE, always=True)
def success_is_200_in_its_envelope(step: Step) -> Assertions:
    """A valid call succeeds with 200, JSON and `status` `success`."""
    if step.acceptance:
        is_refused = 400 <= step.status < 500
        yield expect(
            step.acceptance if is_refused or step.status == 200 else "success-envelope", "status", 200, step.status
        )
        if step.status == 200:
            yield expect("success-envelope", "content type", "application/json", _media_type(step))
            yield expect("success-envelope", "body", {"status": "success"}, _part(step.json, "status"))


@check("error-envelope", "error-envelope-elsewhere", always=True)
def error_is_in_its_envelope(step: Step) -> Assertions:
    """An error is JSON with `status` `error` and a list of texts, `errors`."""
    if 400 <= step.status < 600 and step.request.method != "HEAD":
        rule = envelope_rule(step)
        yield expect(rule, "content type", "application/json", _media_type(step), of=step)
        errors = errors_of(step)
        are_texts = bool(errors) and all(isinstance(text, str) for text in errors)
        yield Assertion(
            rule,
            are_texts and _part(step.json, "status") == {"status": "error"},
            "body",
            {"status": "error", "errors": ["…"]},
            truncated(step),
            step.request,
        )


def envelope_rule(step: Step) -> str:
    """Return the rule that says in which envelope an error is: the reference shows it for missing data."""
    return "error-envelope" if step.refusal == BAD_DATA else "error-envelope-elsewhere"


@check(BAD_DATA, READABLE, INVALID, "broken-json-400", always=True)
def bad_data_is_400(step: Step) -> Assertions:
    """A correctly addressed call whose data breaks the document is 400."""
    # A body over the limit is not read, so nobody sees what else is wrong with it: `body-limit-413`.
    is_read = int(step.request.headers.get("Content-Length", 0)) <= MAX_BODY_BYTES
    if step.addressed and not step.valid and is_read:
        yield expect(step.refusal, "status", 400, step.status)


@check("missing-field-text", always=True)
def missing_field_is_reported(step: Step) -> Assertions:
    """A required field that is missing is reported as `missing 'id' field `, with the blank at its end."""
    readable = isinstance(step.sent, dict) and not exceeds_limits(step.sent)
    if step.addressed and not step.valid and step.status == 400 and readable:
        for name in step.operation.required:
            if name not in step.sent:
                text = f"missing '{name}' field "
                yield Assertion("missing-field-text", text in errors_of(step), "errors", text, errors_of(step))


_EXPECTED_ERRORS = (
    "unknown-contact-404", "unknown-invoice-404", "unknown-subscription-404", "tags-need-contact",
    "removal-needs-contact", "invoice-unknown-contact-400", "subscription-unknown-contact-400", "json-limits-400",
    "invoice-contact-must-exist", "subscription-contact-must-exist",
)  # fmt: skip


@check(*_EXPECTED_ERRORS, always=True)
def what_does_not_exist_is_refused(step: Step) -> Assertions:
    """A valid call that names what does not exist is refused."""
    if step.expected_error:
        yield expect(step.expected_error.rule, "status", step.expected_error.status, step.status)
        if step.expected_error.rule.endswith("-unknown-contact-400"):
            held = not 200 <= step.status < 300
            yield Assertion(f"{step.operation.resource}-contact-must-exist", held, "status", "an error", step.status)


def _media_type(step: Step) -> str:
    return step.headers.get("content-type", "").partition(";")[0].strip().lower()


def _part(body: Any, name: str) -> Any:
    return {name: body[name]} if isinstance(body, dict) and name in body else body
