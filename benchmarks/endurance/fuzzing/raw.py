"""Requests as bytes over a socket, and the responses to them."""

import re
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.endurance.fuzzing.frames import End
from benchmarks.endurance.run import BrokenPromiseError

_TIMEOUT_SECONDS = 20
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class RawClient:
    """Holds one connection to a server at a time, and keeps it while it is usable."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._open: socket.socket | None = None

    def exchange(self, parts: Sequence[bytes], expected: int, end: End) -> list[Answer]:
        """Send the parts and return the responses: the expected number, or with "shut" all until the server closes.

        Raises BrokenPromiseError when the server neither responds nor closes.
        """
        if end != "answers":
            self.close()
        try:
            return self._exchange(parts, expected, end)
        except TimeoutError:
            self.close()
            raise BrokenPromiseError(f"no answer and no end after {_TIMEOUT_SECONDS} s") from None

    def close(self) -> None:
        if self._open:
            self._open.close()
            self._open = None

    def _exchange(self, parts: Sequence[bytes], expected: int, end: End) -> list[Answer]:
        connection = self._open = self._open or self._connect()
        received, ended, answers = b"", False, list[Answer]()
        try:
            for part in parts:
                connection.sendall(part)
            if end == "shut":
                connection.shutdown(socket.SHUT_WR)
            if end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                ended = True
        except ConnectionError:
            pass  # the server has closed, and may have said why
        while not ended and (end == "shut" or len(answers) < expected):
            try:
                more = connection.recv(262_144)
            except ConnectionError:
                more = b""
            ended, received = not more, received + more
            answers, rest = _read(received, ended)
        if ended or rest or end != "answers":
            self.close()
        return answers

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=_TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _read(received: bytes, ended: bool) -> tuple[list[Answer], bytes]:
    """Return the responses in `received` and the rest. A response to HEAD has a length and no body."""
    answers = []
    while found := _STATUS_LINE.match(received):
        head, _, rest = received.partition(b"\r\n\r\n")
        if not _:
            break
        if found[1] == b"100":
            received = rest
            continue
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if rest.startswith(b"HTTP/1.1 ") or (ended and not rest):
            size = 0
        if len(rest) < size:
            break
        answers.append(Answer(int(found[1]), rest[:size]))
        received = rest[size:]
    return answers, received
