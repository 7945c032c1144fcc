"""Exchanges as they arrive, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import cast

import orjson
from jinja2 import Template
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mock_server.errors import ApiError
from mock_server.journal import ListedExchange
from mock_server.journal import queries as journal
from mock_server.journal.queries import Filters
from mock_server.spec.values import utc_now
from mock_server.store import accounts
from mock_server.store.database import Database
from mock_server.store.session import Session
from mock_server.web.dashboard.exchanges import filters_from, list_item
from mock_server.web.dashboard.theme import HEADERS
from mock_server.web.dashboard.watch import Position, Watch, position_of

# When more have come at once, only the newest are sent.
_MAX_EXCHANGES = 50
# After so long without an exchange a comment is sent: only sending shows that the client has disconnected.
_KEEPALIVE_SECONDS = 15
# Most pages show the same.
_KEPT_EVENTS = 64

FilterItems = tuple[tuple[str, object], ...]


class Events:
    """An ASGI endpoint. Each event's `id` is the number of an exchange, its data `{number, html, announcement}`.

    An event `reset` says that the earlier exchanges are deleted: `{last, at}`, the number of the last one and the time.
    An event `gap` says that some are left out before those that follow.
    """

    def __init__(self, database: Database, template: Template) -> None:
        self._database = database
        self._template = template
        self._watch = Watch(database)
        self._kept: dict[tuple[object, ...], asyncio.Future[bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        account_id: str = request.path_params["account_id"].replace("~", "")

        def read(session: Session) -> tuple[int, int, int]:
            position = position_of(session, account_id)
            if position is None:
                raise ApiError(404, f"there is no sandbox '{account_id}'; see /__admin/ui for those that exist")
            return *position, accounts.last_cleared(session.scoped_to(position[0]))

        generation, newest, last_cleared = await self._database.transact(read)
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else newest
        # None where the journal does not have that exchange any more.
        seen = (generation, after) if last_cleared <= after <= newest else None
        response: Response = StreamingResponse(
            self._stream(request, account_id, seen), headers=HEADERS, media_type="text/event-stream"
        )
        await response(scope, receive, send)

    async def _stream(self, request: Request, account_id: str, seen: Position) -> AsyncIterator[bytes]:
        """Yield what comes after the position that the page has seen."""
        filters = FilterItems(filters_from(request.query_params).items())
        root = request.url.path.removesuffix("/events")
        yield b"retry: 1000\n\n"
        known = seen
        while True:
            try:
                async with asyncio.timeout(_KEEPALIVE_SECONDS):
                    known = await self._watch.change(account_id, known)
            except TimeoutError:
                yield b": keep-alive\n\n"
                continue
            if known is not None:  # an account that is deleted may be made again
                if events := await self._events_between(seen, known, filters, root):
                    yield events
                seen = known

    async def _events_between(self, seen: Position, now: tuple[int, int], filters: FilterItems, root: str) -> bytes:
        """Return the events between two positions, which are found once for all pages."""
        key = seen, now, filters, root
        events = self._kept.get(key)
        if events is None:
            if len(self._kept) >= _KEPT_EVENTS:
                self._kept.clear()
            self._kept[key] = events = self._database.transact(partial(self._find_events, *key))
        try:
            return await asyncio.shield(events)
        except Exception:
            self._kept.pop(key, None)
            raise

    def _find_events(
        self, seen: Position, now: tuple[int, int], filters: FilterItems, root: str, session: Session
    ) -> bytes:
        generation, newest = now
        events = []
        account = session.scoped_to(generation)
        if seen is not None and seen[0] == generation:
            after = seen[1]
        else:  # a reset gives an account another generation
            after = journal.ends(account)[0] - 1
            events.append(_reset(after))
        found = journal.between(account, after, newest, _MAX_EXCHANGES + 1, cast(Filters, dict(filters)))
        if len(found) > _MAX_EXCHANGES:
            events.append(b"event: gap\ndata: {}\n\n")
        return b"".join([*events, *(self._event(exchange, root) for exchange in found[-_MAX_EXCHANGES:])])

    def _event(self, exchange: ListedExchange, root: str) -> bytes:
        html = self._template.render(items=[list_item(exchange)], here=root)
        subject = f"{exchange['method']} {exchange['operation'] or exchange['path'][:80]}"
        announcement = f"{subject}, {exchange['status']}, {exchange['severity'] or 'ok'}"
        data = orjson.dumps({"number": exchange["number"], "html": html, "announcement": announcement})
        return b"id: %d\ndata: %s\n\n" % (exchange["number"], data)


def _reset(last: int) -> bytes:
    data = orjson.dumps({"last": last, "at": utc_now()[11:16]})
    return b"id: %d\nevent: reset\ndata: %s\n\n" % (last, data)
