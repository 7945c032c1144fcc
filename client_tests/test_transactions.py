"""Transactions of the store: what calls of one moment share, and what is cached between them."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mock_server.errors import StoreError, UnavailableError, UsageError
from mock_server.store import accounts, tags
from mock_server.store.accounts import DEFAULT_SANDBOX
from mock_server.store.database import Database, SqliteDatabase, open_database
from mock_server.store.orders import PRODUCTS
from mock_server.store.session import Session

GENERATION = 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(str(tmp_path / "data.db"))
    with database.transaction() as session:
        accounts.add(session, DEFAULT_SANDBOX)
    yield database
    database.close()


def scoped(session: Session) -> Session:
    return session.scoped_to(GENERATION, "payments")


def add_product(session: Session, id: str) -> None:
    PRODUCTS.put(scoped(session), None, {"id": id, "name": "Course"})


def products(database: Database) -> list[str]:
    """Return the ids of the first hundred."""
    with database.transaction() as session:
        return [row["id"] for row in PRODUCTS.page(scoped(session), None, 0, 100)]


async def adding(database: Database, id: str) -> str:
    def work(session: Session) -> str:
        add_product(session, id)
        return id

    return (await database.commit(work, DEFAULT_SANDBOX.account_id)).value


async def failing(database: Database, id: str, error: Exception) -> str:
    def work(session: Session) -> str:
        add_product(session, id)
        raise error

    return (await database.commit(work, DEFAULT_SANDBOX.account_id)).value


async def failing_at_the_end(database: Database, id: str) -> str:
    """Fail where the journal is written, after all calls of the transaction."""

    def write(_: Session, __: object) -> None:
        raise LookupError("a bug")

    def work(session: Session) -> str:
        add_product(session, id)
        session.defer(write, {})
        return id

    return (await database.commit(work, DEFAULT_SANDBOX.account_id)).value


def outcomes(*calls: Awaitable[str]) -> list[str | BaseException]:
    """Return what became of calls that come in one turn of the loop."""

    async def all_of_them() -> list[str | BaseException]:
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_calls_of_one_moment_are_all_stored(database: Database) -> None:
    ids = [str(number) for number in range(200)]

    assert outcomes(*(adding(database, id) for id in ids)) == ids
    assert products(database) == ids[:100]


@pytest.mark.parametrize("error", [LookupError("a bug"), StoreError("a damaged page")], ids=["bug", "page"])
def test_a_call_that_fails_takes_no_other_of_its_moment_with_it(database: Database, error: Exception) -> None:
    """A bug in one call made thousands of calls of the same moments fail."""
    before, failed, after = outcomes(adding(database, "1"), failing(database, "2", error), adding(database, "3"))

    assert [before, failed, after] == ["1", error, "3"]
    assert products(database) == ["1", "3"]


def test_a_call_whose_journal_cannot_be_written_takes_no_other_with_it(database: Database) -> None:
    """The journal is written at the end of the transaction, outside the savepoint of each operation."""
    before, failed, after = outcomes(adding(database, "1"), failing_at_the_end(database, "2"), adding(database, "3"))

    assert isinstance(failed, LookupError)
    assert [before, after] == ["1", "3"]
    assert products(database) == ["1", "3"]


def test_calls_that_come_while_the_file_is_locked_wait_for_it_once(database: Database, tmp_path: Path) -> None:
    """A lock concerns all calls of a moment: to try each of them again would take the wait as many times."""
    assert isinstance(database, SqliteDatabase)
    cursor: Any = database.connection.cursor
    cursor.execute("PRAGMA busy_timeout = 10")
    tries: list[str] = []
    with closing(sqlite3.connect(tmp_path / "data.db", isolation_level=None)) as locking:
        locking.execute("BEGIN IMMEDIATE")
        cursor.connection.set_trace_callback(tries.append)
        locked = outcomes(*(adding(database, str(number)) for number in range(20)))

    assert {type(outcome) for outcome in locked} == {UnavailableError}
    assert tries == ["BEGIN IMMEDIATE"]


def test_a_call_is_committed_before_it_is_answered(database: Database, tmp_path: Path) -> None:
    async def read_from_outside() -> list[str]:
        await adding(database, "1")
        other = open_database(str(tmp_path / "data.db"))
        try:
            return products(other)
        finally:
            other.close()

    assert asyncio.run(read_from_outside()) == ["1"]


def test_what_was_written_since_a_savepoint_is_rolled_back_alone(database: Database) -> None:
    def fails(session: Session) -> None:
        add_product(session, "rolled back")
        raise LookupError

    with database.transaction() as session:
        add_product(session, "kept")
        with pytest.raises(LookupError), session.savepoint():
            fails(session)
        with session.savepoint():
            add_product(session, "kept too")

    assert products(database) == ["kept", "kept too"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda _: None, [("7", "Lead")]),
        (lambda session: add_product(session, "1"), [("7", "Lead")]),
        (lambda session: tags.ensure(scoped(session), ("7", "Customer")), [("7", "Customer")]),
    ],
    ids=["nothing", "another table", "the tag"],
)
def test_what_is_cached_of_a_tag_is_what_is_stored(
    database: Database, change: Callable[[Session], object], found: list[tuple[str, str]]
) -> None:
    with database.transaction() as session:
        (number,) = tags.ensure(scoped(session), ("7", "Lead"))
        tags.present(scoped(session), {number: "2026-01-01"})
        change(session)

        shown = tags.present(scoped(session), {number: "2026-01-01"})

    assert [(tag["id"], tag["name"]) for tag in shown] == found


@pytest.mark.parametrize("savepoint", [False, True])
def test_a_tag_that_was_rolled_back_is_not_cached(database: Database, savepoint: bool) -> None:
    def added_in_vain(session: Session) -> None:
        for _ in range(2):
            tags.ensure(scoped(session), ("7", "Lead"))
        raise LookupError

    if savepoint:
        with database.transaction() as session, pytest.raises(LookupError), session.savepoint():
            added_in_vain(session)
    else:
        with pytest.raises(LookupError), database.transaction() as session:
            added_in_vain(session)

    with database.transaction() as session:
        tags.ensure(scoped(session), ("7", "Lead"))

        found = tags.find(scoped(session), "7")
    assert found
    assert found["name"] == "Lead"


def test_the_server_passes_over_ids_that_clients_took(database: Database) -> None:
    with database.transaction() as session:
        generation = accounts.add_generation(session)
        own = session.scoped_to(generation, "payments")
        for number in range(2_000):
            PRODUCTS.put(own, None, {"id": str(900_000_001 + number), "name": None})

        assert accounts.next_id(own, PRODUCTS) == "900002001"


def test_an_sqlite_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))

    with pytest.raises(UsageError, match=r"use a Python with SQLite 3\.35\.0 or newer"):
        open_database()
