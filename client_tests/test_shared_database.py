"""Servers that share a database, and requirements of PostgreSQL."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from client_tests.dashboard import LUKE
from client_tests.postgres import ABSENT, POSTGRES, fresh_schema, run_sql
from client_tests.sandbox import Sandbox
from client_tests.serving import ended, served

pytestmark = pytest.mark.slow

POLL_SECONDS = 0.05
STRAYS = 8
needs_postgres = pytest.mark.skipif(not POSTGRES, reason=ABSENT)


@pytest.fixture
def database() -> Iterator[str]:
    with fresh_schema() as url:
        yield url


@needs_postgres
def test_two_servers_share_contacts_faults_sandboxes_and_live_calls(database: str, http: httpx.Client) -> None:
    with served("--database", database) as one, served("--database", database) as other:
        here = Sandbox.create(one.origin, http)
        elsewhere = Sandbox(other.origin, here.account_id, here.api_key, http)
        plan = {"rules": [{"nth": [2], "fault": {"status": 503}}]}
        http.put(f"{one.origin}/__admin/sandboxes/{here.account_id}/faults", json=plan).raise_for_status()
        with http.stream("GET", f"{other.origin}/__admin/ui/{here.account_id}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            statuses = [sandbox.post("contact", LUKE).status_code for sandbox in (here, elsewhere, here)]
            seen = [next(line for line in lines if line.startswith("data:")) for _ in statuses]

    assert statuses == [200, 503, 200]
    assert all("upsert_contact" in line for line in seen)


@needs_postgres
def test_calls_of_no_account_are_all_journalled_whichever_server_they_came_to(
    database: str, http: httpx.Client
) -> None:
    with served("--database", database) as one, served("--database", database) as other:

        def stray(number: int) -> int:
            return http.post(f"{(one, other)[number % 2].origin}/api/v1/nobody/payments/product", json={}).status_code

        with ThreadPoolExecutor(STRAYS) as pool:
            statuses = list(pool.map(stray, range(10 * STRAYS)))
        last = http.get(f"{one.origin}/__admin/ui/~/requests").text

    assert statuses == [401] * 10 * STRAYS
    assert f'data-number="{10 * STRAYS}"' in last
    assert f'data-number="{10 * STRAYS + 1}"' not in last


def test_two_servers_on_one_file_know_each_others_tags_modes_and_keys(tmp_path: Path, http: httpx.Client) -> None:
    tagged = {"email": "ada@example.org", "tags": [{"id": "7", "name": "Lead"}]}
    file = str(tmp_path / "one.db")
    with served("--database", file) as one, served("--database", file) as other:
        here = Sandbox.create(one.origin, http)
        elsewhere = Sandbox(other.origin, here.account_id, here.api_key, http)
        for sandbox in (here, elsewhere):
            sandbox.stored("contact", tagged)
        elsewhere.stored("contact", {**tagged, "tags": [{"id": "7", "name": "Customer"}]})
        renamed = here.stored("contact", {"email": "ada@example.org", "first_name": "Ada"})
        http.delete(f"{other.origin}/__admin/sandboxes/{here.account_id}").raise_for_status()
        refused = here.post("contact", tagged)

    assert [tag["name"] for tag in renamed["contact"]["tags"]] == ["Customer"]
    assert refused.status_code == 401


@needs_postgres
def test_what_was_answered_is_there_after_a_kill(database: str, http: httpx.Client) -> None:
    with served("--database", database) as server:
        Sandbox.default(server.origin, http).stored("contact", LUKE)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(timeout=10)

    with served("--database", database) as server:
        assert [row["email"] for row in Sandbox.default(server.origin, http).state()["contacts"]] == [LUKE["email"]]


@needs_postgres
@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("UPDATE segmetrics_mock SET digest = '4711'", "was made by another version of this program, 4711"),
        ("DROP TABLE segmetrics_mock", "of another program; name a database or schema of our own"),
    ],
)
def test_tables_that_are_not_ours_are_refused(database: str, change: str, text: str) -> None:
    with served("--database", database):
        pass
    run_sql(database, change)

    refused = ended("serve", "--port", "0", "--database", database)

    assert refused.returncode == 2
    assert text in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_server_that_cannot_be_reached_is_reported() -> None:
    refused = ended("serve", "--port", "0", "--database", "postgresql+psycopg://127.0.0.1:1/none")

    assert refused.returncode == 2
    assert "the PostgreSQL database cannot be used" in refused.stderr
    assert "check --database" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--database", "postgres://u:{}@127.0.0.1:1/none"],
        ["serve", "--database", "postgres://u:a/b{}@127.0.0.1:1/none"],
        ["serve", "--database", "postgres://u:a@b{}@127.0.0.1:1/none"],
        ["serve", "--database", "postgres://u:a?b#{}@127.0.0.1:1/none"],
        ["serve", "--database", "postgres://u:%zz{}@127.0.0.1:1/none"],
        ["serve", "--database", "postgres://127.0.0.1:1/none?user=u&password=a&{}"],
        ["serve", "--database", "postgres://127.0.0.1:1/none?user=u&password={}"],
        ["serve", "--database", "mysql://u:{}@127.0.0.1:1/none"],
        ["serve", "--dataset", "postgres://u:a/b{}@127.0.0.1:1/none"],
        ["serve", "postgres://u:a@b{}@127.0.0.1:1/none"],
        ["postgres://u:{}@127.0.0.1:1/none"],
    ],
    ids=" ".join,
)
def test_the_password_of_a_database_is_never_printed(arguments: list[str]) -> None:
    """`postgres://` was taken for the name of a file, and the error repeated it with its password."""
    refused = ended(*(argument.format("hunter2") for argument in arguments))

    assert refused.returncode == 2
    assert "hunter2" not in refused.stderr + refused.stdout
    assert "Traceback" not in refused.stderr


@needs_postgres
def test_postgres_is_another_name_of_the_scheme(database: str, http: httpx.Client) -> None:
    """Heroku, Fly and others hand out URLs that begin with `postgres://`."""
    with served("--database", f"postgres://{database.partition('://')[2]}") as server:
        Sandbox.default(server.origin, http).stored("contact", LUKE)

    with served("--database", database) as server:
        assert len(Sandbox.default(server.origin, http).state()["contacts"]) == 1


@pytest.mark.parametrize("options", [["--workers", "2"], ["--workers", "2", "--database", "x.db", "--intercept"]])
def test_workers_need_a_database_to_share(options: list[str]) -> None:
    refused = ended("serve", "--port", "0", *options)

    assert refused.returncode == 2
    assert "several --workers need a shared --database" in refused.stderr


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc here, which lists a process's children")
def test_a_worker_that_dies_is_replaced_and_the_end_leaves_none(tmp_path: Path, http: httpx.Client) -> None:
    with served("--workers", "2", "--database", str(tmp_path / "shared.db")) as server:
        sandbox = Sandbox.default(server.origin, http)
        sandbox.stored("contact", LUKE)
        while len(first := workers_of(server.process)) < 2:
            time.sleep(POLL_SECONDS)
        os.kill(first[0], signal.SIGKILL)
        while len(now := workers_of(server.process)) < 2 or now == first:
            time.sleep(POLL_SECONDS)
        with httpx.Client(trust_env=False, timeout=30) as fresh:
            assert Sandbox.default(server.origin, fresh).state()["contacts"][0]["email"] == LUKE["email"]
        server.process.terminate()
        server.process.wait(timeout=20)

    assert [pid for pid in now if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc here, which lists a process's children")
def test_the_end_of_the_supervisor_ends_its_workers(tmp_path: Path) -> None:
    """After a SIGKILL of the supervisor its workers served on, with the port, until somebody found them."""
    with served("--workers", "2", "--database", str(tmp_path / "shared.db")) as server:
        while len(workers := workers_of(server.process)) < 2:
            time.sleep(POLL_SECONDS)
        server.process.kill()
        while any(Path(f"/proc/{pid}").exists() for pid in workers):
            time.sleep(POLL_SECONDS)


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    """Return the current worker processes."""
    found = []
    for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        with suppress(ProcessLookupError, FileNotFoundError):
            found += [int(pid)] if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes() else []
    return sorted(found)
