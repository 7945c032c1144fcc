from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from client_tests.sandbox import Sandbox
from client_tests.serving import served


@pytest.fixture(scope="package")
def stderr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "stderr.txt"


@pytest.fixture(scope="package")
def own_origin(stderr: Path) -> Iterator[str]:
    with stderr.open("w") as file, served("--check-answers", stderr=file) as server:
        yield server.origin


@pytest.fixture
def luke(own_origin: str, http: httpx.Client, stderr: Path) -> Iterator[Sandbox]:
    """Create a sandbox with the contact of the examples, on a server that must not print a traceback."""
    printed_before = len(stderr.read_text())
    sandbox = Sandbox.create(own_origin, http)
    sandbox.stored("contact", {"contact_id": 249, "email": "luke@example.org"})
    yield sandbox
    printed = stderr.read_text()[printed_before:]
    assert "Traceback" not in printed, printed
