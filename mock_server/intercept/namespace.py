"""The program that `isolate` starts inside new namespaces: sets them up, opens ports on request, runs the command.

Run as a script on any Python from 3.11 on, it imports nothing of the kit and no site-packages. The process that
started it holds the other end of a channel, and serves the sockets that are made here: a socket stays in the namespace
in which it was made, whichever process holds it.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

PROBE = "--probe"
START = "start"
MESSAGE_BYTES = 4096
DNS_PORT = 53

_A_SOCKET, _NOTHING = b"+", b"-"
_LOOPBACK = "lo"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_MS_BIND = 4096
_ETH_P_ALL = 0x0003
# rtnetlink(7): a request to create a route, and to acknowledge it.
_RTM_NEWROUTE, _NLM_F_REQUEST_CREATE_ACK = 24, 0x1 | 0x400 | 0x4
_RTA_OIF, _RTA_PREFSRC = 4, 7
_RT_TABLE_LOCAL, _RTPROT_BOOT, _RT_SCOPE_HOST, _RTN_LOCAL = 255, 3, 254, 2
# Linux's number for IP_PKTINFO; Python names it from 3.14 on.
_IP_PKTINFO = 8


def run(channel: socket.socket, covers: Mapping[str, str], command: Sequence[str]) -> int:
    """Set the namespaces up, run the command when the other end says so, and return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The whole process group receives them: the command reacts, and this process ends after it.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda _, __: None)
    set_up(covers)
    _send(channel, attempts_socket())
    _send(channel, _names_socket())
    if not _open_until_start(channel):
        raise OSError("the process that serves the network ended")
    child = os.fork()
    if not child:
        _become(command)
    threading.Thread(target=_open_until_start, args=(channel,), daemon=True).start()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def set_up(covers: Mapping[str, str]) -> None:
    """Make every address lead to loopback, and mount files over others: `covers` says which. Raises OSError."""
    index = _bring_loopback_up()
    # What the command connects to stays here, is refused at once, and can be seen.
    _route_to_loopback(socket.AF_INET, index, source=socket.inet_aton("127.0.0.1"))
    # Without IPv6 no address of it can be called either.
    with suppress(OSError):
        _route_to_loopback(socket.AF_INET6, index)
    for path, cover in covers.items():
        _bind_mount(cover, os.path.realpath(path))


def attempts_socket() -> socket.socket:
    """Return a socket that receives every packet of the namespace. Raises OSError."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    packets.bind((_LOOPBACK, _ETH_P_ALL))
    return packets


def _names_socket() -> socket.socket:
    """Return a UDP socket to which all requests for names come, whichever server they are sent to."""
    try:
        requests = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        requests.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        requests.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        requests.bind(("::", DNS_PORT))
    except OSError:
        requests = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        requests.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        requests.bind(("0.0.0.0", DNS_PORT))
    return requests


def _open_until_start(channel: socket.socket) -> bool:
    """Open the ports that the other end asks for, until it says that the command may start; return whether it did."""
    while request := channel.recv(MESSAGE_BYTES):
        message = json.loads(request)
        if message == START:
            return True
        address, port = message
        try:
            _send(channel, _listener(address, port))
        except OSError:
            # The command listens there itself.
            channel.send(_NOTHING)
    return False


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio turns Nagle's delay off only for a socket made with IPPROTO_TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _send(channel: socket.socket, made: socket.socket) -> None:
    """Send a socket, and close it here."""
    with made:
        socket.send_fds(channel, [_A_SOCKET], [made.fileno()])


def _become(command: Sequence[str]) -> None:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], list(command))
    except OSError as error:
        _complain(f"'{command[0]}' cannot be started: {error.strerror}")
        os._exit(2)


def _complain(text: str) -> None:
    with suppress(OSError):  # closed, or on a full disk
        print(f"segmetrics-mock: {text}", file=sys.stderr, flush=True)


def _bring_loopback_up() -> int:
    """Return the index of the interface."""
    with socket.socket() as any_socket:
        request = struct.pack("16sH14s", _LOOPBACK.encode(), 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        up = struct.pack("16sH14s", _LOOPBACK.encode(), flags | _IFF_UP, b"")
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, up)
    return socket.if_nametoindex(_LOOPBACK)


def _route_to_loopback(family: int, index: int, source: bytes = b"") -> None:
    """Make all addresses of the family local, as `ip route add local default dev lo` does. Raises OSError.

    `source`: the address from which connections come.
    """
    body = struct.pack("8BI", family, 0, 0, 0, _RT_TABLE_LOCAL, _RTPROT_BOOT, _RT_SCOPE_HOST, _RTN_LOCAL, 0)
    body += struct.pack("HHI", 8, _RTA_OIF, index)
    if source:
        body += struct.pack("HH", 4 + len(source), _RTA_PREFSRC) + source
    head = struct.pack("IHHII", 16 + len(body), _RTM_NEWROUTE, _NLM_F_REQUEST_CREATE_ACK, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(head + body)
        number = -struct.unpack_from("i", netlink.recv(MESSAGE_BYTES), 16)[0]
    if number:
        raise OSError(number, f"the route to loopback cannot be made: {os.strerror(number)}")


def _bind_mount(source: str, path: str) -> None:
    """Mount a file or folder over another, for this namespace only."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(source.encode(), path.encode(), None, _MS_BIND, None):
        number = ctypes.get_errno()
        raise OSError(number, f"{source} cannot be mounted over {path}: {os.strerror(number)}")


def main(arguments: Sequence[str]) -> int:
    """Run `CHANNEL COVERS COMMAND…`, or with `PROBE` only try whether this system allows what is needed."""
    try:
        if arguments[0] == PROBE:
            set_up({__file__: __file__})
            attempts_socket().close()
            return 0
        channel = socket.socket(fileno=int(arguments[0]))
        channel.set_inheritable(False)
        code = run(channel, json.loads(arguments[1]), arguments[2:])
    except OSError as error:
        _complain(f"the isolation failed: {error}")
        return 2
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
