"""Parsing of hosts, and whether they are this machine."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit


def split_host_port(authority: str) -> tuple[str, int | None]:
    """Return the normalized host and the port of `host`, `host:port` or `[address]:port`.

    Raises ValueError for anything else, such as a path or credentials beside the host.
    """
    parts = urlsplit(f"//{authority}")
    if not parts.hostname or parts.netloc != authority or "@" in authority:
        raise ValueError(f"'{authority}' is not a host")
    return normalize_host(parts.hostname), parts.port


def normalize_host(host: str) -> str:
    """Return the host as hosts are compared: in lower case, without brackets and without a closing dot."""
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    return host.lower().rstrip(".")


def bracket_host(host: str) -> str:
    """Return the host as a URL contains it: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host else host


def is_address(host: str) -> bool:
    """Return whether the host is an IP address, not a name."""
    return _parse_address(host) is not None


def is_loopback(host: str) -> bool:
    """Return whether the host, by its name or address alone, is this machine's loopback. It has no port.

    0.0.0.0 and :: are not: a server bound to them is reached from other machines. A name is not resolved.
    """
    host = normalize_host(host)
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    address = _parse_address(host)
    return address is not None and address.is_loopback


def connects_to_this_machine(address: str) -> bool:
    """Return whether a connection to the address stays on this machine: 0.0.0.0 and :: lead to loopback on Linux."""
    parsed = _parse_address(address)
    return parsed is not None and (parsed.is_loopback or parsed.is_unspecified)


def is_own_address(family: int, address: tuple[Any, ...]) -> bool:
    """Return whether the address is one of this machine's interfaces. `address`: as `socket.connect` takes it."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)  # sends nothing, and finds the way
        except OSError:
            return False
        return connects_to_itself(probe)


def connects_to_itself(connection: socket.socket) -> bool:
    """Return whether both ends are on this machine: the way to an own address begins there, or on loopback."""
    near, far = connection.getsockname()[0], connection.getpeername()[0]
    return bool(near == far or is_loopback(near))


def _parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address, an IPv4 one where IPv6 maps it (`::ffff:127.0.0.1`); None for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    # Python before 3.13 does not count a mapped loopback address as loopback.
    return getattr(address, "ipv4_mapped", None) or address
