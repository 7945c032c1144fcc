"""Who may talk to the server at all, and who to its admin side; in one place, before any route.

A page in a browser must not reach a server on loopback: not under a name that resolves to it (DNS rebinding)
and not from another site. The admin side of a server that others can reach asks for a token.
"""

import ipaddress
import re
import secrets
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

ADMIN_PREFIX = "/__admin"
TOKEN_COOKIE = "segmetrics_mock_admin"
LOGIN_PATH = f"{ADMIN_PREFIX}/login"
UI_PATH = f"{ADMIN_PREFIX}/ui"
"""The dashboard, and where the login leads."""


class Guard:
    """Wraps the whole application; `hosts`: names beside loopback's that may stand in `Host`."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], admin_token: str | None) -> None:
        self._app = app
        self._hosts = {"localhost", *(host.lower() for host in hosts)}
        self._token = admin_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = self._refusal(connection)
        if refusal is not None:
            status, text = refusal
            response: ASGIApp = JSONResponse({"status": "error", "errors": [text]}, status)
        elif scope["path"] == LOGIN_PATH and self._token:
            response = self._login(connection)
        else:
            response = self._app
        if response is not self._app and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await response(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> tuple[int, str] | None:
        host = connection.headers.get("host", "")
        if not self._known_host(host, connection.scope.get("server")):
            return 403, f"the Host '{host}' is not this server's; start it with --allow-host-header {_name(host)}"
        origin = connection.headers.get("origin")
        site = connection.headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") or (origin is not None and origin.partition("://")[2] != host):
            return 403, "a page of another site sent this request; use the server's own pages or a program"
        if connection.scope["path"].startswith(ADMIN_PREFIX) and not self._may_administer(connection):
            return 401, "the admin side needs its token: Authorization: Bearer TOKEN, or the link printed at start"
        return None

    def _known_host(self, host: str, server: tuple[str, int] | None) -> bool:
        """Names of ours, loopback addresses, and the very address that the connection came in on."""
        name = _name(host)
        if name in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or (server is not None and name == server[0])

    def _may_administer(self, connection: HTTPConnection) -> bool:
        if self._token is None or connection.scope["path"] == LOGIN_PATH:
            return True
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
