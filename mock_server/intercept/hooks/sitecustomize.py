"""Loaded by each Python that a checked command starts: redirects the intercepted hosts to the fake.

For clients that ignore the proxy variables (aiohttp, http.client, urllib3). It runs on any Python from 3.7 on, and
imports nothing of the kit: the child may have its own environment.
"""

# pathlib would add milliseconds to every start.
# ruff: noqa: PTH100, PTH120

from __future__ import annotations

import json
import os
import socket
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_WEB_PORTS = {80: 80, 443: 443, "80": 80, "443": 443, "http": 80, "https": 443, b"80": 80, b"443": 443}


def _install(settings: dict[str, Any]) -> None:
    """Patch `socket`.

    `settings`: the fake's address (`host`, `port`), intercepted hosts (`hosts`), hosts passed through (`allow_hosts`).
    """
    fake = (settings["host"], settings["port"])
    intercepted = set(settings["hosts"])
    allowed = set(settings["allow_hosts"])
    getaddrinfo = socket.getaddrinfo
    connect = socket.socket.connect
    connect_ex = socket.socket.connect_ex

    def name(host: Any) -> str:
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        return host.lower().rstrip(".") if isinstance(host, str) else ""

    def is_foreign(host: str) -> bool:
        if not host or host in allowed or host == "localhost" or host.endswith(".localhost"):
            return False
        from ipaddress import ip_address

        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return True
        return not (address.is_loopback or address.is_unspecified)

    def block(host: str, port: int) -> str:
        """Ask the fake as one asks a proxy, so that it records the host; return its text, which says what to do."""
        with socket.socket() as proxy:
            proxy.settimeout(5)
            connect(proxy, fake)
            proxy.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode("ascii", "replace"))
            response = b""
            while True:
                chunk = proxy.recv(65536)
                if not chunk:
                    break
                response += chunk
        try:
            return str(json.loads(response.partition(b"\r\n\r\n")[2].decode())["errors"][0])
        except (ValueError, KeyError):
            return host + " is blocked by segmetrics-mock"

    def redirected(address: Any) -> Any:
        """Return the address to connect to, for a `connect` with a name in place of an address."""
        if isinstance(address, tuple) and len(address) >= 2 and name(address[0]) in intercepted:
            return fake
        return address

    def hooked_getaddrinfo(host: Any, port: Any, *rest: Any, **named: Any) -> list[Any]:
        wanted = name(host)
        if wanted in intercepted:
            return getaddrinfo(fake[0], fake[1], *rest, **named)
        if port in _WEB_PORTS and is_foreign(wanted):
            raise socket.gaierror(socket.EAI_FAIL, block(wanted, _WEB_PORTS[port]))
        return getaddrinfo(host, port, *rest, **named)

    def hooked_connect(self: socket.socket, address: Any) -> None:
        return connect(self, redirected(address))

    def hooked_connect_ex(self: socket.socket, address: Any) -> int:
        return connect_ex(self, redirected(address))

    socket.getaddrinfo = hooked_getaddrinfo
    socket.socket.connect = hooked_connect  # type: ignore[assignment, method-assign]
    socket.socket.connect_ex = hooked_connect_ex  # type: ignore[assignment, method-assign]


def _chain() -> None:
    """Run the `sitecustomize` that Python would have found without this one."""
    others = [path for path in sys.path if os.path.abspath(path or os.curdir) != _HERE]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("SEGMETRICS_MOCK_HOOK"):
    _install(json.loads(os.environ["SEGMETRICS_MOCK_HOOK"]))
_chain()
