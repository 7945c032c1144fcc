from collections.abc import Iterator

import httpx
import pytest

from client_tests.costly.heads import Target
from client_tests.costly.judge import Judge
from client_tests.costly.loop_time import Connection
from client_tests.hostile.operations import CONTRACT
from client_tests.sandbox import Sandbox
from client_tests.serving import Served

_WARM_UP = 20


@pytest.fixture
def judge(server: Served, http: httpx.Client) -> Iterator[Judge]:
    """Judge the requests of a test, which fails with all that cost too much. `server`: that of the test's module."""
    demo = Sandbox.default(server.origin, http)
    connection = Connection(server)
    judge = Judge(connection, Target.of(CONTRACT.operations["upsert_contact"], demo.account_id, demo.api_key))
    for _ in range(_WARM_UP):
        judge.measure_calls()
    yield judge
    connection.close()
    assert judge.too_costly == []
