"""The file of a served database: it may go away, be damaged, or be another program's."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from itertools import chain
from pathlib import Path

import httpx
import pytest

from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import Served, refused, served

pytestmark = pytest.mark.slow

PAGE_BYTES = 8192
NOT_IN_PLACE = "was deleted or replaced while it was served; put it back, or restart the server"
DAMAGED = "is damaged"


def demo(server: Served, http: httpx.Client) -> Sandbox:
    return Sandbox.default(server.origin, http)


def delete(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def delete_the_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def replace(path: Path) -> None:
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("take_away", [delete, delete_the_log, replace, replace_by_a_folder])
def test_no_call_is_acknowledged_once_the_file_is_not_in_its_place(
    tmp_path: Path, http: httpx.Client, take_away: Callable[[Path], None]
) -> None:
    """Calls were answered with 200 and stored in a file without a name: 28 of them were lost at the next start."""
    path = tmp_path / "data.db"
    with served("--database", str(path), stderr=subprocess.PIPE) as server:
        sandbox = demo(server, http)
        sandbox.stored("contact", {"contact_id": 1})

        take_away(path)
        call = sandbox.post("contact", {"contact_id": 2})
        admin = sandbox.admin("GET", "/state")
        health = http.get(f"{server.origin}/__admin/health")

        assert [answer.status_code for answer in (call, admin, health)] == [500, 500, 200]
        for answer in (call, admin):
            assert str(path) in errors_of(answer)[0]
            assert NOT_IN_PLACE in errors_of(answer)[0]


def test_the_terminal_says_that_the_file_is_gone_before_a_call_comes(tmp_path: Path) -> None:
    """Whoever deletes the file of a server that has nothing to do is to read of it."""
    path = tmp_path / "data.db"
    with served("--database", str(path), stderr=subprocess.PIPE) as server:
        delete(path)

        assert server.process.stderr
        line = server.process.stderr.readline()

    assert line == f"ERROR the database {path} {NOT_IN_PLACE} to serve what is there then\n"


def test_a_file_that_is_back_in_its_place_is_served_on(tmp_path: Path, http: httpx.Client) -> None:
    """To put it back is what the message advises."""
    path, aside = tmp_path / "data.db", tmp_path / "aside.db"
    with served("--database", str(path), stderr=subprocess.PIPE) as server:
        path.rename(aside)
        away = demo(server, http).post("contact", {"contact_id": 1})
        aside.rename(path)
        back = demo(server, http).post("contact", {"contact_id": 2})

    assert (away.status_code, back.status_code) == (500, 200)
    with served("--database", str(path)) as server:
        assert [row["contact_id"] for row in demo(server, http).state()["contacts"]] == ["2"]


@pytest.fixture
def filled(tmp_path: Path, http: httpx.Client) -> Path:
    """Return a database file with some data, which no server has open."""
    path = tmp_path / "data.db"
    with served("--database", str(path)) as server:
        sandbox = demo(server, http)
        for number in range(40):
            sandbox.stored(
                "contact", {"contact_id": number, "email": f"{number}@example.org", "first_name": "x" * 2000}
            )
    return path


def flip(path: Path, *places: range) -> None:
    content = bytearray(path.read_bytes())
    for place in chain(*places):
        content[place] ^= 0xFF
    path.write_bytes(content)


def flip_in_every_page(path: Path) -> None:
    """Flip bytes at the start of each page but the first."""
    flip(path, *(range(start, start + 24) for start in range(PAGE_BYTES, path.stat().st_size, PAGE_BYTES)))


def flip_the_schema(path: Path) -> None:
    flip(path, range(100, 500))


def flip_the_header(path: Path) -> None:
    flip(path, range(16, 56))


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def lose_an_index(path: Path) -> None:
    """Change a table behind the back of its index."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'contact_email'")
        connection.execute("UPDATE sqlite_master SET rootpage = 2 WHERE name = 'contact'")


@pytest.mark.parametrize("damage", [flip_in_every_page, flip_the_schema, flip_the_header, truncate, lose_an_index])
def test_a_damaged_file_is_refused_at_the_start(filled: Path, damage: Callable[[Path], None]) -> None:
    """The server started on flipped bytes, and answered every call with 500."""
    damage(filled)
    before = filled.read_bytes()

    text = refused("--port", "0", "--database", str(filled))

    assert f"the database {filled} {DAMAGED}: " in text
    assert "replace it with an intact copy, or name another file" in text
    assert filled.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    ["UPDATE contact SET custom_fields = '{' WHERE contact_id = '7'", "UPDATE contact SET email = CAST(x'ff' AS TEXT)"],
    ids=["not JSON", "not UTF-8"],
)
def test_damage_that_is_met_later_is_named_in_the_answer(filled: Path, http: httpx.Client, damage: str) -> None:
    """No check of pages finds it: it was said to be a bug of the fake."""
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        connection.execute(damage)

    with served("--database", str(filled), stderr=subprocess.PIPE) as server:
        sandbox = demo(server, http)
        hit, other = sandbox.post("contact", {"contact_id": 7}), sandbox.post("product", {"id": 1, "name": "Robe"})
        journalled = sandbox.requests()[-2]
        server.process.send_signal(signal.SIGTERM)
        _, warned = server.process.communicate(timeout=10)

    assert (hit.status_code, other.status_code, journalled["answer"]["status"]) == (500, 200, 500)
    assert DAMAGED in errors_of(hit)[0]
    assert "replace it with an intact copy" in errors_of(hit)[0]
    assert "Traceback" not in warned


def make_text(path: Path) -> None:
    path.write_text("no database, but a text that is long enough to be taken for one\n" * 100)


def make_other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (id)")


@pytest.mark.parametrize(
    ("make", "cause"), [(make_text, "is not an SQLite database"), (make_other_program, "is another program's")]
)
def test_nobody_is_advised_to_delete_a_file_of_another_program(
    tmp_path: Path, make: Callable[[Path], None], cause: str
) -> None:
    """ "Delete this one" would cost the user the bookmarks of a browser."""
    path = tmp_path / "places.sqlite"
    make(path)

    text = refused("--port", "0", "--database", str(path))

    assert f"{path} {cause}" in text
    assert "delete" not in text
