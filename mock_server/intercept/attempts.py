"""What an isolated command tries to reach, packet by packet: a connection that is refused leaves no other trace."""

import ctypes
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

# setsockopt(2): SO_ATTACH_FILTER, which Python does not name.
_SO_ATTACH_FILTER = 26
_PACKET_OUTGOING = 4
_TCP, _UDP = 6, 17
_DNS_PORT = 53
_LARGEST_PACKET = 65_536

# A program for the kernel, in classic BPF. It passes what is not for loopback, if it is UDP or opens a connection of
# TCP (SYN without ACK): whatever else is sent would be copied for nothing.
# Each step: operation, operand, next step if equal, next step if not.
_BYTE, _WORD, _AND, _EQUAL, _RETURN = 0x30, 0x20, 0x54, 0x15, 0x06
_PASS, _DROP = 19, 20
_SYN, _SYN_OR_ACK = 0x02, 0x12
_FILTER = (
    (_BYTE, 0, 0, 0),  # the version
    (_AND, 0xF0, 0, 0),
    (_EQUAL, 0x40, 3, 11),
    (_BYTE, 16, 0, 0),  # IPv4: the destination's first byte
    (_EQUAL, 127, _DROP, 5),
    (_BYTE, 9, 0, 0),  # the protocol
    (_EQUAL, _UDP, _PASS, 7),
    (_EQUAL, _TCP, 8, _DROP),
    (_BYTE, 33, 0, 0),  # the flags
    (_AND, _SYN_OR_ACK, 0, 0),
    (_EQUAL, _SYN, _PASS, _DROP),
    (_WORD, 24, 0, 0),  # IPv6: the destination's first word, which is zero in ::1
    (_EQUAL, 0, _DROP, 13),
    (_BYTE, 6, 0, 0),  # the protocol
    (_EQUAL, _UDP, _PASS, 15),
    (_EQUAL, _TCP, 16, _DROP),
    (_BYTE, 53, 0, 0),  # the flags
    (_AND, _SYN_OR_ACK, 0, 0),
    (_EQUAL, _SYN, _PASS, _DROP),
    (_RETURN, _LARGEST_PACKET, 0, 0),
    (_RETURN, 0, 0, 0),
)


def watch(packets: socket.socket) -> None:
    """Let the socket, of `namespace.attempts_socket`, receive attempts only. Raises OSError."""
    steps = [
        struct.pack("HBBI", step, equal - at - 1, other - at - 1, operand)
        if step == _EQUAL
        else struct.pack("HBBI", step, 0, 0, operand)
        for at, (step, operand, equal, other) in enumerate(_FILTER)
    ]
    program = ctypes.create_string_buffer(b"".join(steps))
    head = struct.pack("HP", len(steps), ctypes.addressof(program))
    packets.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)
    packets.setblocking(False)


def attempts(packets: socket.socket) -> Iterator[tuple[str, int]]:
    """Yield address and port of each attempt that was made so far, and not yielded before."""
    while True:
        try:
            packet, (_, _, direction, *_) = packets.recvfrom(_LARGEST_PACKET)
        except BlockingIOError:
            return
        # On loopback each packet passes twice.
        if direction != _PACKET_OUTGOING and (attempt := _attempt(packet)):
            yield attempt


def _attempt(packet: bytes) -> tuple[str, int] | None:
    """Return address and port to which a packet goes; None for multicast, and for DNS, which is answered."""
    if packet[0] >> 4 == 4:
        address, protocol, start = ip_address(packet[16:20]), packet[9], (packet[0] & 0x0F) * 4
    else:
        address, protocol, start = ip_address(packet[24:40]), packet[6], 40
    (port,) = struct.unpack_from("!H", packet, start + 2)
    if address.is_multicast or (protocol == _UDP and port == _DNS_PORT):
        return None
    return str(address), port
