"""Bytes on a bare connection, for requests that no HTTP client would send."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from client_tests.sandbox import Sandbox


def connect(origin: str) -> socket.socket:
    """Open a bare connection to the server."""
    address = urlsplit(origin)
    return socket.create_connection((address.hostname or "", address.port or 80), timeout=10)


def received(connection: socket.socket) -> bytes:
    """All that comes until the connection ends, by a close or by a reset."""
    found = b""
    try:
        while data := connection.recv(65_536):
            found += data
    except ConnectionError:
        pass
    return found


def raw_exchange(origin: str, request: bytes) -> bytes:
    """Return what the server sends until it closes the connection."""
    with connect(origin) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            return b""
        return received(connection)


def parsed(answer: bytes) -> httpx.Response:
    """Return the response in these bytes."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line, *fields = head.split(b"\r\n")
    pairs = [(name, value.strip()) for name, _, value in (field.partition(b":") for field in fields)]
    return httpx.Response(int(status_line.split()[1]), headers=pairs, content=body)


def each_parsed(answers: bytes) -> Iterator[httpx.Response]:
    """Yield the responses that follow each other in these bytes, without the interim ones."""
    while answers:
        head, _, rest = answers.partition(b"\r\n\r\n")
        size = int(parsed(head).headers.get("content-length", 0))
        if not head.startswith(b"HTTP/1.1 1"):
            yield parsed(head + b"\r\n\r\n" + rest[:size])
        answers = rest[size:]


def raw_call(sandbox: Sandbox, method: str, target: bytes, **headers: bytes) -> httpx.Response:
    """Send a request whose target and headers are sent byte for byte."""
    sent = {"Host": b"localhost", "Authorization": sandbox.api_key.encode(), "Connection": b"close"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [method.encode() + b" " + target + b" HTTP/1.1"]
    lines += [name.encode() + b": " + value for name, value in sent.items()]
    return parsed(raw_exchange(sandbox.origin, b"\r\n".join(lines) + b"\r\n\r\n"))
