"""Sandboxes: an account, its integrations and its API key."""

import hashlib
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Executable, Table, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql

from mock_server.settings import STRICT
from mock_server.store.rows import Rows
from mock_server.store.session import Session
from mock_server.store.statements import of_generation
from mock_server.store.tables import GENERATION_TABLES, Account, Exchange, Integration, Sequence, table_of

PAYMENTS, ADS = "payments", "ads"
# The generation of exchanges that named no account that exists.
NO_ACCOUNT = 0
_FIRST_MADE_ID = 900_000_000
_MAX_DELETED_ROWS = 500


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An account. `integrations`: id by kind. `mode`: strict or lenient. `generation`: see the tables."""

    account_id: str
    api_key: str
    integrations: Mapping[str, str]
    mode: str = STRICT
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call must show. `integration_kind`: None where the account has no such integration.

    `faults`: the rules of the fault plan, JSON; empty without a plan.
    """

    generation: int
    api_key: str
    integration_kind: str | None
    mode: str
    faults: str


# By the form of a key the journal knows it wherever it stands.
KEY_PREFIX = "sandbox-key-"
KEY_CHARACTERS = string.digits + string.ascii_lowercase
KEY_LENGTH = 22
DEFAULT_SANDBOX = Sandbox("demo", f"{KEY_PREFIX}0123456789", {PAYMENTS: PAYMENTS, ADS: ADS})

_account, _integration = table_of(Account), table_of(Integration)
_exchange, _sequence = table_of(Exchange), table_of(Sequence)
_a, _i = _account.c, _integration.c
_NAMED = _a.account_id == bindparam("account_id")
_INTEGRATION_COLUMNS: dict[str, Any] = {column.name: bindparam(column.name) for column in _i}
_ACCOUNT_COLUMNS: dict[str, Any] = {column.name: bindparam(column.name) for column in _a}
# Another server may just have added the same. SQLite has the clause too, and SQLAlchemy writes it so for both.
_ADD_ACCOUNT = postgresql.insert(_account).values(_ACCOUNT_COLUMNS).on_conflict_do_nothing()
_ADD_INTEGRATION = postgresql.insert(_integration).values(_INTEGRATION_COLUMNS).on_conflict_do_nothing()
_FIND = select(_a.generation, _a.api_key, _a.mode).where(_NAMED)
_CREDENTIALS = (
    select(_a.generation, _a.api_key, _i.kind, _a.mode, _a.faults)
    .join_from(
        _account,
        _integration,
        and_(_i.account_id == _a.account_id, _i.integration_id == bindparam("integration")),
        isouter=True,
    )
    .where(_NAMED)
    .with_for_update(of=_account)
)
_LOCK = select(_a.account_id).where(_NAMED).with_for_update()
_FIRST = select(func.min(_a.account_id)).scalar_subquery()
_LOCK_FIRST = select(_a.account_id).where(_a.account_id == _FIRST).with_for_update()
_WITH_DIGEST = select(_a.account_id, _a.generation, _a.api_key).where(_a.key_digest == bindparam("key_digest"))
_INTEGRATIONS = select(_i.kind, _i.integration_id).where(_i.account_id == bindparam("account_id"))
_FAULTS = select(_a.faults).where(_NAMED)
_SET_FAULTS = update(_account).where(_NAMED).values(faults=bindparam("rules"))
_SET_MODE = update(_account).where(_NAMED).values(mode=bindparam("new_mode"))
_ADD_SEQUENCE = insert(_sequence).values(generation=bindparam("generation"), ids_made=0)
_NEXT_ID = (
    update(_sequence)
    .where(of_generation(_sequence))
    .values(ids_made=_sequence.c.ids_made + 1)
    .returning(_sequence.c.ids_made)
)
_OF_GENERATION = _a.generation == bindparam("generation")
_LOCK_GENERATION = select(_a.account_id).where(_OF_GENERATION).with_for_update(skip_locked=True)
_EXISTS = select(_a.account_id).where(_OF_GENERATION)
_LAST_CLEARED = select(_a.last_cleared).where(_OF_GENERATION)
_LAST_DROPPED = select(_a.last_dropped).where(_OF_GENERATION)
_DROP = update(_account).where(_OF_GENERATION).values(last_dropped=bindparam("new_last_dropped"))
_LAST_EXCHANGE = select(func.max(_exchange.c.number)).where(of_generation(_exchange))
_START_GENERATION = (
    update(_account)
    .where(_NAMED)
    .values(
        generation=bindparam("new_generation"),
        faults="",
        last_cleared=bindparam("new_last_cleared"),
        last_dropped=bindparam("new_last_cleared"),
    )
)
_DELETE = [delete(table).where(table.c.account_id == bindparam("account_id")) for table in (_integration, _account)]


def add(session: Session, sandbox: Sandbox) -> Sandbox:
    """Store a new account, with a generation of its own if it has none yet; return it as it is stored."""
    if not sandbox.generation:
        sandbox = replace(sandbox, generation=add_generation(session))
    session.run(
        _ADD_ACCOUNT,
        account_id=sandbox.account_id,
        generation=sandbox.generation,
        api_key=sandbox.api_key,
        key_digest=_digest(sandbox.api_key),
        mode=sandbox.mode,
        faults="",
        last_cleared=0,
        last_dropped=0,
    )
    for kind, integration_id in sandbox.integrations.items():
        session.run(_ADD_INTEGRATION, account_id=sandbox.account_id, integration_id=integration_id, kind=kind)
    session.invalidate()
    return sandbox


