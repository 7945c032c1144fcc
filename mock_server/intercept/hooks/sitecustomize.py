"""Loaded by each Python that a checked command starts: redirects the intercepted hosts to the fake, refuses others.

For clients that ignore the proxy variables (aiohttp, http.client, urllib3), and for connections to an address. It runs
on any Python from 3.7 on, and imports nothing of the kit: the child may have its own environment.
"""

# pathlib would add milliseconds to every start.
# ruff: noqa: PTH100, PTH120

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

import segmetrics_mock_call_sites

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_WEB_PORTS = (80, 443)
# What gethostbyname returns for an intercepted host; a connection to it, whatever the port, is redirected.
_INTERCEPTED_ADDRESS = "127.77.0.1"


def _install(settings: dict[str, Any]) -> None:
    """Patch `socket`.

    `settings`: the fake's address (`host`, `port`), intercepted hosts (`hosts`), hosts passed through (`allow_hosts`)
    and their addresses (`allow_addresses`).
    """
    fake = (settings["host"], settings["port"])
    intercepted = set(settings["hosts"])
    allowed = set(settings["allow_hosts"]) | set(settings["allow_addresses"])
    # The names of the addresses that were resolved in this process.
    names: dict[str, str] = {}
    getaddrinfo = socket.getaddrinfo
    gethostbyname = socket.gethostbyname
    gethostbyname_ex = socket.gethostbyname_ex
    connect = socket.socket.connect
    connect_ex = socket.socket.connect_ex

    def name(host: Any) -> str:
        if isinstance(host, (bytes, bytearray)):
            host = host.decode("ascii", "replace")
        return host.lower().rstrip(".").partition("%")[0] if isinstance(host, str) else ""

    def number(port: Any) -> int:
        try:
            return int(port or 0)
        except ValueError:
            return socket.getservbyname(port if isinstance(port, str) else port.decode())

    def is_local(host: str) -> bool:
        return (
            host in ("", "localhost", "0.0.0.0", "::", "::1")
            or host.startswith(("127.", "::ffff:127."))
            or host.endswith(".localhost")
        )

    def is_address(host: str) -> bool:
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, host)
            except OSError:
                continue
            return True
        return False

    def is_foreign(host: str) -> bool:
        return not (is_local(host) or host in allowed or names.get(host) in allowed)

    def block(host: str, port: int, address: str = "") -> str:
        """Ask the fake as one asks a proxy, so that it records the host; return its text, which says what to do."""
        if host in names:
            host, address = names[host], host
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = f"CONNECT {authority} HTTP/1.1\r\nX-Segmetrics-Mock-Address: {address}\r\n\r\n"
        with socket.socket() as proxy:
            proxy.settimeout(5)
            connect(proxy, fake)
            proxy.sendall(head.encode("ascii", "replace"))
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
        """Return the address to connect to: that of the fake for an intercepted host."""
        if isinstance(address, tuple) and len(address) >= 2:
            host = name(address[0])
            if host in intercepted or host == _INTERCEPTED_ADDRESS:
                return fake
        return address

    def refusal(connection: socket.socket, address: Any) -> str:
        """Return why the socket must not connect to the address; an empty text where it may."""
        if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.type != socket.SOCK_STREAM:
            return ""
        if not (isinstance(address, tuple) and len(address) >= 2):
            return ""
        host, port = name(address[0]), number(address[1])
        if not is_foreign(host):
            return ""
        if not is_address(host):
            try:
                found = name(gethostbyname(host))
            except OSError:
                found = ""
            return "" if found and is_local(found) else block(host, port, found)
        return block(host, port)

    def hooked_getaddrinfo(host: Any, port: Any, *rest: Any, **named: Any) -> list[Any]:
        wanted = name(host)
        if wanted in intercepted:
            return getaddrinfo(fake[0], fake[1], *rest, **named)
        is_call = wanted != name(socket.gethostname()) and is_foreign(wanted) and not is_address(wanted)
        # Without a wait for a DNS server that may not be there.
        if is_call and port in (*_WEB_PORTS, "80", "443", "http", "https", b"80", b"443"):
            raise socket.gaierror(socket.EAI_FAIL, block(wanted, number(port)))
        try:
            found = getaddrinfo(host, port, *rest, **named)
        except socket.gaierror:
            if is_call and port:
                block(wanted, number(port))
            raise
        remember(wanted, [entry[4][0] for entry in found])
        return found

    def hooked_gethostbyname(host: Any) -> str:
        if name(host) in intercepted:
            return _INTERCEPTED_ADDRESS
        found = gethostbyname(host)
        remember(name(host), [found])
        return found

    def hooked_gethostbyname_ex(host: Any) -> tuple[str, list[str], list[str]]:
        if name(host) in intercepted:
            return name(host), [], [_INTERCEPTED_ADDRESS]
        found = gethostbyname_ex(host)
        remember(name(host), found[2])
        return found

    def remember(host: str, addresses: list[Any]) -> None:
        for address in addresses:
            if host and name(address) != host:
                names[name(address)] = host

    def hooked_connect(self: socket.socket, address: Any) -> None:
        text = refusal(self, redirected(address))
        if text:
            raise ConnectionRefusedError(errno.ECONNREFUSED, text)
        return connect(self, redirected(address))

    def hooked_connect_ex(self: socket.socket, address: Any) -> int:
        if refusal(self, redirected(address)):
            return errno.ECONNREFUSED
        return connect_ex(self, redirected(address))

    socket.getaddrinfo = hooked_getaddrinfo
    socket.gethostbyname = hooked_gethostbyname
    socket.gethostbyname_ex = hooked_gethostbyname_ex
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
    _settings = json.loads(os.environ["SEGMETRICS_MOCK_HOOK"])
    if "host" in _settings:
        _install(_settings)
    segmetrics_mock_call_sites.install(_settings["call_site_hosts"])
_chain()
