"""Real clients with `https://import.segmetrics.io` baked in: each one's two calls arrive at the fake."""

import json
import shlex
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


# Those that one run of `check` tries together: the quick ones, and a third of the others each.
QUICK = ("python-requests", "python-without-hook")
SLOW = [name for name in (*READY, *EVADING) if name not in QUICK]


@needs_namespaces
@pytest.mark.parametrize(
    "names", [QUICK, *(pytest.param(SLOW[start::3], marks=pytest.mark.slow) for start in range(3))], ids=" ".join
)
def test_isolated_clients_reach_the_fake_even_when_they_evade_proxies_and_hooks(
    names: list[str], tmp_path: Path, pytestconfig: pytest.Config, subtests: pytest.Subtests
) -> None:
    clients: dict[str, Runnable] = {}
    for name in names:
        with subtests.test(name):
            clients[name] = made({**READY, **EVADING}[name], pytestconfig.cache.mkdir("clients"))
    script = "\n".join(f"{line_of(client)} >&2; echo {name}: $?" for name, client in clients.items())

    ended = checked(tmp_path, ["sh", "-c", script], CONTACT=json.dumps(CONTACT), INVOICE=json.dumps(INVOICE))

    assert ended.stdout.splitlines()[: len(clients)] == [f"{name}: 0" for name in clients], ended.stderr
    assert ended.code == 0, ended.stdout + ended.stderr
    assert ended.report["isolation"] == "namespaces"
    assert ended.report["summary"]["requests"] == 2 * len(clients)
    assert ended.report["findings"] == ended.report["foreign_hosts"] == []


def line_of(client: Runnable) -> str:
    """Return the command of a client with its variables, for a shell."""
    return shlex.join(["env", *(f"{name}={value}" for name, value in client.variables.items()), *client.command])