def new_sandbox(mode: str) -> Sandbox:
    """Return a sandbox with a new name and key, not stored yet."""
    account_id = f"sandbox-{secrets.token_hex(6)}"
    random_part = "".join(secrets.choice(KEY_CHARACTERS) for _ in range(KEY_LENGTH - len(KEY_PREFIX)))
    return Sandbox(account_id, KEY_PREFIX + random_part, {PAYMENTS: PAYMENTS, ADS: ADS}, mode)


def add_generation(session: Session) -> int:
    """Return a new generation, which has no rows and no account."""
    generation = secrets.randbits(62) + 1  # random, for servers that share a database
    session.scoped_to(generation).run(_ADD_SEQUENCE)
    return generation


def find(session: Session, account_id: str) -> Sandbox | None:
    found = session.one(_FIND, account_id=account_id)
    if found is None:
        return None
    generation, api_key, mode = found
    integrations: list[Any] = session.all(_INTEGRATIONS, account_id=account_id)
    return Sandbox(account_id, api_key, dict(integrations), mode, generation)


def lock(session: Session, account_id: str) -> None:
    """Keep other transactions from writing for the account until this one ends.

    Calls that name no account are serialized too: they lock the first account.
    Raises StoreError if the transaction has locked another one.
    """
    session.note_lock(account_id)
    if account_id:
        session.run(_LOCK, account_id=account_id)
    else:
        session.run(_LOCK_FIRST)


def credentials(session: Session, account_id: str, integration_id: str) -> Credentials | None:
    """Return what a call of this account and integration must show, and lock the account, as `lock` does."""
    found = session.cached(_credentials, account_id, integration_id)
    if found:
        session.note_lock(account_id)
    return found


def _credentials(session: Session, account_id: str, integration_id: str) -> Credentials | None:
    found = session.one(_CREDENTIALS, account_id=account_id, integration=integration_id)
    return Credentials(*found) if found else None


def find_by_key(session: Session, api_key: str) -> tuple[str, int] | None:
    """Return the account that has this key, and its generation.

    It is found by the digest of the key, so that the time does not depend on how much of the key is right.
    """
    for account_id, generation, key in session.all(_WITH_DIGEST, key_digest=_digest(api_key)):
        if secrets.compare_digest(key.encode(), api_key.encode()):
            return account_id, generation
    return None


def start_generation(session: Session, account_id: str, generation: int) -> int:
    """Give the account the rows of `generation`; return its previous generation, for `delete_rows`.

    Its name, key, mode and integrations stay. Fault plan and journal are cleared; the journal's numbers continue.
    """
    lock(session, account_id)  # else a call under way could write an exchange that is not counted as cleared
    before = _generation_of(session, account_id)
    last = before.value(_LAST_EXCHANGE)
    if last is None:
        last = last_dropped(before)
    session.run(_START_GENERATION, account_id=account_id, new_generation=generation, new_last_cleared=last)
    session.invalidate()
    return int(before.scope["generation"])


def delete_account(session: Session, account_id: str) -> int:
    """Delete the account; return the generation that it had, for `delete_rows`."""
    lock(session, account_id)
    before = _generation_of(session, account_id)
    for statement in _DELETE:
        session.run(statement, account_id=account_id)
    session.invalidate()
    return int(before.scope["generation"])


def _generation_of(session: Session, account_id: str) -> Session:
    found = find(session, account_id)
    assert found is not None
    session.flush()
    return session.scoped_to(found.generation)


def delete_rows(session: Session, generation: int, *, keep_journal: bool = False) -> bool:
    """Delete some rows of a generation that no account has any more; return whether there may be more.

    `keep_journal`: leave its exchanges where they are.
    """
    scoped = session.scoped_to(generation)
    statements = [statement for table, statement in _DELETE_SOME if not (keep_journal and table is _exchange)]
    return any(scoped.run(statement) == _MAX_DELETED_ROWS for statement in statements)


def _deletion(table: Table) -> Executable:
    key = list(table.primary_key.columns)[-1]
    some = select(key).where(of_generation(table)).order_by(key).limit(_MAX_DELETED_ROWS)
    return delete(table).where(of_generation(table), key.in_(some))


_DELETE_SOME = [(table, _deletion(table)) for table in GENERATION_TABLES]


def set_mode(session: Session, account_id: str, mode: str) -> None:
    session.run(_SET_MODE, account_id=account_id, new_mode=mode)
    session.invalidate()


def faults(session: Session, account_id: str) -> str:
    return session.value(_FAULTS, account_id=account_id) or ""


def set_faults(session: Session, account_id: str, rules: str) -> None:
    session.run(_SET_FAULTS, account_id=account_id, rules=rules)
    session.invalidate()


def next_id(session: Session, rows: Rows) -> str:
    """Return an id that none of `rows` has: digits, in a range that clients' own ids rarely reach."""
    while True:
        id = str(_FIRST_MADE_ID + int(session.value(_NEXT_ID)))
        if rows.find(session, id) is None:
            return id


def last_cleared(session: Session) -> int:
    """Return the number of the last exchange that a reset deleted, or 0."""
    return session.value(_LAST_CLEARED) or 0


def last_dropped(session: Session) -> int:
    """Return the number of the last exchange that was deleted for the journal's size or by a reset, or 0."""
    return session.value(_LAST_DROPPED) or 0


def note_dropped(session: Session, number: int) -> None:
    """Note that the exchanges up to that number are deleted."""
    session.run(_DROP, new_last_dropped=number)


def exists(session: Session) -> bool:
    """Return whether an account has the session's generation now."""
    return session.value(_EXISTS) is not None


def lock_if_free(session: Session) -> bool:
    """Lock the account of the session's generation, and return whether there is one that no other server has locked."""
    return session.value(_LOCK_GENERATION) is not None


def _digest(api_key: str) -> str:
    return hashlib.sha256(api_key.encode("utf-8", "surrogatepass")).hexdigest()
