"""The ASGI applications that take the place of the whole one for requests to intercepted or blocked hosts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from mock_server.http.scope import CLEARTEXT_HOST
from mock_server.intercept.policy import READING_HOST, HostPolicy

_API_PATH = "/api"

Scope = Mapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Mapping[str, Any]], Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class ApiOnly:
    """Serves the import API to a request for an intercepted host, and nothing else of the fake.

    `is_cleartext`: whether the client sent it to a production host over plain http.
    """

    def __init__(self, app: Application, policy: HostPolicy, host: str, *, is_cleartext: bool) -> None:
        self._is_cleartext = is_cleartext
        self._app = app
        self._policy = policy
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/__admin"):
            text = f"the admin side cannot be reached as {self._host}; use the fake's own address"
            await ErrorResponse(403, text)(scope, receive, send)
        elif self._host == READING_HOST:
            text = f"{scope['method']} {path}: the reading API on {READING_HOST} is not imitated"
            # Clients read 404 as "there is no such contact" and go on.
            await self._not_imitated(501, text, scope, receive, send)
        elif path != _API_PATH and not path.startswith(f"{_API_PATH}/"):
            text = f"{scope['method']} {path}: the import API is below https://{self._host}{_API_PATH}/v1/"
            await self._not_imitated(404, text, scope, receive, send)
        else:
            if self._is_cleartext:
                scope["state"][CLEARTEXT_HOST] = self._host
            await self._app(scope, receive, send)

    async def _not_imitated(self, status: int, text: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._policy.on_trouble(self._host, text)
        await ErrorResponse(status, text)(scope, receive, send)


class ErrorResponse:
    """Answers every request with one error, in the API's envelope."""

    def __init__(self, status: int, text: str) -> None:
        self._status = status
        self._body = orjson.dumps({"status": "error", "errors": [text]})

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self._body))]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self._body})
