"""Whose key a request brings: the bare key, as the API wants it, or one with something around it."""

import base64
import binascii
import re
import secrets

from mock_server.errors import ApiError
from mock_server.findings import Finding
from mock_server.journal import Request
from mock_server.journal.masking import masked_authorization
from mock_server.settings import LENIENT
from mock_server.store import accounts
from mock_server.store.accounts import Credentials
from mock_server.store.session import Session

_POINTER = "/headers/authorization"
# A scheme such as `Bearer`, `Token token=` or `ApiKey:`, quotes, or both, around a key.
_WRAPPED = re.compile(
    r"""\s*(?P<scheme>(?:[a-z][a-z_-]*[\s:=]+){0,2})(?P<quote>["'`]?)(?P<key>[^\s"'`]+)(?P=quote)\s*""", re.I
)


def key_of(request: Request) -> str:
    """Return the key as it was sent, or an empty text."""
    return request.headers.get("authorization", "")


def bare_key(sent: str) -> str:
    """Return the key without a scheme, quotes and blanks around it, or what was sent if there is nothing around it."""
    found = _WRAPPED.fullmatch(sent)
    if not found:
        return sent
    key = found["key"]
    return _basic_key(key) if found["scheme"].strip().lower() == "basic" else key


def account_of_key(session: Session, sent: str) -> tuple[str, int, str] | None:
    """Return account, generation and key of the account that has the key, bare or with something around it."""
    for key in dict.fromkeys((sent, bare_key(sent))):
        if found := accounts.find_by_key(session, key):
            return *found, key
    return None


def authorised(
    credentials: Credentials | None, account_id: str, integration_id: str, sent: str, session: Session
) -> tuple[Credentials, tuple[Finding, ...]]:
    """Return the credentials that the key matches, and what is wrong with its form.

    The key must be the account's own; in strict mode it must be bare. The integration, if one is named, must exist.
    Raises ApiError 401 for the key, 404 for account and integration.
    """
    if not sent:
        raise _unauthorised(_finding("missing-key"))
    if credentials is None:
        if accounts.find_by_key(session, sent):
            raise unknown_account(account_id)
        raise _unauthorised(_wrapped(sent) if account_of_key(session, sent) else _finding("wrong-key"))
    found: tuple[Finding, ...] = ()
    if not _is_same(sent, credentials.api_key):
        if not _is_same(bare_key(sent), credentials.api_key):
            raise _unauthorised(_finding("wrong-key", "of-another", account_id=account_id))
        found = (_wrapped(sent),)
        if credentials.mode != LENIENT:
            raise _unauthorised(*found)
    if integration_id and credentials.integration_kind is None:
        data = {"account_id": account_id, "integration_id": integration_id}
        raise ApiError.violation(404, Finding.of("unknown-integration", "/path/integration_id", "assumed", **data))
    return credentials, found


def unknown_account(account_id: str, pointer: str = "/path/account_id", case: str = "") -> ApiError:
    """Return the refusal of a call that names an account which does not exist; `pointer`: where it does."""
    return ApiError.violation(404, Finding.of("unknown-account", pointer, "assumed", case=case, account_id=account_id))


def _is_same(sent: str, own: str) -> bool:
    return secrets.compare_digest(sent.encode(), own.encode())


def _basic_key(encoded: str) -> str:
    """Return the key in `user:password`, of which the other is mostly empty."""
    try:
        return max(base64.b64decode(encoded, validate=True).decode().split(":"), key=len)
    except (binascii.Error, UnicodeDecodeError):
        return encoded


def _wrapped(sent: str) -> Finding:
    return Finding.of("key-prefix", _POINTER, "documented", sent=masked_authorization(sent))


def _finding(code: str, case: str = "", **data: str) -> Finding:
    return Finding.of(code, _POINTER, "assumed", case=case, **data)


def _unauthorised(finding: Finding) -> ApiError:
    return ApiError.violation(401, finding)
