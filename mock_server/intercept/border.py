"""The border: which hosts are played by the fake, which are let out, and which are refused and told."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson

from mock_server.intercept.outside import Dial

READING_HOST = "api.segmetrics.io"
"""The host of the vendor's reading API: intercepted, so that no key leaves, but not imitated."""

API_PATH = "/api"

Send = Callable[[Mapping[str, Any]], Any]
Receive = Callable[[], Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""


class Way(Enum):
    """What becomes of a call to a host."""

    SERVED = auto()
    LET_OUT = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """A host and a port, as a client named them. `host`: lower case, without brackets and closing dot."""

    host: str
    port: int

    @classmethod
    def parse(cls, authority: str, default_port: int) -> "Target":
        """From `host`, `host:port` or `[address]:port`. Raises ValueError for anything else."""
        parts = urlsplit(f"//{authority}")
        if not parts.hostname:
            raise ValueError(f"'{authority}' names no host")
        return cls(plain(parts.hostname), default_port if parts.port is None else parts.port)

    def is_loopback(self) -> bool:
        """By its name. What a name resolves to is looked at by `outside.dial`."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Border:
    """Whom a client may reach through the proxy.

    `hosts`: played by the fake. `allow_hosts`: let out. Any other is refused, and told to `on_foreign`.
    `on_trouble`: told, host and text, what kept a call to a host of ours from the API.
    """

    hosts: frozenset[str]
    allow_hosts: frozenset[str]
    on_foreign: Callable[[str], None]
    on_trouble: Callable[[str, str], None]
    dial: Dial
    tls: ssl.SSLContext

    def way(self, target: Target, own_port: int) -> Way:
        """`own_port`: where the fake listens; a client that ignores NO_PROXY sends its plain calls there too."""
        if target.host in self.hosts or (target.is_loopback() and target.port == own_port):
            return Way.SERVED
        if target.host in self.allow_hosts and not target.is_loopback():
            return Way.LET_OUT
        return Way.REFUSED

    def refuse(self, target: Target) -> str:
        """Reports the target, and says why it is refused and what to do."""
        if target.is_loopback():
            text = f"{target.host}:{target.port} is this machine: call it directly, not through the proxy (NO_PROXY)"
            self.on_trouble(target.host, text)
            return text
        self.on_foreign(target.host)
        return (
            f"{target.host} is not a host of SegMetrics, and a client under test reaches no other; "
            f"if it must be called for real, pass --allow-host {target.host}"
        )


def plain(host: str) -> str:
    """A host's name as it is compared."""
    return host.lower().rstrip(".")


class ApiOnly:
    """The application as it is reached under an intercepted host: the import API, and nothing beside it."""

    def __init__(self, app: Application, border: Border, host: str) -> None:
        self._app = app
        self._border = border
        self._host = host

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/__admin"):
            await Refusal(403, f"the admin side is not reached as {self._host}; use the fake's own address")(
                scope, receive, send
            )
        elif self._host == READING_HOST:
            text = f"{scope['method']} {path}: the reading API on {READING_HOST} is not imitated"
            await self._stray(text, scope, receive, send)
        elif path != API_PATH and not path.startswith(f"{API_PATH}/"):
            text = f"{scope['method']} {path}: the import API is below https://{self._host}{API_PATH}/v1/"
            await self._stray(text, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _stray(self, text: str, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self._border.on_trouble(self._host, text)
        await Refusal(404, text)(scope, receive, send)


class Refusal:
    """An application that answers every request with one error, in the API's envelope."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.body = orjson.dumps({"status": "error", "errors": [text]})

    async def __call__(self, scope: Mapping[str, Any], _: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self.body})
