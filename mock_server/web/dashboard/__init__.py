"""The dashboard: pages at `/__admin/ui`, the API reference at `/__admin/docs`.

Jinja2 and the pages are loaded when the first page is asked for, so that `serve` starts fast.
"""

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.journal import Journal
from mock_server.spec import Contract
from mock_server.store.database import Database
from mock_server.web.guard import ADMIN_PREFIX, UI_PATH

PATH = UI_PATH
DOCS_PATH = f"{ADMIN_PREFIX}/docs"


class Dashboard:
    """The pages over one database, as an ASGI application that is built at the first request."""

    def __init__(self, contract: Contract, database: Database, journal: Journal) -> None:
        self._parts = contract, database, journal
        self._site: ASGIApp | None = None

    def routes(self) -> list[Route]:
        return [Route(path + rest, self) for path in (PATH, DOCS_PATH) for rest in ("", "/{rest:path}")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._site is None:
            from mock_server.web.dashboard.pages import site

            self._site = site(*self._parts)
        await self._site(scope, receive, send)
