"""A PostgreSQL database that is locked, stopped, restarted or full: clear errors, and other calls are carried out."""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from client_tests.dashboard import LUKE
from client_tests.postgres import ABSENT, POSTGRES, OwnServer, fresh_schema, own_server, programs, run_sql
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import Served, ended, served

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not POSTGRES, reason=ABSENT)]

OURS = f"ours-{secrets.token_hex(4)}"
SESSIONS = f"FROM pg_stat_activity WHERE application_name = '{OURS}'"
LOCK_SECONDS = 1
MORE_THAN_CONNECTIONS = 12


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with fresh_schema() as url:
        yield url


@pytest.fixture(scope="module")
def server(database: str) -> Iterator[Served]:
    """Serve with a short timeout of locks."""
    with served("--database", f"{database}%20-clock_timeout%3D{LOCK_SECONDS}s&application_name={OURS}") as server:
        yield server


@pytest.fixture
def sandbox(server: Served, http: httpx.Client) -> Sandbox:
    return Sandbox.create(server.origin, http)


NO_TIMEOUTS = "%20-clock_timeout%3D0%20-cstatement_timeout%3D0"


@pytest.fixture(scope="module")
def patient_server(database: str) -> Iterator[Served]:
    """Serve without timeouts."""
    with served("--database", f"{database}{NO_TIMEOUTS}&application_name={OURS}") as server:
        yield server


@contextmanager
def locked(database: str, *sandboxes: Sandbox) -> Iterator[Any]:
    """Lock accounts in another session while the block runs; yield a function that waits until a call waits."""
    import psycopg

    with psycopg.connect(database.replace("+psycopg", "")) as locking, locking.cursor() as cursor:
        for sandbox in sandboxes:
            cursor.execute("SELECT 1 FROM account WHERE account_id = %s FOR UPDATE", [sandbox.account_id])
        with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as watching:

            def until_a_call_waits(calls: int = 1) -> None:
                query = f"SELECT 1 {SESSIONS} AND wait_event_type = 'Lock'".encode()
                while watching.execute(query).rowcount < calls:
                    pass

            yield until_a_call_waits


def test_a_call_after_the_end_of_idle_connections_is_carried_out(database: str, sandbox: Sandbox) -> None:
    """The first call after a restart of the database was a 500, though nothing of it had been sent."""
    run_sql(database, f"SELECT pg_terminate_backend(pid, 5000) {SESSIONS}")

    assert sandbox.post("contact", LUKE).status_code == 200


def test_a_connection_lost_during_a_call_is_an_error_500_and_the_next_call_goes_on(
    database: str, sandbox: Sandbox
) -> None:
    with ThreadPoolExecutor(1) as pool, locked(database, sandbox) as until_a_call_waits:
        call = pool.submit(sandbox.post, "contact", LUKE)
        until_a_call_waits()
        run_sql(database, f"SELECT pg_terminate_backend(pid, 5000) {SESSIONS}")
        until_a_call_waits()  # to journal that it failed
    lost, again = call.result(), sandbox.post("contact", LUKE)

    assert lost.status_code == 500
    assert "nothing was stored: the PostgreSQL database failed: terminating connection" in errors_of(lost)[0]
    assert again.status_code == 200
    assert [entry["answer"]["status"] for entry in sandbox.requests()] == [500, 200]


def test_a_locked_account_is_an_error_500_that_says_so(database: str, sandbox: Sandbox) -> None:
    """It was reported as a bug of ours, with two tracebacks."""
    with locked(database, sandbox):
        refused = sandbox.post("contact", LUKE)

    assert refused.status_code == 500
    assert "lock timeout; another session has locked what the call needs" in errors_of(refused)[0]
    assert sandbox.state()["contacts"] == []


def test_locked_accounts_hold_up_no_other(database: str, patient_server: Served, http: httpx.Client) -> None:
    """A lock held elsewhere made all other accounts wait as long; later, eight such locks did."""
    other, *sandboxes = (Sandbox.create(patient_server.origin, http) for _ in range(MORE_THAN_CONNECTIONS + 1))
    sandbox = sandboxes[0]
    with ThreadPoolExecutor(16) as pool, locked(database, *sandboxes) as until_a_call_waits:
        calls = [pool.submit(one.post, "contact", {**LUKE, "first_name": "Leia"}) for one in [sandbox, *sandboxes]]
        until_a_call_waits(8)
        meanwhile = [
            http.get(f"{patient_server.origin}{path}").status_code
            for path in (
                "/__admin/health",
                "/openapi.json",
                "/__admin/ui",
                f"/__admin/ui/{sandbox.account_id}/contacts",
            )
        ]
        meanwhile += [other.post("contact", LUKE).status_code, sandbox.admin("GET", "/requests").status_code]

    assert meanwhile == [200] * 6
    assert {call.result().status_code for call in calls} == {200}
    assert {len(one.state()["contacts"]) for one in (other, *sandboxes)} == {1}


def test_calls_of_unknown_accounts_with_keys_of_others_are_in_no_deadlock(server: Served, http: httpx.Client) -> None:
    """Calls that share a transaction, but are journalled for several accounts, locked these in different orders."""
    keys = [Sandbox.create(server.origin, http).api_key for _ in range(4)]

    def call(number: int) -> int:
        url = f"{server.origin}/api/v1/nobody-{number % 3}/payments/product"
        return http.post(url, json={}, headers={"Authorization": keys[number * 7 % 4]}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(call, range(200)))

    assert statuses == [404] * 200


