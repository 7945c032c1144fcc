"""Sandboxes: an account, its integrations and its API key."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update
from sqlmodel import col

from mock_server.settings import STRICT
from mock_server.store.database import Session, Statement
from mock_server.store.rows import Rows
from mock_server.store.tables import Account, Exchange, Integration, Scoped

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


def _add(table: type[Any], *columns: str, **constants: Any) -> Statement:
    """Adds a row where there is none: another server may just have done so."""
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return Statement(insert(table).values(values | constants), "ON CONFLICT DO NOTHING")


_ADD_ACCOUNT = _add(Account, "account_id", "api_key", "mode", faults="", minted=0, dropped=0)
_ADD_INTEGRATION = _add(Integration, "account_id", "integration_id", "kind")
_ACCOUNT = Statement(
    select(col(Account.api_key), col(Account.mode), col(Account.dropped)).where(
        col(Account.account_id) == bindparam("account_id")
    )
)
_ACCESS = Statement(
    select(col(Account.api_key), col(Integration.kind), col(Account.mode), col(Account.faults))
    .join_from(
        Account,
        Integration,
        and_(
            col(Integration.account_id) == col(Account.account_id),
            col(Integration.integration_id) == bindparam("integration"),
        ),
        isouter=True,
    )
    .where(col(Account.account_id) == bindparam("account"))
    .with_for_update(of=Account)
)
_LOCK = Statement(
    select(col(Account.account_id)).where(col(Account.account_id) == bindparam("account")).with_for_update()
)
_KEYS = Statement(select(col(Account.account_id), col(Account.api_key)))
_INTEGRATIONS = Statement(
    select(col(Integration.kind), col(Integration.integration_id)).where(
        col(Integration.account_id) == bindparam("account_id")
    )
)
_FAULTS = Statement(select(col(Account.faults)).where(col(Account.account_id) == bindparam("account")))
_SET_FAULTS = Statement(
    update(Account).where(col(Account.account_id) == bindparam("account")).values(faults=bindparam("rules"))
)
_SET_MODE = Statement(
    update(Account).where(col(Account.account_id) == bindparam("account")).values(mode=bindparam("chosen"))
)
_MINT = Statement(
    update(Account)
    .where(col(Account.account_id) == bindparam("account_id"))
    .values(minted=col(Account.minted) + 1)
    .returning(col(Account.minted))
)
_COUNT_DROPPED = Statement(
    update(Account)
    .where(col(Account.account_id) == bindparam("account"))
    .values(dropped=col(Account.dropped) + bindparam("more"))
)
_RESTART = Statement(
    update(Account).where(col(Account.account_id) == bindparam("account")).values(minted=0, dropped=0, faults="")
)


def _delete_from(table: type[Any]) -> Statement:
    return Statement(delete(table).where(col(table.account_id) == bindparam("account_id")))


_CONTENTS: list[type[Any]] = [*Scoped.__subclasses__(), Exchange]
_EMPTY = [_delete_from(table) for table in _CONTENTS]
_DROP = [_delete_from(Integration), _delete_from(Account)]


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
    """Keeps other transactions from writing for the account until this one ends. SQLite lets but one write anyway."""
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
    session.run(_RESTART, account=account_id)
    for statement in _EMPTY:
        session.run(statement, account_id=account_id)


def drop(session: Session, account_id: str) -> None:
    empty(session, account_id)
    for statement in _DROP:
        session.run(statement, account_id=account_id)


def set_mode(session: Session, account_id: str, mode: str) -> None:
    session.run(_SET_MODE, account=account_id, chosen=mode)


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


def dropped(session: Session, account_id: str) -> int:
    """How many entries of the account's journal were let go."""
    found = session.one(_ACCOUNT, account_id=account_id)
    return 0 if found is None else int(found[2])


def count_dropped(session: Session, account_id: str, more: int) -> None:
    session.run(_COUNT_DROPPED, account=account_id, more=more)
