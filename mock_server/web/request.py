"""A request as it came over the wire: what its headers say, and its body up to a limit."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.types import Receive, Scope

from mock_server.errors import ApiError
from mock_server.journal import shown_headers

WHOLE_BODY = "segmetrics_mock.body"
"""Under this name our HTTP protocol puts a body that came with its head into the scope's state: most of them do so."""
MEDIA_TYPE = "application/json"
"""Of the bodies that the API takes."""
_DRAINED_BODIES = 32
"""How many times the limit of a body that is too large is read before it is answered: clients hear 413 only then."""
_HEADS_KEPT = 64
"""How many sets of headers are kept read: a client sends the same ones again and again."""


class Head(NamedTuple):
    """What a request's headers say. `api_key`: without a prefix that does not belong there.

    `shown`: all of them, as the journal keeps them.
    """

    authorization: str
    api_key: str
    content_type: str
    is_json: bool
    shown: str


class Request(NamedTuple):
    """What came over the wire. `raw_path`: still encoded, without the query. `body`: None when too large."""

    method: str
    path: str
    raw_path: bytes
    head: Head
    body: bytes | None


async def receive_body(receive: Receive, most: int) -> bytes | None:
    """The body; of one with more bytes than `most`, so much that it shows. None when the client went away."""
    kept, size = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if len(kept) <= most:
            kept += chunk
        if not message.get("more_body") or size > most * _DRAINED_BODIES:
            return bytes(kept)


def read_request(scope: Scope, body: bytes, max_body_bytes: int) -> Request:
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return Request(
        method=scope["method"],
        path=(raw_path + (b"?" + query if query else b"")).decode("latin-1"),
        raw_path=raw_path,
        head=_read_head(tuple(scope["headers"])),
        body=body if len(body) <= max_body_bytes else None,
    )


@lru_cache(_HEADS_KEPT)
def _read_head(raw: tuple[tuple[bytes, bytes], ...]) -> Head:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    authorization = headers.get("authorization", "")
    content_type = headers.get("content-type", "")
    return Head(
        authorization=authorization,
        api_key=authorization[7:].strip() if authorization[:7].lower() == "bearer " else authorization,
        content_type=content_type,
        is_json=content_type.partition(";")[0].strip().lower() == MEDIA_TYPE,
        shown=shown_headers(headers),
    )


def segments(raw_path: bytes) -> list[str]:
    """The segments of a path below `/api`, decoded."""
    if raw_path.isascii() and b"%" not in raw_path:
        return raw_path.decode().split("/")[2:]
    return [_decode(segment) for segment in raw_path.split(b"/")[2:]]


def _decode(segment: bytes) -> str:
    """A segment of a path, percent-decoded; raw bytes are taken as UTF-8 too."""
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        shown = segment.decode("latin-1")
        raise ApiError.violation(
            400, "bad-path", "/path", f"'{shown}' in the path is not UTF-8; percent-encode the UTF-8 bytes"
        ) from None
