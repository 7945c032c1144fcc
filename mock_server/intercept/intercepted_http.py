"""HTTP behind the proxy: each request gets the application that the policy chooses for its host."""

from typing import Any

import httptools
from uvicorn.server import ServerState

from mock_server.http.limits import Config, reject
from mock_server.http.protocol import HttpProtocol
from mock_server.intercept.apps import ApiOnly, ErrorResponse
from mock_server.intercept.policy import Action, HostPolicy, Target
from mock_server.intercept.upstream import ForwardProxy
from mock_server.network import bracket_host

_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n"
_DEFAULT_PORTS = {b"http": 80, b"https": 443}

_CAUSES = (
    "the client does not trust the certificates that its environment names (SSL_CERT_FILE and the like). Perhaps it "
    "brings a bundle of its own: name it with check --trust FILE. If it ignores its environment: check --isolate "
    "always. If it pins certificates, turn that off for the test; if it insists on HTTP/2, let it speak HTTP/1.1"
)
_HTTP2 = (
    "the client sent HTTP/2 without asking whether it is spoken here (prior knowledge): let it negotiate the version, "
    "or set HTTP/1.1"
)


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
        self._has_received = False

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
        host = self._host_header()
        if host in self._policy.played:
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
        played = self._policy.played.get(host, self._policy.main)
        return ApiOnly(self.app, self._policy, host, played, is_cleartext=not is_secure and host in self._policy.played)

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

    def data_received(self, data: bytes) -> None:
        is_first, self._has_received = not self._has_received, True
        if is_first and data.startswith(_HTTP2_PREFACE):
            self._policy.on_trouble(self._tunnel or "a connection without TLS", _HTTP2)
            reject(self.transport, 505, _HTTP2)
        else:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._tunnel and self._is_secure() and not self._has_received:
            self._policy.on_trouble(self._tunnel, handshake_text(exc))
        super().connection_lost(exc)

    def _is_secure(self) -> bool:
        return self.transport.get_extra_info("ssl_object") is not None


def handshake_text(error: BaseException | None) -> str:
    """Return what a TLS handshake that ended without a request most likely means to the developer of the client."""
    reason = (getattr(error, "reason", None) or str(error or "")) or "the client closed the connection"
    return f"the TLS handshake ended without a request ({reason}): {_CAUSES}"
