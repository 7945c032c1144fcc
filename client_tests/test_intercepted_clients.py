"""Real clients with `https://import.segmetrics.io` baked in: each one's two calls arrive at the fake."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_tests.intercepted.fake import Intercepted, intercepted
from client_tests.intercepted.languages import EVADING, READY, MissingError, Ready
from mock_server.errors import UsageError
from mock_server.intercept.isolate import isolated

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


@pytest.fixture
def namespaces(tmp_path: Path) -> None:
    """Skip where namespaces are forbidden."""
    try:
        isolated(["true"], port=1, hosts=[], bundle=tmp_path / "bundle.pem")
    except UsageError as forbidden:
        pytest.skip(str(forbidden))


def check_calls_arrive(fake: Intercepted, ready: Ready, kept: Path, *, isolate: bool = False) -> None:
    """Run the client; its two calls must be in the journal, with nothing changed."""
    try:
        client = ready(kept)
    except MissingError as missing:
        pytest.skip(str(missing))
    sandbox = fake.sandbox()
    variables = {"CONTACT": json.dumps(CONTACT), "INVOICE": json.dumps(INVOICE), **client.variables}
    environment = {**fake.environment(sandbox), **variables}
    command = fake.interception.isolated(client.command, fake.port) if isolate else client.command

    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

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


@pytest.mark.parametrize("name", READY)
def test_a_client_with_the_production_host_baked_in_reaches_the_fake(
    name: str, fake: Intercepted, pytestconfig: pytest.Config
) -> None:
    check_calls_arrive(fake, READY[name], pytestconfig.cache.mkdir("clients"))


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("name", ["curl", "node-fetch", "python-requests", *EVADING])
def test_an_isolated_client_reaches_the_fake_even_when_it_evades_proxies_and_hooks(
    name: str, fake: Intercepted, pytestconfig: pytest.Config
) -> None:
    check_calls_arrive(fake, {**READY, **EVADING}[name], pytestconfig.cache.mkdir("clients"), isolate=True)


@pytest.mark.usefixtures("namespaces")
def test_an_isolated_command_reaches_no_other_host_and_no_other_service_of_this_machine(fake: Intercepted) -> None:
    program = """
import socket, sys
for address in [("192.0.2.1", 443), ("127.0.0.1", int(sys.argv[1]))]:
    try:
        socket.create_connection(address, timeout=5)
    except OSError as error:
        print(error.strerror)
"""
    environment = fake.environment()

    with socket.create_server(("127.0.0.1", 0)) as service:
        command = [sys.executable, "-I", "-c", program, str(service.getsockname()[1])]
        ended = subprocess.run(
            fake.interception.isolated(command, fake.port), env=environment, capture_output=True, text=True, timeout=30
        )

    assert ended.stdout.splitlines() == ["Network is unreachable", "Connection refused"], ended.stderr


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -TERM $$", 143), ("exit 0", 0)])
def test_an_isolated_commands_exit_code_is_kept(fake: Intercepted, script: str, code: int) -> None:
    environment = fake.environment()
    command = fake.interception.isolated(["sh", "-c", script], fake.port)

    ended = subprocess.run(command, env=environment, timeout=30)

    assert ended.returncode == code


@pytest.mark.usefixtures("namespaces")
def test_isolation_leaves_the_systems_own_files_as_they_are(fake: Intercepted) -> None:
    before = Path("/etc/hosts").read_bytes()
    environment = fake.environment()

    seen = subprocess.run(
        fake.interception.isolated(["cat", "/etc/hosts"], fake.port), env=environment, capture_output=True, timeout=30
    )

    assert seen.stdout == b"127.0.0.1 api.segmetrics.io import.segmetrics.io\n" + before
    assert Path("/etc/hosts").read_bytes() == before


def test_isolation_says_clearly_where_namespaces_are_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbidding = tmp_path / "unshare"
    forbidding.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n", "utf-8")
    forbidding.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")

    with pytest.raises(UsageError, match=r"namespaces are forbidden \(unshare failed: Operation not permitted\)"):
        isolated(["true"], port=1, hosts=[], bundle=tmp_path / "bundle.pem")


def test_isolation_says_clearly_that_it_needs_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(UsageError, match="--isolate needs Linux"):
        isolated(["true"], port=1, hosts=[], bundle=tmp_path / "bundle.pem")
