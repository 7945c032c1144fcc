"""Ids and emails of a run's own, so that it touches nothing else that the server holds."""

import zlib
from typing import Any
from urllib.parse import quote, unquote

from contracts.document import Document, Operation

# How many integers a run has.
_SPAN = 10_000_000


class Names:
    """Replaces each id and email by one of this run; nothing without `prefix` is written.

    On loopback integers stay integers, in a range of the run's own; elsewhere they become texts with the prefix.
    """

    def __init__(self, document: Document, prefix: str, *, integers: bool) -> None:
        self._document = document
        self.prefix = prefix
        self._first = 10**12 + zlib.crc32(prefix.encode()) % 10**5 * _SPAN if integers else None

    def body(self, operation: Operation, body: Any) -> Any:
        return body if operation.body is None else self._document.map_values(operation.body, body, self._own)

    def path(self, encoded: str) -> str:
        """Return a percent-encoded id or email for a path, short enough to be valid as it is written."""
        own = self._own("email" if "@" in unquote(encoded) else "id", unquote(encoded))
        while len(quote(own, safe="")) > 255:
            own = own[:-1]
        return quote(own, safe="")

    def is_own(self, value: Any) -> bool:
        """Return whether an id or email is one of this run."""
        if isinstance(value, str) and value.startswith(self.prefix):
            return True
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
        return self._first is not None and isinstance(number, int | float) and 0 <= number - self._first < _SPAN

    def _own(self, kind: str, value: Any) -> Any:
        if kind not in ("id", "email", "tag"):
            return value
        if not isinstance(value, str):
            if self._first is not None:
                return type(value)(self._first + int(value) % _SPAN)
            return {"id": f"{self.prefix}{int(value)}"} if kind == "tag" else f"{self.prefix}{int(value)}"
        if value.startswith(self.prefix):
            return value
        if kind == "email" and len(self.prefix + value) > 254:
            name, _, host = value.partition("@")
            return f"{self.prefix}{name[:100]}@{host[:100].strip('.')}"
        return (self.prefix + value)[:255]
