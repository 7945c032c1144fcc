import signal
from collections.abc import Iterator

import httpx
import pytest

from client_tests.sandbox import Sandbox
from client_tests.serving import served


def pytest_configure() -> None:
    """Under nohup or in the background a shell ignores signals, and all that is started from there does too."""
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """A server for the whole run that checks its own answers."""
    with served("--check-answers") as server:
        yield server.origin


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def sandbox(origin: str, http: httpx.Client) -> Sandbox:
    """An account of its own for each test."""
    return Sandbox.mint(origin, http)


@pytest.fixture
def neighbour(origin: str, http: httpx.Client) -> Sandbox:
    """Another account on the same server."""
    return Sandbox.mint(origin, http)
