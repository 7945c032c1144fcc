"""Checks of what is not about stored objects: the paths of reading that a fake leaves out, and tracking."""

from contracts.checks import Assertions, check, expect
from contracts.run import Step

_UNPLAYED = ("/report/leads", "/report/ads/7/contacts", "/settings/snippet", "/nowhere")


@check("read-unplayed-501")
def what_a_fake_does_not_read_is_501(step: Step) -> Assertions:
    """A fake answers what it does not play of the reading API with 501, never with 404."""
    run = step.run
    # Only a fake has tracking beside it, and the vendor's own API does have reports.
    if not run.reading or not run.tracking or not run.first("unplayed", step.operation):
        return
    for path in _UNPLAYED:
        read = run.reading.path(path)
        yield expect("read-unplayed-501", f"status of {path}", 501, read.status, of=read)


@check(
    "identify-answer",
    "identify-needs-email-or-contact",
    "identify-without-either-400",
    "identify-unknown-account-404",
    "former-names-accepted",
)
def visitor_is_identified(step: Step) -> Assertions:
    """A visitor is identified by email or by the id of a contact, and by the former names too."""
    run, tracking = step.run, step.run.tracking
    if not tracking or not run.first("identify", step.operation):
        return
    account, email = run.api.credentials.account_id, f"{run.prefix}visitor@example.org"
    for parameters in (
        {"e": email},
        {"cid": f"{run.prefix}visitor"},
        {"e": email, "cid": "7", "uid": f"{run.prefix}s"},
    ):
        identified = tracking.identify(a=account, **parameters)
        subject = f"status with {', '.join(parameters)}"
        yield expect("identify-answer", subject, 200, identified.status, of=identified)
        yield expect(
            "identify-answer",
            f"what is not as documented with {', '.join(parameters)}",
            [],
            identified.errors,
            of=identified,
        )
    former = tracking.identify(account_id=account, seg_uid=f"{run.prefix}s", email=email)
    yield expect("former-names-accepted", "status with the former names", 200, former.status, of=former)
    nobody, nowhere = tracking.identify(a=account), tracking.identify(e=email)
    yield expect("identify-needs-email-or-contact", "without e and cid it fails", True, nobody.status >= 400, of=nobody)
    for subject, refused in (("e and cid", nobody), ("a", nowhere)):
        rule = "identify-without-either-400"
        yield expect(rule, f"status without {subject}", 400, refused.status, of=refused)
        yield expect(rule, f"what is not as documented without {subject}", [], refused.errors, of=refused)
    unknown = tracking.identify(a=f"{run.prefix}nowhere", e=email)
    yield expect("identify-unknown-account-404", "status with an unknown account", 404, unknown.status, of=unknown)
