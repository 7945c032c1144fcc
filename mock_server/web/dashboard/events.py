"""Exchanges as they arrive, as server-sent events. The journal is polled, since another process may write it too."""

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
from mock_server.spec.values import utc_now
from mock_server.store import accounts
from mock_server.store.accounts import NO_ACCOUNT
from mock_server.store.database import Database
from mock_server.store.session import Session
from mock_server.web.dashboard.exchanges import filters_from, list_item
from mock_server.web.dashboard.theme import HEADERS

_POLL_SECONDS = 0.3
_MAX_EXCHANGES = 100  # of a poll
# After so many polls without an exchange a comment is sent: only sending shows that the client has disconnected.
_KEEPALIVE_POLLS = 50


class Events:
    """An ASGI endpoint. Each event's `id` is the number of an exchange, its data `{number, html, announcement}`.

    An event `reset` says that the earlier exchanges are deleted: `{last, at}`, the number of the last one and the time.
    """

    def __init__(self, database: Database, template: Template) -> None:
        self._database = database
        self._template = template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        account_id: str = request.path_params["account_id"].replace("~", "")
        with self._database.transaction() as session:
            generation = _generation(session, account_id)
            if generation is None:
                raise ApiError(404, f"there is no sandbox '{account_id}'; see /__admin/ui for those that exist")
            account = session.scoped_to(generation)
            _, last = journal.ends(account)
            last_cleared = accounts.last_cleared(account)
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else last
        response: Response = StreamingResponse(
            self._stream(request, account_id, after, generation if last_cleared <= after <= last else None),
            headers=HEADERS,
            media_type="text/event-stream",
        )
        await response(scope, receive, send)

    async def _stream(
        self, request: Request, account_id: str, after: int, generation: int | None
    ) -> AsyncIterator[bytes]:
        """Yield the events after an exchange of the generation; None when the journal does not have it any more."""
        filters = filters_from(request.query_params)
        root = request.url.path.removesuffix("/events")
        yield b"retry: 1000\n\n"
        quiet_polls = 0
        while True:
            found: list[ListedExchange] = []
            is_reset = False
            with self._database.transaction() as session:
                current = _generation(session, account_id)
                if current is not None:
                    account = session.scoped_to(current)
                    is_reset, generation = current != generation, current  # a reset gives the account another one
                    after = journal.ends(account)[0] - 1 if is_reset else after
                    found = journal.after(account, after, _MAX_EXCHANGES, filters)
            if is_reset:
                yield _reset(after)
            for exchange in found:
                after = exchange["number"]
                yield self._event(exchange, root)
            quiet_polls = 0 if found else quiet_polls + 1
            if quiet_polls % _KEEPALIVE_POLLS == _KEEPALIVE_POLLS - 1:
                yield b": keep-alive\n\n"
            await asyncio.sleep(_POLL_SECONDS)

    def _event(self, exchange: ListedExchange, root: str) -> bytes:
        html = self._template.render(items=[list_item(exchange)], here=root)
        subject = f"{exchange['method']} {exchange['operation'] or exchange['path'][:80]}"
        announcement = f"{subject}, {exchange['status']}, {exchange['severity'] or 'ok'}"
        data = orjson.dumps({"number": exchange["number"], "html": html, "announcement": announcement})
        return b"id: %d\ndata: %s\n\n" % (exchange["number"], data)


def _reset(last: int) -> bytes:
    data = orjson.dumps({"last": last, "at": utc_now()[11:16]})
    return b"id: %d\nevent: reset\ndata: %s\n\n" % (last, data)


def _generation(session: Session, account_id: str) -> int | None:
    """Return the account's generation: NO_ACCOUNT for an empty id, None when the account does not exist."""
    if not account_id:
        return NO_ACCOUNT
    found = accounts.find(session, account_id)
    return None if found is None else found.generation
