"""The proxy that the user's own environment names: the way to the hosts of `--allow-host` where no other leads out."""

import base64
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # the second is not in typeshed, but is documented as used
    getproxies_environment,
    proxy_bypass_environment,
)

from mock_server.network import bracket_host, is_loopback

_SECONDS = 10.0
_MAX_HEAD_BYTES = 65_536
_SCHEMES = {80: "http", 443: "https"}
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def proxy_for(host: str, port: int) -> SplitResult | None:
    """Return the URL of the proxy for calls to a host, if any. Only calls to web ports go through one."""
    proxies = getproxies_environment()
    scheme = _SCHEMES.get(port)
    if scheme is None or proxy_bypass_environment(host, proxies):
        return None
    url = proxies.get(scheme) or proxies.get("all")
    return urlsplit(url if "://" in url else f"http://{url}") if url else None


def loopback_ports(base: Mapping[str, str]) -> set[int]:
    """Return the ports of this machine's loopback at which the environment names a proxy."""
    found = set()
    for name in _VARIABLES:
        for url in (base.get(name, ""), base.get(name.upper(), "")):
            parts = urlsplit(url if "://" in url else f"//{url}")
            if parts.hostname and is_loopback(parts.hostname) and parts.port:
                found.add(parts.port)
    return found


def connect_through(proxy: SplitResult, host: str, port: int) -> socket.socket:
    """Open a tunnel to a host. Raises OSError, which names the proxy, where it refuses."""
    name = f"the proxy {proxy.hostname}"
    if proxy.scheme not in ("http", "https") or not proxy.hostname:
        raise OSError(f"{name} of this environment is of the kind '{proxy.scheme}'; only http and https are read")
    address = proxy.hostname, proxy.port or (443 if proxy.scheme == "https" else 80)
    connection = socket.create_connection(address, _SECONDS)
    try:
        if proxy.scheme == "https":
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=proxy.hostname)
        connection.sendall(_request(proxy, f"{bracket_host(host)}:{port}"))
        status_line = _head(connection).split(b"\r\n", 1)[0].decode("latin-1")
    except OSError:
        connection.close()
        raise
    if status_line.split(" ")[1:2] != ["200"]:
        connection.close()
        raise OSError(f"{name} of this environment refused: {status_line or 'it sent nothing'}")
    return connection


def _request(proxy: SplitResult, authority: str) -> bytes:
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.username is not None:
        credentials = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(credentials.encode()).decode()}")
    return "\r\n".join([*lines, "", ""]).encode()


def _head(connection: socket.socket) -> bytes:
    """Return the head of the response; what follows it stays unread."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _MAX_HEAD_BYTES:
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    return head
