"""The calls of the admin API, as the application routes them."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
from starlette.routing import Mount, Route

from client_tests.sandbox import JSON_HEADERS, Sandbox
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.database import open_database
from mock_server.web.app import build_app

STATE = "/__admin/sandboxes/{account_id}/state"


def routes_of(app: Any) -> Iterator[Route]:
    for route in app.routes:
        if isinstance(route, Mount):
            yield from routes_of(route)
        elif isinstance(route, Route):
            yield route


def admin_calls() -> list[tuple[str, str]]:
    """Return method and path of all that the application has below `/__admin`."""
    with closing(open_database()) as database:
        app: Any = build_app(Contract.load(), database, ServeSettings()).app
    return [
        (method, route.path)
        for route in routes_of(app.default)
        for method in sorted((route.methods or set()) - {"HEAD"})
        if route.path.startswith("/__admin")
    ]


HEALTH = "/__admin/health"
ADMIN_CALLS = [call for call in admin_calls() if call[1] != HEALTH]


def on_admin(sandbox: Sandbox, method: str, path: str, **headers: str) -> httpx.Response:
    """Send the admin call for this sandbox, with a JSON body if it changes something."""
    url = sandbox.origin + re.sub(r"\{.*?\}", sandbox.account_id, path)
    if method in ("GET", "DELETE"):
        return sandbox.http.request(method, url, headers=headers)
    return sandbox.http.request(method, url, headers={**JSON_HEADERS, **headers}, content=b"{}")
