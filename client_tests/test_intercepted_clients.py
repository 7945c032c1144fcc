"""Real clients with `https://import.segmetrics.io` baked in: each one's two calls arrive at the fake."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from client_tests.intercepted.fake import Intercepted, intercepted
from client_tests.intercepted.languages import READY, MissingError

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
def fake() -> Iterator[Intercepted]:
    with intercepted() as fake:
        yield fake


@pytest.mark.parametrize("name", READY)
def test_a_client_with_the_production_host_baked_in_reaches_the_fake(
    name: str, fake: Intercepted, pytestconfig: pytest.Config
) -> None:
    try:
        client = READY[name](pytestconfig.cache.mkdir("clients"))
    except MissingError as missing:
        pytest.skip(str(missing))
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
