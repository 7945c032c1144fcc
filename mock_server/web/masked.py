"""The keys of an exchange, and what is kept of it without them."""

from collections.abc import Sequence
from dataclasses import replace

from mock_server.findings import Finding
from mock_server.journal import Request
from mock_server.journal.masking import Keys, hide, masked_path
from mock_server.web.account import Account
from mock_server.web.keys import bare_key, key_of


def keys_of(account: Account, request: Request) -> Keys:
    """Return the account's own key, and what was sent in its place."""
    sent = key_of(request)
    return Keys.of(account.api_key, sent if sent == account.api_key else bare_key(sent))


def request_without(request: Request, keys: Keys) -> Request:
    """Return the request without the keys in its path; those in headers and body are masked where they are kept."""
    path = masked_path(request.path, keys)
    return request if path == request.path else replace(request, path=path)


def findings_without(findings: Sequence[Finding], keys: Keys) -> tuple[Finding, ...]:
    """Return the findings without the keys, which they may quote."""
    shown = []
    for finding in findings:
        pointer, message = hide(finding.pointer, keys), hide(finding.message, keys)
        is_same = pointer == finding.pointer and message == finding.message
        shown.append(finding if is_same else replace(finding, pointer=pointer, message=message))
    return tuple(shown)
