"""The fake in this process, in front of clients that have the production host baked in."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from client_tests.sandbox import Sandbox
from mock_server.http.server import running
from mock_server.intercept.interception import Interception
from mock_server.intercept.proxy import ProxyProtocol
from mock_server.intercept.upstream import Connect, connect
from mock_server.serving import played_hosts
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.database import open_database
from mock_server.web.app import build_app

PRODUCTION = "import.segmetrics.io"


@dataclass(frozen=True, slots=True)
class Intercepted:
    """A running fake with interception. `foreign`: hosts that were blocked. `troubles`: host and text of each."""

    interception: Interception
    port: int
    http: httpx.Client
    foreign: list[str] = field(default_factory=list)
    troubles: list[tuple[str, str]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sandbox(self) -> Sandbox:
        return Sandbox.create(self.origin, self.http)

    def environment(self, sandbox: Sandbox | None = None, **base: str) -> dict[str, str]:
        """Return what `check` gives a child, on top of this process's environment, but without a base URL."""
        environment = self.interception.environment(self.port, {**os.environ, **base})
        if sandbox:
            environment["SEGMETRICS_ACCOUNT_ID"] = sandbox.account_id
            environment["SEGMETRICS_INTEGRATION_ID"] = "payments"
            environment["SEGMETRICS_API_KEY"] = sandbox.api_key
        return environment

    def connect(self) -> socket.socket:
        """Open a bare connection to the port."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def answer(self, request: str) -> str:
        """Send bytes on a bare connection, and return all that comes back."""
        with self.connect() as connection:
            connection.sendall(request.encode())
            return read_all(connection).decode()

    def trust(self) -> ssl.SSLContext:
        """Return the TLS settings of a client that trusts what its environment names."""
        return ssl.create_default_context(cafile=self.environment()["SSL_CERT_FILE"])

    def tunnel(self, host: str = PRODUCTION, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Open a TLS connection to `host`, by CONNECT."""
        connection = self.connect()
        connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        assert connection.recv(4096) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        return (context or self.trust()).wrap_socket(connection, server_hostname=host)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def intercepted(
    *,
    allow_hosts: Sequence[str] = (),
    connect: Connect = connect,
    wrap_protocol: Callable[[type[ProxyProtocol]], type[ProxyProtocol]] = lambda protocol: protocol,
) -> Iterator[Intercepted]:
    """Serve the fake with interception. `wrap_protocol`: replaces the class that accepts connections, to observe it."""
    foreign: list[str] = []
    troubles: list[tuple[str, str]] = []
    contract, database = Contract.load(), open_database()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    with (
        listener,
        httpx.Client(trust_env=False, timeout=30) as http,
        Interception(
            played_hosts(contract),
            allow_hosts=allow_hosts,
            on_foreign=lambda target: foreign.append(target.host),
            on_trouble=lambda host, text: troubles.append((host, text)),
            connect=connect,
        ) as interception,
        running(
            build_app(contract, database, ServeSettings()), listener, protocol=wrap_protocol(interception.protocol)
        ),
    ):
        yield Intercepted(interception, listener.getsockname()[1], http, foreign, troubles)
    database.close()
