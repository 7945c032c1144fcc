"""Calls as they arrive, as server-sent events. The journal is asked for what is new, so that the writer may be another
process."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from jinja2 import Template
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mock_server.errors import ApiError
from mock_server.journal import ListedExchange
from mock_server.journal import queries as journal
from mock_server.store import accounts
from mock_server.store.accounts import NO_ACCOUNT
from mock_server.store.database import Database
from mock_server.store.session import Session
from mock_server.web.dashboard.calls import filters_of, line_of
from mock_server.web.dashboard.look import HEADERS

POLL_SECONDS = 0.3
_AT_ONCE = 100
# After how many polls without news a comment is sent: a connection that is gone shows itself then.
_SIGN_OF_LIFE = 50


class Events:
    """An ASGI endpoint. Each event's `id` is the number of its call, its data `{number, html, told}`."""

    def __init__(self, database: Database, template: Template) -> None:
        self._database = database
        self._template = template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        account_id: str = request.path_params["account_id"].replace("~", "")
        with self._database.transaction() as session:
            generation = _generation(session, account_id)
            if generation is None:
                raise ApiError(404, f"there is no sandbox '{account_id}'")
            _, last = journal.ends(session.scoped_to(generation))
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
                generation = _generation(session, account_id)  # a reset gives the account another one
                found = (
                    [] if generation is None else journal.after(session.scoped_to(generation), after, _AT_ONCE, filters)
                )
            for exchange in found:
                after = exchange["number"]
                yield self._event(exchange, root)
            quiet = 0 if found else quiet + 1
            if quiet % _SIGN_OF_LIFE == _SIGN_OF_LIFE - 1:
                yield b": still here\n\n"
            await asyncio.sleep(POLL_SECONDS)

    def _event(self, line: ListedExchange, root: str) -> bytes:
        shown = line_of(line)
        html = self._template.render(lines=[shown], here=root)
        told = (
            f"{line['method']} {line['operation'] or line['path'][:80]}, {line['status']}, {line['severity'] or 'ok'}"
        )
        data = orjson.dumps({"number": line["number"], "html": html, "told": told})
        return b"id: %d\ndata: %s\n\n" % (line["number"], data)


def _generation(session: Session, account_id: str) -> int | None:
    """Return the account's generation, or None for an account that does not exist; an empty id is that of none."""
    if not account_id:
        return NO_ACCOUNT
    found = accounts.find(session, account_id)
    return None if found is None else found.generation
