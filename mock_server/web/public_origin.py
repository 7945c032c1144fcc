"""The origin in links and base URLs: that under which the client reached the server, also through a proxy."""

from collections.abc import Awaitable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

_SCHEMES = {b"http": "http", b"https": "https"}


class PublicOrigin:
    """Wraps the admin side, so that the URL of each request begins with the public origin.

    `public_url`: the origin for all requests, such as `https://segmetrics.example.org`; where it is empty, that of the
    request counts, with the scheme that a proxy names in `X-Forwarded-Proto`. A client that sends the header itself
    changes only the links that it gets.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public = urlsplit(public_url)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = scope["headers"]
        if self._public.netloc:
            scheme = self._public.scheme
            headers = [(name, value) for name, value in headers if name != b"host"]
            headers.append((b"host", self._public.netloc.encode()))
        else:
            scheme = forwarded_scheme(dict(headers).get(b"x-forwarded-proto", b"")) or scope["scheme"]
        return self._app({**scope, "scheme": scheme, "headers": headers}, receive, send)


def forwarded_scheme(sent: bytes) -> str:
    """Return the scheme that the first proxy was called with, by `X-Forwarded-Proto`; empty for anything unknown."""
    return _SCHEMES.get(sent.partition(b",")[0].strip().lower(), "")
