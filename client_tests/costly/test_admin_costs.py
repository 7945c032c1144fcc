"""No page and no answer of the admin side costs more than what is stored deserves, and no request to it either."""

from collections.abc import Iterator, Mapping

import httpx
import pytest

from client_tests.costly.bodies import bodies_of
from client_tests.costly.fillings import VALUES, Filling, Room
from client_tests.costly.judge import Judge, Request
from client_tests.costly.test_costs import KIBIBYTE, OPERATIONS, SIZES, fresh, target_of
from client_tests.sandbox import Sandbox
from client_tests.serving import Served, served
from client_tests.test_every_route import ADMIN_PATHS, path_for
from mock_server.settings import LENIENT

# Of the kinds of bodies of an operation, for each sandbox.
_ONE_IN = 60
BODY_SIZES = QUERY_SIZES = (KIBIBYTE, 16 * KIBIBYTE, 60 * KIBIBYTE)
_JSON = {"Content-Type": b"application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as own:
        yield own


@pytest.fixture(scope="module")
def filled(server: Served, http: httpx.Client) -> Mapping[int, Sandbox]:
    """Return a sandbox for each size, with as many calls, each with a body of that size."""
    found = {}
    for size in SIZES:
        sandbox = found[size] = fresh(server, http, LENIENT)
        for operation in OPERATIONS:
            target = target_of(operation, sandbox)
            url = server.origin + target.line().decode()
            headers = {name: value.decode() for name, value in target.headers.items()}
            for body in list(bodies_of(operation))[OPERATIONS.index(operation) :: _ONE_IN]:
                http.request(operation.method, url, headers=headers, content=body.filled(size))
    return found


@pytest.mark.slow
def test_a_page_costs_what_is_stored_deserves(judge: Judge, filled: Mapping[int, Sandbox]) -> None:
    exchanges = len(filled[SIZES[0]].requests())
    for path in ADMIN_PATHS:
        numbers = range(1, exchanges if "requests" in path else 10, 5) if "{number" in path else [1]
        for number in numbers:

            def page(size: int, path: str = path, number: int = number) -> Request:
                return Request("GET", path_for(filled[size], path, number).encode(), {})

            judge.judge(f"{path}, {number}", SIZES, page)


@pytest.mark.slow
def test_a_query_costs_what_its_size_deserves(judge: Judge, filled: Mapping[int, Sandbox]) -> None:
    sandbox = filled[SIZES[0]]
    for path in ADMIN_PATHS:
        for name in ("search", "operation", "before"):
            for text in (b"%25", b"1"):

                def page(size: int, path: str = path, name: str = name, text: bytes = text) -> Request:
                    query = b"?%s=%s" % (name.encode(), text * (size // len(text)))
                    return Request("GET", path_for(sandbox, path).encode() + query, {})

                judge.judge(f"{path}?{name}= {text.decode()}", QUERY_SIZES, page)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "around"),
    [
        ("POST", "/__admin/sandboxes", b'{"mode": %s}'),
        ("POST", "/__admin/sandboxes", b'{"dataset": %s}'),
        ("POST", "/__admin/sandboxes/{account_id}/reset", b"%s"),
        ("PUT", "/__admin/sandboxes/{account_id}/faults", b"%s"),
        ("PUT", "/__admin/sandboxes/{account_id}/faults", b'{"rules": %s}'),
        ("PUT", "/__admin/sandboxes/{account_id}/faults", b'{"rules": [{"fault": {"body": %s}}]}'),
        ("PUT", "/__admin/sandboxes/{account_id}/faults", b'{"rules": [{"match": {"email": %s}, "fault": {}}]}'),
    ],
)
def test_a_body_costs_what_its_size_deserves(
    judge: Judge, filled: Mapping[int, Sandbox], method: str, path: str, around: bytes
) -> None:
    sandbox = filled[SIZES[0]]
    for name, filling in VALUES.items():

        def body(size: int, filling: Filling = filling) -> Request:
            content = around % filling(Room(size - len(around)))
            return Request(method, path_for(sandbox, path).encode(), _JSON, content)

        judge.judge(f"{path}: {name}", BODY_SIZES, body)
