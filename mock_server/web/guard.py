"""Who may talk to the server at all, and who to its admin side; in one place, before any route.

A page in a browser must not reach a server on loopback: not under a name that resolves to it (DNS rebinding)
and not from another site. Rebinding needs a public name, which has a dot: addresses and names without one are let in.
The admin side of a server that others can reach asks for a token. Health is open to anyone, for probes.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.errors import ApiError
from mock_server.findings import Finding
from mock_server.network import is_address, is_loopback, normalize_host, split_host_port
from mock_server.web.public_origin import forwarded_scheme

ADMIN_PREFIX = "/__admin"
TOKEN_COOKIE = "segmetrics_mock_admin"
HEALTH_PATH = f"{ADMIN_PREFIX}/health"
# What asks for no token: the vendor's APIs, which have their keys, and the contract. Whatever else there will be does.
_OPEN = ("/openapi.yaml", "/openapi.json")
LOGIN_PATH = f"{ADMIN_PREFIX}/login"
# The dashboard, and where the login leads.
UI_PATH = f"{ADMIN_PREFIX}/ui"

# For how many values of Host it is remembered whether they are ours.
_HOSTS_KEPT = 256
# A name of a network's own, such as that of a service in a compose file.
_NAME_WITHOUT_DOT = re.compile("[a-z0-9_-]{1,63}")


class Guard:
    """Wraps the whole application.

    `mounts`: where the vendor's APIs are. `hosts`: names with a dot that may stand in `Host`. `public_url`: where a
    proxy serves this server, or empty.
    `refuse_call`: returns what refuses a call of these APIs, so that the client's developer sees it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        mounts: Collection[str],
        hosts: Iterable[str],
        public_url: str = "",
        admin_token: str | None,
        refuse_call: Callable[[ApiError], ASGIApp],
    ) -> None:
        self.app = app
        self._refuse_call = refuse_call
        self._open = (*_OPEN, LOGIN_PATH, *mounts)
        self._below_mounts = tuple(f"{mount}/" for mount in mounts)
        self._public_url = public_url
        self._hosts = {normalize_host(host) for host in hosts} | {_name(urlsplit(public_url).netloc)}
        self._token = admin_token
        self._is_ours = lru_cache(_HOSTS_KEPT)(self._find_out_host)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        instead = None if scope["type"] == "lifespan" or _asks_for_health(scope) else self._instead(scope)
        if instead is None:
            return self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return send({"type": "websocket.close", "code": 1008})
        return instead(scope, receive, send)

    def _instead(self, scope: Scope) -> ASGIApp | None:
        """What answers instead of the application, if anything does."""
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        if finding := self._foreign_sender(headers):
            is_call = scope["type"] == "http" and scope["path"].startswith(self._below_mounts)
            refusal = ApiError.violation(403, finding)
            return self._refuse_call(refusal) if is_call else _refused(403, finding.message)
        if self._token is None:
            return None
        if not self._may_enter(scope):
            return _refused(
                401, "the admin side needs its token: Authorization: Bearer TOKEN, or the link printed at start"
            )
        return self._login(HTTPConnection(scope)) if scope["path"] == LOGIN_PATH else None

    def _foreign_sender(self, headers: Mapping[bytes, bytes]) -> Finding | None:
        """Return what is wrong when the request was sent to another server's name, or by a page of another site."""
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_ours(host):
            return Finding.of(
                "refused-by-guard", "/headers/host", "assumed", case="host", sent=host, name=_name(host) or "NAME"
            )
        if header := self._foreign_page(headers, host):
            sent = headers[header].decode("latin-1")
            name = header.decode()
            return Finding.of("refused-by-guard", f"/headers/{name}", "assumed", case="page", name=name, sent=sent)
        return None

    def _find_out_host(self, host: str) -> bool:
        name = _name(host)
        is_public_name = not (is_address(name) or is_loopback(name) or _NAME_WITHOUT_DOT.fullmatch(name))
        return name != "" and (name in self._hosts or not is_public_name)

    def _foreign_page(self, headers: Mapping[bytes, bytes], host: str) -> bytes | None:
        """Return the header that says that a page of another site sent the request; only browsers send them."""
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin", b"").decode("latin-1")
        if site not in (None, b"none", b"same-origin"):
            return b"sec-fetch-site"
        if b"origin" in headers and origin.partition("://")[2] != host and origin != (self._public_url or host):
            return b"origin"
        return None

    def _may_enter(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if path in self._open or path.startswith(self._below_mounts):
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
            return _refused(401, "this is not the token printed at start")
        response = RedirectResponse(UI_PATH, 303)
        scheme = forwarded_scheme(connection.headers.get("x-forwarded-proto", "").encode("latin-1"))
        response.set_cookie(
            TOKEN_COOKIE, sent, path=ADMIN_PREFIX, httponly=True, samesite="strict", secure=scheme == "https"
        )
        return response


def _asks_for_health(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"] == HEALTH_PATH and scope["method"] in ("GET", "HEAD")


def _refused(status: int, text: str) -> JSONResponse:
    return JSONResponse({"status": "error", "errors": [text]}, status)


def _name(host: str) -> str:
    """Return the name or address in a Host header, without port and brackets; an empty one for what is not a host."""
    try:
        return split_host_port(host)[0]
    except ValueError:
        return ""
