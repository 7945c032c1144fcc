"""The names of the private network in which an isolated command runs: its hosts file, and its DNS.

Every name has an address, so that a call to a host that is not ours is seen with its name when it is refused.
"""

import struct
from collections.abc import Collection
from ipaddress import ip_address, ip_network

from mock_server.network import is_address, is_loopback, normalize_host

# RFC 2544's range for benchmarks, which no host of the internet has.
_RANGE = ip_network("198.18.0.0/15")
_LOOPBACK = "127.0.0.1"

_TYPE_A, _CLASS_IN = 1, 1
_NO_ERROR, _FORMAT_ERROR, _NO_SUCH_NAME = 0, 1, 3
_RESPONSE = 0x8180  # recursion desired and available
_TTL_SECONDS = 60
_HEADER_BYTES = 12
# A pointer to the name at the end of the header, RFC 1035, 4.1.4.
_THE_NAME = 0xC00C


class Names:
    """Names and their addresses; a name that is asked for gets one of its own.

    `hosts`: known from the start. `own_name`: this machine's.
    """

    def __init__(self, hosts: Collection[str], own_name: str) -> None:
        self._hosts = sorted(host for host in map(normalize_host, hosts) if not is_address(host))
        self._own_name = normalize_host(own_name)
        self._addresses: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._free = iter(_RANGE.hosts())

    def address_of(self, name: str) -> str:
        """Return the address of a name; that of an address is itself."""
        name = normalize_host(name)
        if is_address(name):
            return name
        if name == self._own_name or is_loopback(name):
            return _LOOPBACK
        if name not in self._addresses:
            address = str(next(self._free))
            self._addresses[name], self._names[address] = address, name
        return self._addresses[name]

    def name_of(self, address: str) -> str:
        """Return the name that has the address, else the address."""
        return self._names.get(address, address)

    def hosts_file(self, original: str) -> str:
        """Return a line for each host known from the start, and the lines of `original` that are about loopback.

        The other hosts of `original` are asked for over DNS, so that calls to them are seen with their names.
        """
        lines = [f"{self.address_of(host)} {host}" for host in self._hosts]
        lines.append(f"{_LOOPBACK} {self._own_name}")
        known = {*self._hosts, self._own_name}
        for line in original.splitlines():
            address, *names = line.partition("#")[0].split() or [""]
            kept = [name for name in names if normalize_host(name) not in known]
            if is_loopback(address) and kept:
                lines.append(" ".join([address, *kept]))
        return "\n".join([*lines, ""])

    def answer(self, query: bytes) -> bytes:
        """Return the response to a DNS query: an address of its own for each name, and nothing but addresses."""
        try:
            identifier, _, questions = struct.unpack_from("!HHH", query)
            name, end = _name(query)
            kind, group = struct.unpack_from("!HH", query, end)
        except (struct.error, IndexError, UnicodeDecodeError):
            return query[:2].ljust(2, b"\0") + struct.pack("!HHHHH", _RESPONSE | _FORMAT_ERROR, 0, 0, 0, 0)
        known = questions == 1 and name != "" and not name.endswith((".invalid", ".arpa"))
        code = _NO_ERROR if known else _NO_SUCH_NAME
        answers = b""
        if known and (kind, group) == (_TYPE_A, _CLASS_IN):
            packed = ip_address(self.address_of(name)).packed
            answers = struct.pack("!HHHIH", _THE_NAME, kind, group, _TTL_SECONDS, len(packed)) + packed
        head = struct.pack("!HHHHHH", identifier, _RESPONSE | code, 1, 1 if answers else 0, 0, 0)
        return head + query[_HEADER_BYTES : end + 4] + answers


def _name(query: bytes) -> tuple[str, int]:
    """Return the name that is asked for, and where it ends."""
    labels, at = [], _HEADER_BYTES
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size].decode("ascii"))
        at += 1 + size
    return ".".join(labels), at + 1
