"""The ASGI applications that take the place of the whole one for requests to intercepted or blocked hosts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from mock_server.http.scope import CLEARTEXT_HOST
from mock_server.intercept.policy import HostPolicy, PlayedHost

Scope = Mapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Mapping[str, Any]], Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class ApiOnly:
    """Serves the API of an intercepted host to a request for it, and nothing else of the fake.

    `host`: as the request names it. `played`: the host whose API is served.
    `is_cleartext`: whether the client sent it to a production host over plain http.
    """

    def __init__(
        self, app: Application, policy: HostPolicy, host: str, played: PlayedHost, *, is_cleartext: bool
    ) -> None:
        self._is_cleartext = is_cleartext
        self._played = played
        self._app = app
        self._policy = policy
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        base = self._played.base_path
        if path.startswith("/__admin"):
            text = f"the admin side cannot be reached as {self._host}; use the fake's own address"
            await ErrorResponse(403, text)(scope, receive, send)
        elif path != base and not path.startswith(f"{base}/"):
            text = f"{scope['method']} {path}: {self._played.what} is below https://{self._played.host}{base}/"
            self._policy.on_trouble(self._host, text)
            await ErrorResponse(404, text)(scope, receive, send)
        else:
            if self._is_cleartext:
                scope["state"][CLEARTEXT_HOST] = self._host
            await self._app(self._mounted(scope), receive, send)

    def _mounted(self, scope: Scope) -> Scope:
        """Return the scope with the path under which the fake serves the API."""
        base, mount = self._played.base_path, self._played.mount
        if base == mount:
            return scope
        raw_path = mount.encode() + scope["raw_path"].removeprefix(base.encode())
        return {**scope, "path": mount + scope["path"].removeprefix(base), "raw_path": raw_path}


class ErrorResponse:
    """Answers every request with one error, in the API's envelope."""

    def __init__(self, status: int, text: str) -> None:
        self._status = status
        self._body = orjson.dumps({"status": "error", "errors": [text]})

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self._body))]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self._body})
