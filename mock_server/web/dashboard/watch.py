"""Whether journals have changed, found out once for all pages that show them."""

import asyncio
from contextlib import suppress
from functools import partial

from mock_server.clock import monotonic
from mock_server.errors import StoreError
from mock_server.journal import queries as journal
from mock_server.store import accounts
from mock_server.store.accounts import NO_ACCOUNT
from mock_server.store.database import Database
from mock_server.store.session import Session

# Another process may write to the database, too, so it is polled.
_POLL_SECONDS = 0.3
# How long a round of polling is followed by none, at least, as a multiple of its own time.
_PAUSE = 5
# How many accounts are polled, or pages woken, before calls are served.
_AT_ONCE = 50

# Generation of an account, and number of its newest exchange; None when there is no such account.
Position = tuple[int, int] | None


class Watch:
    """Waits for changes of the journals of any number of accounts, for any number of pages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, list[tuple[Position, asyncio.Future[Position]]]] = {}
        self._poller: asyncio.Task[None] | None = None

    async def change(self, account_id: str, seen: Position) -> Position:
        """Return the position of an account's journal as soon as it is another one than `seen`."""
        changed: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account_id, []).append((seen, changed))
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return await changed

    async def _poll(self) -> None:
        """Poll as long as a page waits."""
        while self._waiting:
            started = monotonic()
            account_ids = list(self._waiting)
            for first in range(0, len(account_ids), _AT_ONCE):
                with suppress(StoreError):  # the database may work again the next time
                    await self._poll_some(account_ids[first : first + _AT_ONCE])
            await asyncio.sleep(max(_POLL_SECONDS, _PAUSE * (monotonic() - started)))

    async def _poll_some(self, account_ids: list[str]) -> None:
        counts = {account_id: len(self._waiting[account_id]) for account_id in account_ids}
        positions = await self._database.transact(partial(_positions, account_ids=account_ids))
        for account_id, position in positions.items():
            await self._wake(account_id, position, counts[account_id])

    async def _wake(self, account_id: str, position: Position, count: int) -> None:
        """Wake the pages that have not seen the position. Those after the first `count` may have seen a later one."""
        all_waiting = self._waiting.pop(account_id)
        waiting = [(seen, changed) for seen, changed in all_waiting[:count] if not changed.done()]
        if unchanged := [(seen, changed) for seen, changed in waiting if seen == position] + all_waiting[count:]:
            self._waiting[account_id] = unchanged
        woken = 0
        for seen, changed in waiting:
            if seen != position and not changed.done():
                changed.set_result(position)
                woken += 1
                if woken % _AT_ONCE == 0:
                    await asyncio.sleep(0)


def _positions(session: Session, account_ids: list[str]) -> dict[str, Position]:
    return {account_id: position_of(session, account_id) for account_id in account_ids}


def position_of(session: Session, account_id: str) -> Position:
    """Return the position of an account's journal; without an id, of exchanges that named no existing account."""
    if not account_id:
        return NO_ACCOUNT, journal.ends(session.scoped_to(NO_ACCOUNT))[1]
    found = accounts.find(session, account_id)
    return (found.generation, journal.ends(session.scoped_to(found.generation))[1]) if found else None
