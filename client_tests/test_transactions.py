"""Transactions of the store: what calls of one moment share, and what is remembered between them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from mock_server.errors import StoreError
from mock_server.store import accounts, tags
from mock_server.store.accounts import DEFAULT_SANDBOX
from mock_server.store.database import Session
from mock_server.store.orders import PRODUCTS
from mock_server.store.sqlite import SqliteDatabase


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "data.db")
    with database.transaction() as session:
        accounts.add(session, DEFAULT_SANDBOX)
    yield database
    database.close()


def within(session: Session) -> Session:
    return session.within(DEFAULT_SANDBOX.account_id, "payments")


def add_product(session: Session, id: str) -> None:
    PRODUCTS.put(within(session), None, {"id": id, "name": "Course"})


def products(database: SqliteDatabase) -> list[str]:
    """The ids of the first hundred."""
    with database.transaction() as session:
        return [row["id"] for row in PRODUCTS.page(session, DEFAULT_SANDBOX.account_id, None, 0, 100)]


async def adding(database: SqliteDatabase, id: str) -> str:
    with database.call() as session:
        add_product(session, id)
    if settled := database.settled():
        await settled
    return id


async def failing(database: SqliteDatabase, id: str) -> str:
    with database.call() as session:
        add_product(session, id)
        raise LookupError("a bug")
    return id


def outcomes(*calls: Awaitable[str]) -> list[str | BaseException]:
    """What became of calls that come in one turn of the loop."""

    async def all_of_them() -> list[str | BaseException]:
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_calls_of_one_moment_are_all_stored(database: SqliteDatabase) -> None:
    ids = [str(number) for number in range(200)]

    assert outcomes(*(adding(database, id) for id in ids)) == ids
    assert products(database) == ids[:100]


def test_a_failure_takes_back_all_calls_of_its_moment_and_each_is_told(database: SqliteDatabase) -> None:
    before, failed, after = outcomes(adding(database, "1"), failing(database, "2"), adding(database, "3"))

    assert isinstance(before, StoreError)
    assert "nothing was stored: another call of the same moment failed" in str(before)
    assert isinstance(failed, LookupError)
    assert after == "3"
    assert products(database) == ["3"]


def test_a_call_is_committed_before_it_is_settled(database: SqliteDatabase, tmp_path: Path) -> None:
    async def look_from_outside() -> list[str]:
        await adding(database, "1")
        other = SqliteDatabase(tmp_path / "data.db")
        try:
            return products(other)
        finally:
            other.close()

    assert asyncio.run(look_from_outside()) == ["1"]


def test_what_was_written_since_the_mark_is_undone_alone(database: SqliteDatabase) -> None:
    with database.transaction() as session:
        add_product(session, "kept")
        session.mark()
        add_product(session, "undone")
        session.undo()
        session.release()

    assert products(database) == ["kept"]


def test_a_refusal_after_a_write_is_a_failure_where_no_mark_was_set(database: SqliteDatabase) -> None:
    def refused() -> None:
        with database.transaction() as session:
            session.start()
            add_product(session, "1")
            session.undo()

    with pytest.raises(RuntimeError, match="refused when it had already written"):
        refused()

    assert products(database) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda _: None, [("7", "Lead")]),
        (lambda session: add_product(session, "1"), [("7", "Lead")]),
        (lambda session: tags.learn(within(session), ("7", "Customer")), [("7", "Customer")]),
    ],
    ids=["nothing", "another table", "the tag"],
)
def test_what_is_remembered_of_a_tag_is_what_is_stored(
    database: SqliteDatabase, change: Callable[[Session], object], found: list[tuple[str, str]]
) -> None:
    with database.transaction() as session:
        (number,) = tags.learn(within(session), ("7", "Lead"))
        tags.present(within(session), {number: "2026-01-01"})
        change(session)

        shown = tags.present(within(session), {number: "2026-01-01"})

    assert [(tag["id"], tag["name"]) for tag in shown] == found


def test_a_tag_that_was_taken_back_is_not_remembered(database: SqliteDatabase) -> None:
    def learnt_in_vain() -> None:
        with database.transaction() as session:
            for _ in range(2):
                tags.learn(within(session), ("7", "Lead"))
            raise LookupError

    with pytest.raises(LookupError):
        learnt_in_vain()

    with database.transaction() as session:
        tags.learn(within(session), ("7", "Lead"))

        assert [tag["name"] for tag in tags.meant(within(session), "7", None)] == ["Lead"]
