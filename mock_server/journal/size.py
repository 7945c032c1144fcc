"""How much the journals of all accounts take together, and what is deleted when that is too much."""

from asyncio import sleep
from collections.abc import Mapping
from functools import partial
from typing import Any

from mock_server.errors import StoreError
from mock_server.journal import queries
from mock_server.store import accounts
from mock_server.store.accounts import NO_ACCOUNT
from mock_server.store.database import Database
from mock_server.store.session import Session

# What a row takes beside its long texts.
_ROW_BYTES = 400
# How many exchanges are deleted at once: more would delay calls.
_DELETED_AT_ONCE = 160
# As much is free after exchanges were deleted. Counting is only needed when so much has been added.
_FREE_SHARE = 1 / 8


def size_of(row: Mapping[str, Any]) -> int:
    """Return about how many bytes the row of an exchange takes."""
    texts = [row["new_path"], row["new_request_body"], row["new_response_body"], *row["new_request_headers"].values()]
    texts += (finding["message"] for finding in row["new_findings"])
    return _ROW_BYTES + len("".join(texts).encode())


class JournalSize:
    """Keeps the journals of a database below `most` bytes; None for no limit."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._target = 0 if most is None else int(most * (1 - _FREE_SHARE))
        # What there was when it was last counted, and what has been added since; at first it is to be counted.
        self._bytes = 0 if most is None else most + 1
        self._is_shrinking = False

    def add(self, size: int) -> None:
        self._bytes += size

    async def shrink(self, database: Database) -> None:
        """Delete the oldest exchanges if there are too many bytes. Other calls are served meanwhile."""
        if self._most is None or self._bytes <= self._most or self._is_shrinking:
            return
        self._is_shrinking = True
        try:
            self._bytes = await database.transact(queries.kept_bytes)
            while self._bytes > self._target:
                deleted = await database.transact(partial(_delete_oldest, size=self._bytes - self._target))
                if not deleted:  # another server is at it
                    return
                self._bytes -= deleted
                await sleep(0)
        except StoreError:
            pass  # a full disk, for instance: calls say so, and the next one tries this again
        finally:
            self._is_shrinking = False


def _delete_oldest(session: Session, size: int) -> int:
    """Delete some of the oldest exchanges, of at most about `size` bytes; return how many bytes they took."""
    return sum(
        _delete(session.scoped_to(generation), generation, last)
        for generation, last in queries.oldest(session, _DELETED_AT_ONCE, size).items()
    )


def _delete(account: Session, generation: int, last: int) -> int:
    """Delete the exchanges of a generation up to `last`; the next one is numbered on in any case."""
    if generation == NO_ACCOUNT:
        last = min(last, queries.ends(account)[1] - 1)
    elif accounts.lock_if_free(account):
        accounts.note_dropped(account, last)
    elif accounts.exists(account):  # another server is writing for it
        return 0
    return queries.drop(account, last)
