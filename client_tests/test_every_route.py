"""Each route of the application is tried: with requests that the guard must refuse, and with numbers of any form."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.datastructures import QueryParams
from starlette.routing import Mount, Route

from client_tests.intercepted.fake import Intercepted, intercepted
from client_tests.raw import parsed, raw_exchange
from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of
from client_tests.serving import served
from mock_server.journal import Journal
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.database import Database, open_database
from mock_server.web.app import build_app
from mock_server.web.dashboard import Dashboard
from mock_server.web.dashboard.pages import site
from mock_server.web.exchange import VendorApis
from mock_server.web.guard import HEALTH_PATH, LOGIN_PATH

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
CONTRACT_PATHS = ["/openapi.yaml", "/openapi.json"]
TOKEN = "open-sesame"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b"A" * 22


def routes_of(app: Any, contract: Contract, database: Database) -> Iterator[str]:
    """Return the path template of each route; fail for a route of an unknown type, which would escape."""
    for route in app.routes:
        if isinstance(route, Mount):
            assert isinstance(route.app, VendorApis), route
            yield route.path
            yield from (
                route.path + one.template for one in contract.operations.values() if one.api.mount == route.path
            )
        else:
            assert isinstance(route, Route), route
            yield route.path
            if isinstance(route.endpoint, Dashboard):
                yield from routes_of(site(contract, database, Journal(0)), contract, database)


def every_path() -> list[str]:
    contract = Contract.load()
    with closing(open_database()) as database:
        app: Any = build_app(contract, database, ServeSettings()).app
        found = {*routes_of(app, contract, database), *routes_of(app.default, contract, database)}
        return sorted({*found, LOGIN_PATH})


PATHS = every_path()
# Without the streams of events, which do not end.
ADMIN_PATHS = [path for path in PATHS if path.startswith("/__admin") and not path.endswith("/events")]


def path_for(sandbox: Sandbox, template: str, number: int = 1, **values: Any) -> str:
    """Return the path with existing objects for most of its parameters. `values`: of some of them."""
    known = {
        "account_id": sandbox.account_id,
        "integration_id": "payments",
        "number:row": str(number),
        "name": "base.css",
    }
    for name in path_parameters(template):
        template = template.replace("{" + name + "}", quote({**known, **values}.get(name, "x"), safe=""))
    return template


def path_parameters(template: str) -> list[str]:
    return [part.partition("}")[0] for part in template.split("{")[1:]]


def answers(sandbox: Sandbox, **headers: str) -> dict[tuple[str, str], httpx.Response]:
    """Return the answers to each method on each path, by template."""
    every = {**JSON_HEADERS, **headers}
    found = {}
    for template in PATHS:
        for method in METHODS:
            url = sandbox.origin + path_for(sandbox, template)
            with sandbox.http.stream(method, url, headers=every, content=b"{}") as answer:
                # What is let through may be a stream of events without an end.
                if answer.is_error:
                    answer.read()
            found[method, template] = answer
    return found


def all_refused(found: dict[tuple[str, str], httpx.Response], status: int) -> None:
    """Assert it for all but health, which is open to anyone."""
    assert [found.pop((method, HEALTH_PATH)).status_code for method in ("GET", "HEAD")] == [200, 200]
    assert {call: answer.status_code for call, answer in found.items() if answer.status_code != status} == {}
    assert all(errors_of(answer) for (method, _), answer in found.items() if method != "HEAD")


def test_the_walk_finds_each_kind_of_route() -> None:
    events = "/__admin/ui/{account_id}/events"
    contact = "/api/v1/{account_id}/{integration_id}/contact"

    assert {"/__admin/health", "/__admin/sandboxes/{account_id}/state", events, contact} <= set(PATHS)
    assert len(PATHS) > 40


def unrefused(sandbox: Sandbox) -> dict[str, Any]:
    """Return all that the server knows of the sandbox, apart from the requests to the API that the guard refused."""
    known = sandbox.snapshot()
    kept = [one for one in known["requests"]["requests"] if not {"refused-by-guard"} & codes_of(one)]
    return known | {"requests": kept}


def codes_of(listed: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in listed["findings"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "rebound.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
    ],
)
def test_a_foreign_name_or_site_is_refused_on_every_route(sandbox: Sandbox, name: str, value: str) -> None:
    sandbox.stored("contact", {"contact_id": 1})
    before = unrefused(sandbox)

    found = answers(sandbox, Authorization=sandbox.api_key, **{name: value})

    all_refused(found, 403)
    assert unrefused(sandbox) == before


@pytest.mark.parametrize(
    "foreign", [b"Host: rebound.example", b"Host: localhost\r\nOrigin: http://evil.example"], ids=["host", "origin"]
)
def test_a_websocket_of_a_foreign_page_is_refused_on_every_route(sandbox: Sandbox, foreign: bytes) -> None:
    before = unrefused(sandbox)

    for template in set(PATHS) - {HEALTH_PATH}:
        head = f"GET {path_for(sandbox, template)} HTTP/1.1\r\n".encode()
        answer = parsed(raw_exchange(sandbox.origin, head + foreign + b"\r\n" + UPGRADE + b"\r\n\r\n"))

        assert answer.status_code == 403, template

    assert unrefused(sandbox) == before


def test_there_are_no_websockets(sandbox: Sandbox) -> None:
    request = b"GET /__admin/health HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE + b"\r\n\r\n"

    assert parsed(raw_exchange(sandbox.origin, request)).status_code == 200


def test_without_the_token_nothing_is_reached_but_the_api_and_the_contract(http: httpx.Client) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    with served("--admin-token", TOKEN) as server:
        demo = Sandbox(server.origin, "demo", "sandbox-key-0123456789", http)
        before = demo.snapshot(**token)
        found = answers(demo)
        journal = demo.snapshot(**token)["requests"]["requests"]
        after = {**demo.snapshot(**token), "requests": before["requests"]}

    api = {call: answer for call, answer in found.items() if call[1].startswith(("/api", "/reading", "/tracking"))}
    contract = {call: answer for call, answer in found.items() if call[1] in CONTRACT_PATHS}
    all_refused({call: answer for call, answer in found.items() if call not in {*api, *contract}}, 401)
    texts = [errors_of(answer)[0] for (method, _), answer in api.items() if method != "HEAD"]
    assert not [text for text in texts if "token" in text]
    assert all(contract["GET", path].status_code == 200 for path in CONTRACT_PATHS)
    assert after == before
    assert {entry["request"]["path"].split("/")[1] for entry in journal} == {"api", "reading"}


# The last four have other digits: `str.isdigit` knows each of them, and `int` all but one.
NUMBERS = ["9" * 20, "9" * 5_000, "-1", "1e3", "", "1.5", " 1", "\0", "٣", "１", "²", "५" * 20]


@pytest.fixture(scope="module")
def fake() -> Iterator[Intercepted]:
    with intercepted() as found:
        yield found


def failures(sandbox: Sandbox, method: str, path: str, **request: Any) -> Iterator[tuple[str, int]]:
    """Yield path and status where the request is not answered, or the server failed."""
    with sandbox.http.stream(method, f"{sandbox.origin}{path}", headers=JSON_HEADERS, **request) as answer:
        # 501 is what a fake does not play of reading and tracking.
        if answer.is_server_error and answer.status_code != 501:
            yield f"{method} {answer.url}"[:200], answer.status_code


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_number_of_any_form_in_a_path_makes_no_route_fail(method: str, fake: Intercepted) -> None:
    sandbox = fake.sandbox()
    sandbox.stored("contact", {"contact_id": 1})

    failed = [
        failure
        for template in PATHS
        for name in path_parameters(template)
        for number in NUMBERS
        for failure in failures(sandbox, method, path_for(sandbox, template, 1, **{name: number}))
    ]

    assert failed == []


def query_parameters(sandbox: Sandbox, path: str, asked_for: set[str]) -> set[str]:
    """Return the parameters that the route reads: those that it asks the query for, or names in a refusal."""
    asked_for.clear()
    with sandbox.http.stream("GET", f"{sandbox.origin}{path}?no-such-filter=1") as answer:
        if not answer.is_error:
            return set(asked_for)
        _, _, named = answer.read().decode().partition("is not a filter; use ")
    return set(named.partition('"')[0].split(", ")) - {"", "none"}


@pytest.mark.slow
def test_a_number_of_any_form_in_a_query_makes_no_route_fail(
    fake: Intercepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = fake.sandbox()
    sandbox.stored("contact", {"contact_id": 1})
    asked_for: set[str] = set()
    get = QueryParams.get

    def recording_get(self: QueryParams, name: str, default: Any = None) -> Any:
        asked_for.add(name)
        return get(self, name, default)

    monkeypatch.setattr(QueryParams, "get", recording_get)

    found = {path: query_parameters(sandbox, path, asked_for) for path in (path_for(sandbox, one) for one in PATHS)}
    failed = [
        failure
        for path, names in found.items()
        for name in names
        for number in NUMBERS
        for failure in failures(sandbox, "GET", path, params={name: number})
    ]

    assert {"before", "after", "limit", "status"} <= set[str]().union(*found.values())
    assert failed == []
