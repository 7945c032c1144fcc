"""Sandboxes: an account, its integrations and its API key."""

import secrets
from dataclasses import dataclass

from mock_server.settings import STRICT
from mock_server.store.database import Session, Statement
from mock_server.store.rows import Rows
from mock_server.store.schema import TABLES

PAYMENTS, ADS = "payments", "ads"
_FIRST_MINTED = 900_000_000


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An account of its own. `integrations`: id by kind. `mode`: strict or lenient."""

    account_id: str
    api_key: str
    integrations: dict[str, str]
    mode: str = STRICT


@dataclass(frozen=True, slots=True)
class Access:
    """`integration_kind`: None where the account has no such integration. `faults`: see the table."""

    api_key: str
    integration_kind: str | None
    mode: str
    faults: str


DEFAULT_SANDBOX = Sandbox("demo", "sandbox-key-0123456789", {PAYMENTS: PAYMENTS, ADS: ADS})


_ADD_ACCOUNT = Statement(
    "INSERT INTO account (account_id, api_key, mode, faults, minted, cleared)"
    " VALUES (:account_id, :api_key, :mode, '', 0, 0) ON CONFLICT DO NOTHING"
)
_ADD_INTEGRATION = Statement(
    "INSERT INTO integration (account_id, integration_id, kind) VALUES (:account_id, :integration_id, :kind)"
    " ON CONFLICT DO NOTHING"
)
"""Another server may just have added the same."""
_ACCOUNT = Statement("SELECT api_key, mode, cleared FROM account WHERE account_id = :account_id")
_ACCESS = Statement(
    "SELECT api_key, kind, mode, faults FROM account LEFT JOIN integration"
    " ON integration.account_id = account.account_id AND integration_id = :integration"
    " WHERE account.account_id = :account",
    postgres="FOR UPDATE OF account",
)
_LOCK = Statement(
    "SELECT account_id FROM account"
    " WHERE account_id = COALESCE(NULLIF(:account, ''), (SELECT MIN(account_id) FROM account))",
    postgres="FOR UPDATE",
)
_KEYS = Statement("SELECT account_id, api_key FROM account")
_INTEGRATIONS = Statement("SELECT kind, integration_id FROM integration WHERE account_id = :account_id")
_FAULTS = Statement("SELECT faults FROM account WHERE account_id = :account")
_SET_FAULTS = Statement("UPDATE account SET faults = :rules WHERE account_id = :account")
_SET_MODE = Statement("UPDATE account SET mode = :mode WHERE account_id = :account")
_MINT = Statement("UPDATE account SET minted = minted + 1 WHERE account_id = :account_id RETURNING minted")
_RESTART = Statement(
    "UPDATE account SET minted = 0, faults = '',"
    " cleared = COALESCE((SELECT MAX(number) FROM exchange WHERE account_id = :account), cleared)"
    " WHERE account_id = :account"
)


def _delete_from(table: str) -> Statement:
    return Statement(f"DELETE FROM {table} WHERE account_id = :account_id")


_IDENTITY = ("integration", "account")
"""What `empty` leaves: name, key, mode and integrations."""
_EMPTY = [_delete_from(table) for table in TABLES if table not in _IDENTITY]
_DROP = [_delete_from(table) for table in _IDENTITY]


def add(session: Session, sandbox: Sandbox) -> None:
    session.run(_ADD_ACCOUNT, account_id=sandbox.account_id, api_key=sandbox.api_key, mode=sandbox.mode)
    for kind, integration_id in sandbox.integrations.items():
        session.run(_ADD_INTEGRATION, account_id=sandbox.account_id, integration_id=integration_id, kind=kind)


def mint_sandbox(mode: str) -> Sandbox:
    """A sandbox with a new name and a key of 22 characters, not stored yet."""
    account_id = f"sandbox-{secrets.token_hex(6)}"
    return Sandbox(account_id, secrets.token_hex(11), {PAYMENTS: PAYMENTS, ADS: ADS}, mode)


def find(session: Session, account_id: str) -> Sandbox | None:
    found = session.one(_ACCOUNT, account_id=account_id)
    if found is None:
        return None
    return Sandbox(account_id, found[0], dict(session.all(_INTEGRATIONS, account_id=account_id)), found[1])


def lock(session: Session, account_id: str) -> None:
    """Keeps other transactions from writing for the account until this one ends. SQLite lets but one write anyway.

    Calls that name no account come one after the other too: they lock the first of the accounts.
    """
    session.run(_LOCK, account=account_id)


def access(session: Session, account_id: str, integration_id: str) -> Access | None:
    """What a call of this account and integration must show, and how it is judged. Locks the account, as `lock`."""
    return session.recall(_access, account_id, integration_id)


def _access(session: Session, account_id: str, integration_id: str) -> Access | None:
    found = session.one(_ACCESS, account=account_id, integration=integration_id)
    return Access(*found) if found else None


def with_key(session: Session, api_key: str) -> str | None:
    """The account that has this key; no comparison tells by its time how much of the key was right."""
    sent = api_key.encode()
    return next((str(id) for id, key in session.all(_KEYS) if secrets.compare_digest(key.encode(), sent)), None)


def empty(session: Session, account_id: str) -> None:
    """Forgets all that the account stored, its journal too; its name, key and integrations stay."""
    lock(session, account_id)  # else a call under way could take a number that is not counted as cleared
    session.run(_RESTART, account=account_id)
    for statement in _EMPTY:
        session.run(statement, account_id=account_id)


def drop(session: Session, account_id: str) -> None:
    empty(session, account_id)
    for statement in _DROP:
        session.run(statement, account_id=account_id)


def set_mode(session: Session, account_id: str, mode: str) -> None:
    session.run(_SET_MODE, account=account_id, mode=mode)


def faults(session: Session, account_id: str) -> str:
    found = session.one(_FAULTS, account=account_id)
    return "" if found is None else str(found[0])


def set_faults(session: Session, account_id: str, rules: str) -> None:
    session.run(_SET_FAULTS, account=account_id, rules=rules)


def mint_id(session: Session, rows: Rows) -> str:
    """An id that none of `rows` has: digits, in a range that clients' own ids rarely reach."""
    minted = session.one(_MINT)
    assert minted is not None
    id = str(_FIRST_MINTED + int(minted[0]))
    return id if rows.find(session, id) is None else mint_id(session, rows)


def cleared(session: Session, account_id: str) -> int:
    """The number of the last journal entry that `empty` forgot, or 0."""
    found = session.one(_ACCOUNT, account_id=account_id)
    return 0 if found is None else int(found[2])
