"""Who may talk to the server at all, and who to its admin side; in one place, before any route.

A page in a browser must not reach a server on loopback: not under a name that resolves to it (DNS rebinding)
and not from another site. The admin side of a server that others can reach asks for a token.
"""

import ipaddress
import re
import secrets
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

ADMIN_PREFIX = "/__admin"
TOKEN_COOKIE = "segmetrics_mock_admin"
_OPEN = ("/api", "/openapi.yaml", "/openapi.json")
"""What asks for no token: the import API, which has its keys, and the contract. Whatever else there will be does."""
LOGIN_PATH = f"{ADMIN_PREFIX}/login"
UI_PATH = f"{ADMIN_PREFIX}/ui"
"""The dashboard, and where the login leads."""

_HOSTS_KEPT = 256
"""For how many values of Host it is remembered whether they are ours."""


class Guard:
    """Wraps the whole application; `hosts`: names beside loopback's that may stand in `Host`."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], admin_token: str | None) -> None:
        self._app = app
        self._hosts = {"localhost", *(host.lower() for host in hosts)}
        self._token = admin_token
        self._is_ours = lru_cache(_HOSTS_KEPT)(self._find_out_host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            status, text = refusal
            response: ASGIApp = JSONResponse({"status": "error", "errors": [text]}, status)
        elif scope["path"] == LOGIN_PATH and self._token:
            response = self._login(HTTPConnection(scope))
        else:
            response = self._app
        if response is not self._app and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await response(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        host = headers.get(b"host", b"").decode("latin-1")
        server = scope.get("server")
        if not self._is_ours(host, server and server[0]):
            return 403, f"the Host '{host}' is not this server's; start it with --allow-host-header {_name(host)}"
        origin = headers.get(b"origin", b"").decode("latin-1")
        site = headers.get(b"sec-fetch-site", b"none")
        if site not in (b"none", b"same-origin") or (b"origin" in headers and origin.partition("://")[2] != host):
            return 403, "a page of another site sent this request; use the server's own pages or a program"
        if not self._may_enter(scope):
            return 401, "the admin side needs its token: Authorization: Bearer TOKEN, or the link printed at start"
        return None

    def _find_out_host(self, host: str, server: str | None) -> bool:
        """Names of ours, loopback addresses, and the very address that the connection came in on."""
        name = _name(host)
        if name in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or name == server

    def _may_enter(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if self._token is None or path in (*_OPEN, LOGIN_PATH) or path.startswith("/api/"):
            return True
        connection = HTTPConnection(scope)
        sent = connection.headers.get("authorization", "")
        return self._is_token(re.sub("^bearer ", "", sent, flags=re.IGNORECASE)) or self._is_token(
            connection.cookies.get(TOKEN_COOKIE, "")
        )

    def _is_token(self, sent: str) -> bool:
        return secrets.compare_digest(sent.encode(), (self._token or "").encode())

    def _login(self, connection: HTTPConnection) -> ASGIApp:
        """The printed link: takes the token from the query, and hands it to the browser as a cookie."""
        sent = parse_qs(connection.url.query).get("token", [""])[0]
        if not self._is_token(sent):
            return JSONResponse({"status": "error", "errors": ["this is not the token printed at start"]}, 401)
        response = RedirectResponse(UI_PATH, 303)
        response.set_cookie(TOKEN_COOKIE, sent, httponly=True, samesite="strict")
        return response


def _name(host: str) -> str:
    """The name or address in a Host header, without port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
