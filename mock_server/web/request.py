"""A request as it came over the wire, its body up to a limit."""

import re
from urllib.parse import unquote

from starlette.types import Receive, Scope

from mock_server.http.scope import CLEARTEXT_HOST, WHOLE_BODY
from mock_server.journal import Request

MEDIA_TYPE = "application/json"
# In which the hooks of `check`, and whoever likes, say where a call comes from. It is taken off.
CALL_SITE = "x-segmetrics-mock-call-site"
_MAX_FILE = 1_000
_LINE = re.compile("[1-9][0-9]{0,8}")
# How many times the limit of a body that is too large is read before it is answered: clients see 413 only then.
_DRAINED_BODIES = 32


async def read_request(scope: Scope, receive: Receive, max_body_bytes: int) -> Request | None:
    """Return the request, or None when the client went away. Of a body over the limit, a part over it is kept."""
    body: bytes | None = scope["state"].get(WHOLE_BODY)
    if body is None:
        body = await _receive_body(receive, max_body_bytes)
    if body is None:
        return None
    query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"] + (b"?" + query if query else b"")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    call_site = _call_site(headers.pop(CALL_SITE)) if CALL_SITE in headers else None
    return Request(
        scope["method"], path.decode("latin-1"), headers, body, scope["state"].get(CLEARTEXT_HOST), call_site
    )


def _call_site(sent: str) -> str | None:
    """Return `file:line` as it was sent, percent-decoded; None for anything else."""
    file, _, line = unquote(sent).rpartition(":")
    is_place = file.isprintable() and 0 < len(file) <= _MAX_FILE and _LINE.fullmatch(line)
    return f"{file}:{line}" if is_place else None


async def _receive_body(receive: Receive, most: int) -> bytes | None:
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


def is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE
