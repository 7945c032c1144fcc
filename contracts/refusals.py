"""The laws of calls that must be refused, and change nothing."""

from typing import Any

from contracts.answers import refusal_is_in_its_envelope
from contracts.laws import Claim, Claims, claim, errors_of, id_of, label, law
from contracts.run import Step
from contracts.world import Row, dumps


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
