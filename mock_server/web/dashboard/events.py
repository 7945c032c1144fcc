"""Calls as they arrive, as server-sent events. The journal is asked for what is new, so that the writer may be another
process."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from jinja2 import Template
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mock_server.errors import ApiError
from mock_server.store import accounts, exchanges
from mock_server.store.database import Database
from mock_server.web.dashboard.calls import filters_of, line_of
from mock_server.web.dashboard.look import HEADERS

POLL_SECONDS = 0.3
_AT_ONCE = 100
_SIGN_OF_LIFE = 50
"""After how many polls without news a comment is sent: a connection that is gone shows itself then."""


class Events:
    """An ASGI endpoint. Each event's `id` is the number of its call, its data `{number, html, told}`."""

    def __init__(self, database: Database, template: Template) -> None:
        self._database = database
        self._template = template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        account_id: str = request.path_params["account_id"].replace("~", "")
        with self._database.transaction() as session:
            if account_id and accounts.find(session, account_id) is None:
                raise ApiError(404, f"there is no sandbox '{account_id}'")
            _, last = exchanges.ends(session, account_id)
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else last
        response: Response = StreamingResponse(
            self._news(request, account_id, after), headers=HEADERS, media_type="text/event-stream"
        )
        await response(scope, receive, send)

    async def _news(self, request: Request, account_id: str, after: int) -> AsyncIterator[bytes]:
        filters = filters_of(request.query_params)
        root = request.url.path.removesuffix("/events")
        yield b"retry: 1000\n\n"
        quiet = 0
        while True:
            with self._database.transaction() as session:
                lines = exchanges.after(session, account_id, after, _AT_ONCE, **filters)
            for line in lines:
                after = line["number"]
                yield self._event(line, root)
            quiet = 0 if lines else quiet + 1
            if quiet % _SIGN_OF_LIFE == _SIGN_OF_LIFE - 1:
                yield b": still here\n\n"
            await asyncio.sleep(POLL_SECONDS)

    def _event(self, line: dict[str, Any], root: str) -> bytes:
        shown = line_of(line)
        html = self._template.render(lines=[shown], here=root)
        told = (
            f"{line['method']} {line['operation'] or line['path'][:80]}, {line['status']}, {line['severity'] or 'ok'}"
        )
        data = orjson.dumps({"number": line["number"], "html": html, "told": told})
        return b"id: %d\ndata: %s\n\n" % (line["number"], data)
