"""Checks of calls that must be rejected, and change nothing."""

from typing import Any

from contracts.checks import Assertion, Assertions, check, errors_of, expect, id_of, label
from contracts.evidence import BAD_DATA, INVALID, READABLE
from contracts.model import Row, dumps
from contracts.response_checks import error_is_in_its_envelope
from contracts.run import Step


@check("key-checked", "key-is-bare", "key-prefix-401", always=True)
def key_is_checked(step: Step) -> Assertions:
    """A missing or unknown key is 401, and so is the key of another account."""
    run, operation = step.run, step.operation
    if step.acceptance:
        accepted = step.status not in (401, 403)
        yield Assertion("key-is-bare", accepted, "status with the bare key", "neither 401 nor 403", step.status)
    if not step.addressed and step.request.headers.get("Authorization") is None:
        yield Assertion("key-checked", not 200 <= step.status < 300, "status without a key", "an error", step.status)
    if step.applied and run.first("key", operation, 2):
        keys = {"no key": None, "an unknown key": "no-such-key-0123456789", "a longer key": f"{_key(step)}0"}
        if run.second_api:
            keys["another account's key"] = run.second_api.credentials.api_key
        for subject, key in keys.items():
            response = run.api.send(operation.method, _path(step), step.sent, Authorization=key)
            yield expect("key-checked", f"the same call with {subject}", 401, response.status_code, of=response)
        response = run.api.send(operation.method, _path(step), step.sent, Authorization=f"Bearer {_key(step)}")
        subject = "the same call with Bearer before the key"
        yield expect("key-prefix-401", subject, 401, response.status_code, of=response)


@check("integrations-apart", "unknown-integration-404")
def others_see_and_touch_nothing(step: Step) -> Assertions:
    """No other integration or account sees or touches what one has stored; one that does not exist is 404."""
    run, kind = step.run, step.operation.resource
    if not step.applied or step.operation.name not in ("upsert_contact", "upsert_invoice", "upsert_subscription"):
        return
    if not run.sampled("apart", step.operation):
        return
    path = run.path(run.document.operations[f"delete_{kind}"], id_of(step))
    if run.ads_id:
        response = run.api.send("DELETE", path, integration_id=run.ads_id)
        subject = f"DELETE {path} in the integration {run.ads_id}"
        yield expect("integrations-apart", subject, 404, response.status_code, of=response)
    if run.second_api:
        response = run.second_api.send("DELETE", path)
        subject = f"DELETE {path} in another account"
        yield expect("integrations-apart", subject, 404, response.status_code, of=response)
    nowhere = f"{run.prefix}nowhere"
    for response, where in (
        (run.api.send("DELETE", path, integration_id=nowhere), "integration"),
        (run.api.send("DELETE", path, account_id=nowhere), "account"),
    ):
        subject = f"DELETE {path} in an unknown {where}"
        yield expect("unknown-integration-404", subject, 404, response.status_code, of=response)
    yield from _unchanged(step, "integrations-apart")


@check("broken-json-400", "other-media-type-415", "body-limit-413", "json-limits-400")
def unreadable_bodies_are_refused(step: Step) -> Assertions:
    """Broken JSON is 400, another media type 415, a body over the limit 413; nothing of it is stored."""
    run, operation = step.run, step.operation
    if not step.applied or operation.method != "POST" or not run.first("unreadable", operation, 3):
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
    for rule, subject, status, body, media_type in bodies:
        if rule == "body-limit-413" and not run.first("limit", operation):
            continue
        refused = run.perform(operation.name, raw=body, Content_Type=media_type)
        yield expect(rule, f"the same call with {subject}", status, refused.status, of=refused)
    yield from _unchanged(step, "broken-json-400")


