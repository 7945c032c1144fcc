from collections.abc import Iterator

import httpx
import pytest

from client_tests.sandbox import Sandbox
from client_tests.serving import served


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
