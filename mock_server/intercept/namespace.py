"""The program that `isolate` starts: makes the namespaces, relays their ports to the fake, becomes the command.

The part outside accepts the connections of the listening sockets inside, and relays them to the fake: a socket stays
in the namespace in which it was made, whichever process holds it. Run as a script, it imports nothing of the kit.
"""

import asyncio
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
    Path("/etc/ssl/cert.pem"),
    Path("/etc/ssl/ca-bundle.pem"),
)
TRUST_STORES = (Path("/etc/ssl/certs/java/cacerts"), Path("/etc/pki/java/cacerts"))

_WEB_PORTS = (80, 443)
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_MS_BIND = 4096
_INSIDE = "--inside"
_CHUNK = 65_536


def outside(plan: Mapping[str, Any], command: Sequence[str]) -> int:
    """Run the command inside, relay its ports until it ends, and return its exit code."""
    parent_end, child_end = socket.socketpair()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The whole group receives them: the command reacts, and this process ends after it.
        signal.signal(number, lambda _, __: None)
    inner = [sys.executable, "-I", __file__, _INSIDE, str(child_end.fileno()), json.dumps(plan), *command]
    with parent_end, subprocess.Popen([*plan["unshare"], *inner], pass_fds=[child_end.fileno()]) as child:
        child_end.close()
        _, descriptors, _, _ = socket.recv_fds(parent_end, 1, 1 + len(_WEB_PORTS))
        listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        threading.Thread(target=asyncio.run, args=(_relay(listeners, plan["port"]),), daemon=True).start()
        code = child.wait()
    return code if code >= 0 else 128 - code


async def _relay(listeners: Sequence[socket.socket], port: int) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_fake, to_fake = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, to_fake), _copy(from_fake, writer))

    for listener in listeners:
        await asyncio.start_server(relay, sock=listener)
    await asyncio.Event().wait()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()


def inside(channel: int, plan: Mapping[str, Any], command: Sequence[str]) -> None:
    """Set the namespaces up, pass the listening sockets to the parent, and become the command. Raises OSError."""
    _bring_loopback_up()
    listeners = [_listener(port) for port in (*_WEB_PORTS, plan["port"])]
    with socket.socket(fileno=channel) as to_parent:
        socket.send_fds(to_parent, [b"."], [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()
    for path, cover in plan["covers"].items():
        if Path(path).exists():
            _bind_mount(cover, str(Path(path).resolve()))
    os.execvp(command[0], list(command))


def _bring_loopback_up() -> None:
    with socket.socket() as any_socket:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | _IFF_UP, b""))


def _listener(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only for a socket made with IPPROTO_TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def _bind_mount(source: str, path: str) -> None:
    """Mount a file over another, for this namespace only."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(source.encode(), path.encode(), None, _MS_BIND, None):
        number = ctypes.get_errno()
        raise OSError(number, f"{source} cannot be mounted over {path}: {os.strerror(number)}")


def main(arguments: Sequence[str]) -> int:
    try:
        if arguments[0] == _INSIDE:
            inside(int(arguments[1]), json.loads(arguments[2]), arguments[3:])
        return outside(json.loads(arguments[0]), arguments[1:])
    except OSError as error:
        print(f"segmetrics-mock: --isolate failed: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