@check(
    "all-errors-at-once",
    "missing-field-text",
    "bad-data-400",
    "invalid-values-400",
    "error-envelope",
    "error-envelope-elsewhere",
)
def all_errors_are_listed_at_once(step: Step) -> Assertions:
    """All errors of a body are listed in one response, each with the path of its field; nothing of it is stored."""
    run, operation = step.run, step.operation
    if not step.applied or operation.body is None or not run.first("at once", operation, 2):
        return
    wrong: Row = {"first_name": 7, "status": "gone"} if operation.resource == "contact" else {}
    kept = {name: value for name, value in step.sent.items() if name not in operation.required}
    response = run.perform(operation.name, kept | wrong)
    errors = errors_of(response)
    yield expect(response.refusal, "status of a body with several errors", 400, response.status, of=response)
    yield from error_is_in_its_envelope(response)
    for name in operation.required:
        text = f"missing '{name}' field "
        yield Assertion("missing-field-text", text in errors, "errors", text, errors, response.request)
    unnamed = [name for name in (*operation.required, *wrong) if not any(name in text for text in errors)]
    named = f"texts that name {', '.join(unnamed)} too"
    yield Assertion("all-errors-at-once", not unnamed, "errors", named, errors, response.request)
    yield from _unchanged(step, response.refusal)


_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    "0",
    "4500",
    "",
    "x" * 256,
    "a\u0000b",
    [],
    {},
    [None],
    "2023-02-29",
)


@check(BAD_DATA, READABLE, INVALID)
def odd_values_are_400(step: Step) -> Assertions:
    """Each field refuses what the document does not allow, such as null and an empty text."""
    run, operation = step.run, step.operation
    if not step.applied or operation.body is None or not run.first("odd values", operation):
        return
    for name in step.sent:
        for value in _ODD_VALUES:
            body = step.sent | {name: value}
            if not run.document.fits(operation, "", body):
                refused = run.perform(operation.name, body)
                subject = f"status with {name} as {dumps(value).decode():.40}"
                yield expect(refused.refusal, subject, 400, refused.status, of=refused)


@check("unknown-path-404", "other-method-405")
def what_the_api_does_not_have_is_refused(step: Step) -> Assertions:
    """An unknown path is 404; another method on a known path is 405 with `Allow`."""
    run, operation = step.run, step.operation
    if step.applied and run.first("elsewhere", operation):
        nowhere = f"{_path(step)}/nothing/here"
        response = run.api.send(operation.method, nowhere, step.sent)
        yield expect("unknown-path-404", f"{operation.method} {nowhere}", 404, response.status_code, of=response)
        for method in ("GET", "PUT", "PATCH"):
            response = run.api.send(method, _path(step))
            subject = f"{method} of the same path"
            yield expect("other-method-405", subject, 405, response.status_code, of=response)
            if response.status_code == 405:
                allow = response.headers.get("Allow")
                allowed = operation.method in (allow or "").replace(" ", "").split(",")
                yield Assertion("other-method-405", allowed, "Allow", operation.method, allow, response.request)


def _unchanged(step: Step, rule: str) -> Assertions:
    """Assert that the contact is as before, by an update that changes nothing and so shows it."""
    if step.operation.name == "upsert_contact" and (contact_id := id_of(step)):
        now = step.run.perform("upsert_contact", {"contact_id": contact_id})
        if now.applied and isinstance(now.result, dict):
            known = now.outcome.expected.keys() & now.result.keys() - {"last_updated"}
            expected, actual = ({name: row[name] for name in known} for row in (now.outcome.expected, now.result))
            expected_tags, tags = (sorted(map(label, row.pop("tags", ()))) for row in (expected, actual))
            yield expect(rule, "the contact after the refused calls", expected, actual, True, now)
            yield expect(rule, "its tags after the refused calls", expected_tags, tags, of=now)


def _path(step: Step) -> str:
    return step.run.path(step.operation, step.path_id)


def _key(step: Step) -> str:
    return step.run.api.credentials.api_key


def _with(body: Any, value: Any) -> bytes:
    return dumps(body | {"custom_fields": {"added": value}})
