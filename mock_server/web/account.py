"""The account that an exchange is journalled for."""

from dataclasses import dataclass

from mock_server.errors import ApiError
from mock_server.journal import Request
from mock_server.store import accounts
from mock_server.store.accounts import NO_ACCOUNT
from mock_server.store.session import Session
from mock_server.web.keys import account_of_key, key_of
from mock_server.web.request import segments


@dataclass(frozen=True, slots=True)
class Account:
    """The account that an exchange is journalled for."""

    id: str
    generation: int
    api_key: str


NOBODY = Account("", NO_ACCOUNT, "")


def account_of(request: Request, session: Session) -> Account:
    """Return the account that the path names, else that of the key."""
    named = named_account(request, session)
    if named is NOBODY and (found := account_of_key(session, key_of(request))):
        return Account(*found)
    return named


def named_account(request: Request, session: Session) -> Account:
    found = accounts.find(session, named_id(request.path))
    return Account(found.account_id, found.generation, found.api_key) if found else NOBODY


def named_id(path: str) -> str:
    """Return the account that a path of the API names, as far as it names one."""
    try:
        return next(iter(segments(path)[1:]), "")
    except ApiError:
        return ""
