"""The account that an exchange is journalled for."""

from dataclasses import dataclass

from mock_server.journal import Request
from mock_server.spec import Contract
from mock_server.store import accounts
from mock_server.store.accounts import NO_ACCOUNT
from mock_server.store.session import Session
from mock_server.web.keys import account_of_key, key_of


@dataclass(frozen=True, slots=True)
class Account:
    """The account that an exchange is journalled for."""

    id: str
    generation: int
    api_key: str


NOBODY = Account("", NO_ACCOUNT, "")


def account_of(request: Request, contract: Contract, session: Session) -> Account:
    """Return the account that the request names, else that of its key."""
    named = named_account(request, contract, session)
    if named is NOBODY and (found := account_of_key(session, key_of(request))):
        return Account(*found)
    return named


def named_account(request: Request, contract: Contract, session: Session) -> Account:
    found = accounts.find(session, contract.account_in(request.path))
    return Account(found.account_id, found.generation, found.api_key) if found else NOBODY
