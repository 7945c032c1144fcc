"""The ports of this machine's loopback on which something listens, as Linux lists them."""

import socket
import struct
from ipaddress import IPv6Address, ip_address
from pathlib import Path

Address = tuple[str, int]

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING = "0A"
_CONNECT_SECONDS = 10


def listening_on_loopback() -> set[Address]:
    """Return each address of loopback, and port, at which a connection would be accepted."""
    found: set[Address] = set()
    for table in _TABLES:
        if table.exists():
            for line in table.read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING:
                    host, port = fields[1].split(":")
                    found |= {(address, int(port, 16)) for address in _reached_at(host)}
    return found


def _reached_at(field: str) -> list[str]:
    """Return the addresses of loopback that lead to a socket bound to this one, given as the kernel writes it."""
    words = [int(field[at : at + 8], 16) for at in range(0, len(field), 8)]
    address = ip_address(struct.pack(f"={len(words)}I", *words))
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_unspecified:
        return ["127.0.0.1"] if len(words) == 1 else ["127.0.0.1", "::1"]
    return [str(address)] if address.is_loopback else []


def connect_to_loopback(address: Address) -> socket.socket:
    """Connect to the address. Raises OSError."""
    return socket.create_connection(address, _CONNECT_SECONDS)
