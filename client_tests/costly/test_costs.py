"""No request costs more than its size deserves.

For each operation of the document, requests of growing size are sent, each as costly as its kind can be. What counts is
the time that the server's event loop was busy with one.

There are thousands of kinds, so each test takes a sample of its own; all of them, for an hour, with
`SEGMETRICS_TEST_ALL_COSTS=1`.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

import httpx
import pytest

from client_tests.costly.bodies import bodies_of
from client_tests.costly.fillings import VALUES, Room
from client_tests.costly.heads import Headers, Target, heads_of
from client_tests.costly.judge import Judge, Request
from client_tests.hostile.operations import CONTRACT, example_of
from client_tests.sandbox import Sandbox
from client_tests.serving import Served, served
from mock_server.errors import ApiError
from mock_server.settings import LENIENT, STRICT, ServeSettings
from mock_server.spec import Operation
from mock_server.spec.json_body import parse_json
from mock_server.spec.mistakes import mistakes_of

KIBIBYTE = 1024
LARGEST = ServeSettings().max_body_bytes
SIZES = (KIBIBYTE, 16 * KIBIBYTE, 256 * KIBIBYTE, LARGEST - 4 * KIBIBYTE)
HEAD_SIZES = (KIBIBYTE, 16 * KIBIBYTE, 60 * KIBIBYTE, LARGEST)
TOO_LARGE = (LARGEST + KIBIBYTE, 4 * LARGEST)
# A body that is not looked at is kept by the journal.
_OF_REFUSED = ("text", "invisible characters", "deep lists", "an object of distinct fields")
_ONE_IN = 1 if os.environ.get("SEGMETRICS_TEST_ALL_COSTS") else 40
Kind = TypeVar("Kind")

OPERATIONS = [one for one in CONTRACT.operations.values() if not one.takes_query]
QUERIES = [one for one in CONTRACT.operations.values() if one.takes_query]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def sample(kinds: Iterable[Kind], operation: Operation) -> list[Kind]:
    """Return some of the kinds, at least one, others for each operation."""
    every = list(kinds)
    step = min(_ONE_IN, len(every))
    return every[OPERATIONS.index(operation) % step :: step]


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--journal-limit", "3") as own:
        yield own


def fresh(server: Served, http: httpx.Client, mode: str) -> Sandbox:
    """Return a sandbox with the contact of the examples."""
    made = http.post(f"{server.origin}/__admin/sandboxes", json={"mode": mode}).json()
    sandbox = Sandbox(server.origin, made["account_id"], made["api_key"], http)
    sandbox.stored("contact", example_of(CONTRACT.operations["upsert_contact"]))
    return sandbox


def target_of(operation: Operation, sandbox: Sandbox) -> Target:
    return Target.of(operation, sandbox.account_id, sandbox.api_key)


@pytest.mark.slow
@every_operation
def test_a_body_costs_what_its_size_deserves(
    judge: Judge, server: Served, http: httpx.Client, operation: Operation
) -> None:
    for body in sample(bodies_of(operation), operation):
        for mode in (STRICT, LENIENT):
            sandbox = fresh(server, http, mode)
            target = target_of(operation, sandbox)

            def request(size: int, target: Target = target, filled: Callable[[int], bytes] = body.filled) -> Request:
                return Request(operation.method, target.line(), target.headers, filled(size))

            statuses = judge.judge(f"{mode}, {body.name}", SIZES, request)

            sandbox.admin("DELETE").raise_for_status()
            if statuses == {200}:
                break  # lenient mode reads what strict mode refuses; all else they read alike


FORMS: dict[str, Callable[[int], bytes]] = {
    "distinct names": lambda size: b"&".join(b"name%d=1" % number for number in range(size // 12)),
    "names near those of the contract": lambda size: b"&".join(b"extent%d=1" % n for n in range(min(999, size // 12))),
    "one name again and again": lambda size: b"&".join([b"extend=tags"] * (size // 12)),
    "a list without end": lambda size: b"extend=" + b",".join([b"tags"] * (size // 5)),
    "a list of what is unknown": lambda size: b"extend=" + b",".join(b"%d" % number for number in range(size // 7)),
    "a long text": lambda size: b"e=" + b"a" * size + b"@example.org",
    "invisible characters": lambda size: b"cid=" + b"%E2%80%8B" * (size // 9),
    "a long name": lambda size: b"a" * size + b"=1",
    "percent signs": lambda size: b"%" * size,
}


@pytest.mark.slow
@pytest.mark.parametrize("operation", QUERIES, ids=lambda operation: operation.name)
@pytest.mark.parametrize("mode", [STRICT, LENIENT])
def test_a_form_costs_what_its_size_deserves(
    judge: Judge, server: Served, http: httpx.Client, operation: Operation, mode: str
) -> None:
    sandbox = fresh(server, http, mode)
    path = operation.template.format(account_id=sandbox.account_id, contact_id_or_email="249")
    target = f"{operation.api.mount}{path}?a={sandbox.account_id}".encode()
    for name, filled in FORMS.items():

        def request(size: int, filled: Callable[[int], bytes] = filled) -> Request:
            return Request(operation.method, target, {"Authorization": sandbox.api_key.encode()}, filled(size))

        judge.judge(name, SIZES, request)


@pytest.mark.slow
@every_operation
def test_a_head_costs_what_its_size_deserves(judge: Judge, operation: Operation) -> None:
    target = replace(judge.caller, path=Target.of(operation, "", "").path)
    for head in sample(heads_of(target), operation):

        def request(size: int, filled: Callable[[int], tuple[bytes, Headers]] = head.filled) -> Request:
            return Request(operation.method, *filled(size))

        judge.judge(head.name, HEAD_SIZES, request)


REFUSALS: dict[str, Callable[[Target], Target]] = {
    "a wrong key": lambda own: replace(own, headers={**own.headers, "Authorization": b"wrong"}),
    "an empty key": lambda own: replace(own, headers={**own.headers, "Authorization": b""}),
    "another media type": lambda own: replace(own, headers={**own.headers, "Content-Type": b"text/plain"}),
    "an unknown account": lambda own: replace(own, account_id=b"nobody"),
    "an unknown integration": lambda own: replace(own, integration_id=b"nothing"),
    "an unknown path": lambda own: replace(own, path=b"contcts"),
}


@pytest.mark.slow
@every_operation
def test_a_refusal_costs_what_the_size_of_the_request_deserves(judge: Judge, operation: Operation) -> None:
    own = replace(judge.caller, path=Target.of(operation, "", "").path)
    for name, changed in sample(REFUSALS.items(), operation):
        target = changed(own)
        for filling in _OF_REFUSED:

            def request(size: int, target: Target = target, filling: str = filling) -> Request:
                return Request(operation.method, target.line(), target.headers, VALUES[filling](Room(size)))

            judge.judge(f"{name}, {filling}", SIZES, request)
    for filling in sample(_OF_REFUSED, operation):

        def too_large(size: int, filling: str = filling) -> Request:
            return Request(operation.method, own.line(), own.headers, VALUES[filling](Room(size)))

        statuses = judge.judge(f"too large, {filling}", TOO_LARGE, too_large)
        assert statuses <= {404, 413}


@every_operation
def test_a_mistake_is_found_exactly_where_a_body_breaks_its_schema(operation: Operation) -> None:
    for body in bodies_of(operation):
        try:
            value = parse_json(body.filled(4 * KIBIBYTE))
        except ApiError:
            continue
        if operation.validator and operation.shape:
            found = list(mistakes_of(operation.shape, value))

            assert bool(found) != operation.validator.is_valid(value), body.name
