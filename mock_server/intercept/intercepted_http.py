"""HTTP behind the proxy: each request gets the application that the policy chooses for its host."""

import ssl
from typing import Any

import httptools
from uvicorn.server import ServerState

from mock_server.http.limits import Config
from mock_server.http.protocol import HttpProtocol
from mock_server.intercept.apps import ApiOnly, ErrorResponse
from mock_server.intercept.policy import READING_HOST, Action, HostPolicy, Target
from mock_server.intercept.upstream import ForwardProxy
from mock_server.network import bracket_host

_DEFAULT_PORTS = {b"http": 80, b"https": 443}


class InterceptedHttpProtocol(HttpProtocol):
    """Serves HTTP as without interception, after a check of each request's host.

    `tunnel`: the intercepted host to which the client believes it is connected, if any.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        policy: HostPolicy,
        tunnel: str | None,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._policy = policy
        self._tunnel = tunnel

    def accept_connection(self) -> bool:
        """Return True: `ProxyProtocol` accepted the connection."""
        return True

    def on_headers_complete(self) -> None:
        whole_app, self.app = self.app, self._choose_app()
        try:
            super().on_headers_complete()
        finally:
            self.app = whole_app

    def _choose_app(self) -> Any:
        """Return the application for this request: the whole one only if it was sent to the fake's own address."""
        if not self.url.startswith(b"/") and b"://" in self.url:
            return self._choose_app_of_absolute_form()
        if self._tunnel == READING_HOST:
            return self._api_only(READING_HOST)
        host = self._host_header()
        if host in self._policy.hosts:
            return self._api_only(host)
        return self._api_only(self._tunnel) if self._tunnel else self.app

    def _choose_app_of_absolute_form(self) -> Any:
        url = self.url.decode("latin-1")
        try:
            target = self._parse_url()
        except ValueError:
            return ErrorResponse(400, f"'{url}' is not a URL that can be proxied")
        action = self._policy.action(target, self._own_port())
        if action is Action.BLOCK:
            return ErrorResponse(403, self._policy.block(target))
        if action is Action.PASS_THROUGH:
            return ForwardProxy(url, self._policy.connect)
        return self._api_only(target.host)

    def _api_only(self, host: str) -> ApiOnly:
        is_secure = self.url.startswith(b"https:") or bool(self.transport.get_extra_info("ssl_object"))
        return ApiOnly(self.app, self._policy, host, is_cleartext=not is_secure and host in self._policy.hosts)

    def _parse_url(self) -> Target:
        """Return the target of a URL. Raises ValueError when it has none."""
        try:
            url = httptools.parse_url(self.url)
        except httptools.HttpParserError as error:
            raise ValueError(str(error)) from error
        if url.schema not in _DEFAULT_PORTS or not url.host:
            raise ValueError("neither http nor https")
        host = url.host.decode("ascii")
        return Target.parse(bracket_host(host), url.port or _DEFAULT_PORTS[url.schema])

    def _host_header(self) -> str:
        """Return the host that the request names; an empty one if it names none."""
        for name, value in self.headers:
            if name == b"host":
                try:
                    return Target.parse(value.decode("latin-1"), 0).host
                except ValueError:
                    return ""
        return ""

    def _own_port(self) -> int:
        return (self.server and self.server[1]) or 0

    def connection_lost(self, exc: Exception | None) -> None:
        # In TLS 1.3 the server finishes its handshake before the client can reject the certificate.
        if isinstance(exc, ssl.SSLError) and self.cycle is None and self._tunnel:
            self._policy.on_trouble(self._tunnel, distrust_text(exc))
        super().connection_lost(exc)


def distrust_text(error: ssl.SSLError) -> str:
    """Return what a failed handshake most likely means to the developer of the client."""
    return (
        f"the client broke off the TLS handshake ({error.reason or error}): it does not trust the certificates that "
        "its environment names (SSL_CERT_FILE and the like); perhaps it brings its own list, or pins them"
    )
