"""Real clients with `https://import.segmetrics.io` baked in: each one's two calls arrive at the fake."""

import json
import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

from client_tests.checked import checked
from client_tests.intercepted.fake import Intercepted, intercepted
from client_tests.intercepted.languages import EVADING, READY, MissingError, Ready, Runnable
from client_tests.isolated import needs_namespaces

CONTACT = {"email": "ada@example.org", "first_name": "Ada", "tags": ["New Lead"]}
INVOICE = {
    "id": "1001",
    "email": "ada@example.org",
    "amount": 4900,
    "paid": 4900,
    "date_created": "2026-01-02T03:04:05Z",
    "items": [{"name": "Course", "product_id": "course", "amount": 4900}],
}


@pytest.fixture(scope="module")
def running_fake() -> Iterator[Intercepted]:
    with intercepted() as fake:
        yield fake


@pytest.fixture
def fake(running_fake: Intercepted) -> Intercepted:
    running_fake.foreign.clear()
    running_fake.troubles.clear()
    return running_fake


def marked(names: Iterable[str], fast: Collection[str]) -> list[object]:
    """Return the names as parameters, and mark those outside `fast` as slow."""
    return [pytest.param(name, marks=[] if name in fast else pytest.mark.slow) for name in names]


def made(ready: Ready, kept: Path) -> Runnable:
    try:
        return ready(kept)
    except MissingError as missing:
        pytest.skip(str(missing))


def check_calls_arrive(fake: Intercepted, ready: Ready, kept: Path) -> None:
    """Run the client; its two calls must be in the journal, with nothing changed."""
    client = made(ready, kept)
    sandbox = fake.sandbox()
    variables = {"CONTACT": json.dumps(CONTACT), "INVOICE": json.dumps(INVOICE), **client.variables}
    environment = {**fake.environment(sandbox), **variables}

    ended = subprocess.run(client.command, env=environment, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    calls = [(entry["request"], entry["answer"]["status"], entry["findings"]) for entry in sandbox.requests()]
    base = f"/api/v1/{sandbox.account_id}/payments"
    assert [(call["method"], call["path"], json.loads(call["body"])) for call, _, _ in calls] == [
        ("POST", f"{base}/contact", CONTACT),
        ("POST", f"{base}/invoice", INVOICE),
    ]
    assert [(call["headers"]["host"], status, findings) for call, status, findings in calls] == [
        ("import.segmetrics.io", 200, [])
    ] * 2
    assert fake.foreign == []
    assert fake.troubles == []


@pytest.mark.parametrize("name", marked(READY, fast=("curl", "python-requests", "python-aiohttp", "node-fetch")))
def test_a_client_with_the_production_host_baked_in_reaches_the_fake(
    name: str, fake: Intercepted, pytestconfig: pytest.Config
) -> None:
    check_calls_arrive(fake, READY[name], pytestconfig.cache.mkdir("clients"))


@needs_namespaces
@pytest.mark.parametrize("name", marked([*READY, *EVADING], fast=("python-requests", "python-without-hook")))
def test_an_isolated_client_reaches_the_fake_even_when_it_evades_proxies_and_hooks(
    name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    client = made({**READY, **EVADING}[name], pytestconfig.cache.mkdir("clients"))
    variables = {"CONTACT": json.dumps(CONTACT), "INVOICE": json.dumps(INVOICE), **client.variables}

    ended = checked(tmp_path, client.command, **variables)

    assert ended.code == 0, ended.stdout + ended.stderr
    assert ended.report["isolation"] == "namespaces"
    assert ended.report["summary"]["requests"] == 2
    assert ended.report["findings"] == ended.report["foreign_hosts"] == []
