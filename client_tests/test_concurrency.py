"""Many clients at once: the state is the one that the calls of the journal would give one after the other."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from benchmarks.endurance.fuzzing.calls import Call, CallFactory
from benchmarks.endurance.fuzzing.frames import Input
from benchmarks.endurance.fuzzing.model import Model
from benchmarks.endurance.fuzzing.raw import Answer
from client_tests.postgres import POSTGRES, fresh_schema
from client_tests.sandbox import Sandbox
from client_tests.serving import served
from contracts.document import Document

CLIENTS, CALLS = 8, 60
SETUPS = ["sqlite, one process", "sqlite, two workers", "sqlite, two servers"]
SETUPS += [name.replace("sqlite", "postgresql") for name in SETUPS] if POSTGRES else []


@pytest.fixture(params=[SETUPS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in SETUPS[1:])])
def origins(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Run servers over one database."""
    with ExitStack() as stack:
        is_postgres = request.param.startswith("postgresql")
        database = stack.enter_context(fresh_schema()) if is_postgres else str(tmp_path / "shared.db")
        options = ["--check-answers", "--database", database]
        if "workers" in request.param:
            options += ["--workers", "2"]
        count = 2 if "servers" in request.param else 1
        yield [stack.enter_context(served(*options)).origin for _ in range(count)]


def send(origin: str, calls: list[Call]) -> None:
    """Send each call over a connection that stays open."""
    with httpx.Client(trust_env=False, timeout=60) as http:
        for call in calls:
            url = httpx.URL(origin).copy_with(raw_path=call.target.encode())
            http.request(call.operation.method, url, headers=dict(call.headers), content=call.body)


def test_calls_at_once_are_as_calls_in_a_row(origins: list[str], http: httpx.Client) -> None:
    document, sandbox = Document(), Sandbox.create(origins[0], http)
    root = f"/api/v1/{sandbox.account_id}/payments"
    made = [CallFactory(document, root, sandbox.api_key, random.Random(seed)) for seed in range(CLIENTS)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = [
            pool.submit(send, origins[place % len(origins)], [factory.call() for _ in range(CALLS)])
            for place, factory in enumerate(made)
        ]
        for one in sent:
            one.result()

    model = Model(document)
    for entry in Sandbox(origins[-1], sandbox.account_id, sandbox.api_key, http).requests():
        request, answer = entry["request"], entry["answer"]
        call = Call(
            operation=document.operations[entry["operation"]],
            target=request["path"],
            named=unquote(request["path"].rpartition("/")[2]),
            body=request["body"].encode(),
        )
        model.take(Input("sound", (), (call,), whole=True), [Answer(answer["status"], answer["body"].encode())])
    model.compare(sandbox)
    assert model.accepted > CLIENTS * CALLS / 4
