"""Writing the journal and reading it back, page by page."""

from asyncio import sleep
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mock_server.findings import Finding, gravest
from mock_server.journal import queries
from mock_server.journal.exchange import Exchange, Request
from mock_server.journal.masking import Keys, kept_body, kept_findings, kept_headers, kept_text
from mock_server.journal.queries import Filters, Row
from mock_server.journal.shown import ShownExchange
from mock_server.journal.size import JournalSize, size_of
from mock_server.store import accounts
from mock_server.store.database import Database
from mock_server.store.session import Session

# A page ends with the exchange at which its texts reach this size.
PAGE_BYTES = 4_000_000
# How many exchanges over a lowered limit are deleted at once: more would delay calls.
_TRIMMED_AT_ONCE = 160
# Turns of the event loop in which it is found out that a client has left, once the end of its connection arrived.
_TURNS_TO_LEAVE = 8
# Exchanges that `read_all` reads before other calls are served.
_READ_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Exchanges in order. `dropped`: how many older ones are no longer kept. `next`: the `after` of the next page."""

    exchanges: list[ShownExchange]
    dropped: int
    next: int | None


class Journal:
    """Keeps the last `limit` exchanges of each account, and counts those that are no longer kept.

    `most_bytes`: of all accounts together; None for any number of them. Whoever writes calls `shrink` then.
    """

    def __init__(self, limit: int, most_bytes: int | None = None) -> None:
        self._limit = limit
        self._size = JournalSize(most_bytes)

    def write(self, session: Session, exchange: Exchange) -> None:
        """Add the exchange at the end of the transaction, together with the others of its batch."""
        request, response = exchange.request, exchange.response
        row: Row = {
            "new_generation": exchange.generation,
            "new_received_at": exchange.received_at,
            "new_duration_ms": exchange.duration_ms,
            "new_operation": exchange.operation,
            "new_severity": gravest(exchange.findings) if exchange.findings else None,
            "new_status": response.status,
            "new_method": request.method,
            "new_path": kept_text(request.path),
            "new_request_bytes": len(request.body),
            "new_response_bytes": len(response.body),
            "new_findings": kept_findings(exchange.findings) if exchange.findings else [],
            "new_fault": exchange.fault.document() if exchange.fault else None,
            "new_monotonic_ms": exchange.monotonic_ms,
            "new_stored": exchange.stored,
            "new_abandoned_ms": None,
            "new_call_site": request.call_site,
            "new_request_headers": kept_headers(request.headers, exchange.keys),
            "new_response_headers": response.headers,
            "new_request_body": kept_body(request.body, exchange.keys),
            "new_response_body": kept_body(response.body, exchange.keys),
        }
        row["new_kept_bytes"] = size_of(row)
        self._size.add(row["new_kept_bytes"])
        session.defer(self._write, row)

    def abandon(self, session: Session, exchange: Exchange, finding: Finding, waited_ms: float) -> None:
        """Add to a written exchange that its client left after that time, before the response was out."""
        findings = (*exchange.findings, finding)
        session.scoped_to(exchange.generation).run(
            queries.ABANDON,
            abandoned_at=exchange.monotonic_ms,
            new_abandoned_ms=waited_ms,
            new_findings=kept_findings(findings),
            new_severity=gravest(findings),
        )

    def repeats_refusal(self, session: Session, generation: int, request: Request, keys: Keys) -> bool:
        """Return whether the account's last request was identical and was refused with 400."""
        session.flush()
        last = queries.last_request(session.scoped_to(generation))
        return last == (400, request.method, kept_text(request.path), kept_body(request.body, keys))

    def page(
        self, session: Session, generation: int, *, after: int = 0, limit: int = 1000, filters: Filters | None = None
    ) -> JournalPage:
        """Return the exchanges after the one numbered `after`, newest last, as many as fit into a page.

        It only reads, so that it works with a full disk: what is over the limit is left out, and counted as dropped.
        """
        account = session.scoped_to(generation)
        first = self._first(account)
        exchanges, has_more = queries.read(account, max(after, first - 1), limit, PAGE_BYTES, filters or {})
        dropped = first - 1 - accounts.last_cleared(account)
        return JournalPage(exchanges, dropped, exchanges[-1]["number"] if has_more else None)

    def dropped(self, session: Session, generation: int) -> int:
        """Return how many exchanges of an account are no longer kept."""
        account = session.scoped_to(generation)
        return self._first(account) - 1 - accounts.last_cleared(account)

    def _first(self, account: Session) -> int:
        """Return the number of the first exchange that is within the limit."""
        oldest, newest = queries.ends(account)
        return max(oldest, newest - self._limit + 1)

    def generations(self, session: Session) -> list[int]:
        """Return the generations that have exchanges, also those that no account has any more."""
        return queries.generations(session)

    def all(self, session: Session, generation: int) -> Iterator[ShownExchange]:
        """Yield all exchanges of an account, oldest first."""
        after: int | None = 0
        while after is not None:
            page = self.page(session, generation, after=after)
            yield from page.exchanges
            after = page.next

    async def read_all(
        self, database: Database, *generations: int, account_id: str | None = None
    ) -> list[ShownExchange]:
        """Return all exchanges of some accounts that there are now, oldest first within each.

        Calls that come meanwhile are served: each page is read in a transaction of its own. Exchanges do not change,
        so the pages fit together; of a full journal, the oldest may be missing. Clients that have just left their
        last answer are known before, at least those of `account_id`.
        """
        for _ in range(_TURNS_TO_LEAVE):
            await sleep(0)
        found: list[ShownExchange] = []
        for generation in generations:
            after: int | None = 0
            while after is not None:
                read = partial(self.page, generation=generation, after=after, limit=_READ_AT_ONCE)
                page = await database.transact(read, account_id)
                found += page.exchanges
                after = page.next
                await sleep(0)
        return found

    async def shrink(self, database: Database) -> None:
        """Delete the oldest exchanges of all accounts if there are more bytes than are kept, a few at a time."""
        await self._size.shrink(database)

    def _write(self, session: Session, rows: list[Row]) -> None:
        by_generation: dict[int, list[Row]] = {}
        for row in rows:
            by_generation.setdefault(row["new_generation"], []).append(row)
        for generation, added in by_generation.items():
            self._add(session.scoped_to(generation), added)

    def _add(self, account: Session, added: list[Row]) -> None:
        """Number the exchanges and store them. In a full journal they overwrite the oldest: deleting is slower."""
        oldest, newest = queries.ends(account)
        for position, row in enumerate(added):
            row["new_number"] = newest + 1 + position
            row["replaced"] = oldest + position
        kept = newest - oldest + 1
        # The newest one stays even with a limit of 0: the next one has its number from it.
        surplus = max(kept + len(added) - max(self._limit, 1), 0)
        replacing = min(surplus, kept, len(added))
        for statement, some in ((queries.REPLACE, added[:replacing]), (queries.ADD, added[replacing:])):
            if some:
                account.run_many(statement, some)
        if surplus > replacing:
            removed = min(surplus, replacing + _TRIMMED_AT_ONCE)
            account.run(queries.TRIM, first=oldest + removed)
