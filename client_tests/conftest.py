import signal
from collections.abc import Iterator
from contextlib import nullcontext

import httpx
import pytest

from client_tests.postgres import ABSENT, POSTGRES, fresh_schema
from client_tests.sandbox import Sandbox
from client_tests.serving import served


def pytest_configure() -> None:
    """Restore SIGINT and SIGHUP, which a shell ignores under nohup or in the background, also for child processes."""
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def pytest_report_header() -> str:
    return "databases: SQLite, PostgreSQL" if POSTGRES else f"databases: SQLite; {ABSENT}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured, by `record_property`."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"measured {name}: {value}")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def origin(request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve a fake for the whole run, over each available database, that checks its own answers."""
    with nullcontext("") if request.param == "sqlite" else fresh_schema() as database:
        with served("--check-answers", "--database", database) as server:
            yield server.origin


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    # With more connections than it keeps alive, httpx closes some that a thread was just given.
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    with httpx.Client(trust_env=False, timeout=30, limits=limits) as client:
        yield client


@pytest.fixture
def sandbox(origin: str, http: httpx.Client) -> Sandbox:
    """Create an account for each test."""
    return Sandbox.create(origin, http)


@pytest.fixture
def neighbour(origin: str, http: httpx.Client) -> Sandbox:
    """Create another account on the same server."""
    return Sandbox.create(origin, http)