@pytest.fixture(scope="module")
def database_for_two() -> Iterator[str]:
    """Return the URL of a user who may have two connections."""
    role = f"two_{secrets.token_hex(4)}"
    with fresh_schema() as url:
        schema = url.rpartition("%3D")[2]
        run_sql(url, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 2", f"GRANT ALL ON SCHEMA {schema} TO {role}")
        yield f"{url}&user={role}"
    run_sql(POSTGRES, f"DROP ROLE {role}")


def test_workers_beyond_the_connections_of_the_database_end_with_one_line(database_for_two: str) -> None:
    """Each worker printed a traceback, and was started again for ever."""
    refused = ended("serve", "--port", "0", "--workers", "3", "--database", database_for_two)

    assert refused.returncode == 2
    assert "the database has too few connections for 3 --workers" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_calls_share_the_connections_that_the_database_accepts(database_for_two: str, http: httpx.Client) -> None:
    with served("--database", database_for_two) as server, ThreadPoolExecutor(6) as pool:
        sandboxes = [Sandbox.create(server.origin, http) for _ in range(6)] * 5
        statuses = list(pool.map(lambda sandbox: sandbox.post("contact", LUKE).status_code, sandboxes))

    assert statuses == [200] * 30


@pytest.mark.skipif(programs() is None, reason="PostgreSQL's programs are not installed here")
def test_what_was_acknowledged_survives_a_crash_of_the_database_and_calls_go_on(http: httpx.Client) -> None:
    """`synchronous_commit` was off: three crashes lost 8 of 3,987 acknowledged writes."""
    # The log is written by commits alone, and not some time later.
    with own_server("-c wal_writer_delay=10s") as postgres, served("--database", postgres.url) as server:
        sandbox = Sandbox.default(server.origin, http)
        sandbox.stored("contact", LUKE)
        postgres.crash()
        while_down = sandbox.post("contact", LUKE)
        postgres.start()

        assert while_down.status_code == 500
        assert "the PostgreSQL database failed" in errors_of(while_down)[0]
        assert [row["email"] for row in sandbox.state()["contacts"]] == [LUKE["email"]]


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[OwnServer]:
    with own_server() as postgres:
        yield postgres


@pytest.mark.skipif(programs() is None, reason="PostgreSQL's programs are not installed here")
def test_a_stopped_backend_is_given_up(own_postgres: OwnServer, http: httpx.Client) -> None:
    """It stopped the server for ever, SIGTERM included."""
    postgres = own_postgres
    with ThreadPoolExecutor(2) as pool:
        url = f"{postgres.url}?options=-cstatement_timeout%3D2s&application_name={OURS}"
        with served("--database", url) as server:
            sandbox, other = (Sandbox.create(server.origin, http) for _ in range(2))
            with locked(postgres.url, sandbox) as until_a_call_waits:
                call = pool.submit(sandbox.post, "contact", LUKE)
                until_a_call_waits()
                stop_backends(postgres.url)
            meanwhile = other.post("contact", LUKE)
            given_up = call.result()
            stop_backends(postgres.url)
            begun = pool.submit(other.post, "contact", LUKE)
            health = http.get(f"{server.origin}/__admin/health")
            server.process.terminate()
            server.process.wait(timeout=10)

    assert [meanwhile.status_code, health.status_code, given_up.status_code] == [200, 200, 500]
    assert "nothing was stored: the PostgreSQL database failed: it has not responded for" in errors_of(given_up)[0]
    assert "it is not known whether this was stored: the fake was stopped" in errors_of(begun.result())[0]


def test_workers_respond_to_the_calls_that_a_stop_interrupts(database: str, http: httpx.Client) -> None:
    """uvicorn ended them before that: their clients saw the connection end."""
    url = f"{database}{NO_TIMEOUTS}&application_name={OURS}"
    with served("--workers", "2", "--database", url, stderr=subprocess.PIPE) as server, ThreadPoolExecutor(1) as pool:
        sandbox = Sandbox.create(server.origin, http)
        with locked(database, sandbox) as until_a_call_waits:
            call = pool.submit(sandbox.post, "contact", LUKE)
            until_a_call_waits()
            server.process.terminate()
            interrupted = call.result()
        _, printed = server.process.communicate(timeout=10)

    assert "it is not known whether this was stored: the fake was stopped" in errors_of(interrupted)[0]
    assert printed == ""


@pytest.mark.skipif(programs() is None, reason="PostgreSQL's programs are not installed here")
def test_workers_that_wait_for_the_database_at_their_start_end_at_once(own_postgres: OwnServer) -> None:
    """SIGTERM ended them 13 s later: they were waiting for the database."""
    url = f"{own_postgres.url}?application_name={OURS}-workers"
    with served("--workers", "2", "--database", url) as server:
        while stop_backends(own_postgres.url, f"{OURS}-workers") < 2:
            pass
        server.process.terminate()
        server.process.wait(timeout=10)


def stop_backends(url: str, application: str = OURS) -> int:
    """Send SIGSTOP to the processes that the database has for our connections; return how many there are."""
    import psycopg

    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [application])
        for (pid,) in found:
            os.kill(pid, signal.SIGSTOP)
        return found.rowcount
