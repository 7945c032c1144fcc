"""Notes in each request to the fake where the client's own code made it: in a header, which the server takes off.

`sitecustomize` loads it into each Python, from 3.7 on, that a checked command starts. The place is the innermost frame
that is neither of the standard library nor of an installed package. A client must not notice: whatever goes wrong here
means no header.
"""

# pathlib would add milliseconds to every start, and so would ssl and asyncio: they are patched when they are there.
# ruff: noqa: PTH100, PTH118, PTH120

from __future__ import annotations

import functools
import os
import re
import select
import socket
import sys
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import CodeType
    from typing import Any

_HEADER = b"X-Segmetrics-Mock-Call-Site"
_REQUEST_LINE = re.compile(rb"[A-Z]{3,7} [^ \r\n]+ HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"\r\nhost:[ \t]*([^\r\n]*)", re.IGNORECASE)
_MAX_HEAD = 65536
_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_STANDARD_LIBRARY = os.path.dirname(os.__file__)
_FOREIGN_FOLDERS = tuple(
    os.path.join(os.path.realpath(folder), "")
    for folder in (_STANDARD_LIBRARY, os.path.dirname(__file__), os.path.dirname(sys.executable or os.__file__))
)
_CACHED = 4096
_EVENTS = os.path.join("asyncio", "events.py")
# The place that made a task of a library: the task itself has no frame of the client's.
_maker: ContextVar[str] = ContextVar("segmetrics_mock_call_site", default="")


def install(hosts: Collection[str]) -> None:
    """Patch what sends bytes. `hosts`: the values of `Host`, with their ports, that are the fake."""
    ours = frozenset(host.encode() for host in hosts)

    def header_for(data: Any) -> tuple[int, bytes]:
        """Return where a header is to be put into the data, and the header; empty where there is none."""
        try:
            line = _REQUEST_LINE.match(data)
            if line is None:
                return 0, b""
            head = bytes(memoryview(data)[:_MAX_HEAD]).partition(b"\r\n\r\n")[0]
            host = _HOST.search(head)
            if host is None or host[1].strip().lower() not in ours or _HEADER in head:
                return 0, b""
            place = _own_frame(sys._getframe(2)) or _maker.get()
            return line.end(), _HEADER + b": " + place.encode("ascii") + b"\r\n" if place else b""
        except Exception:
            return 0, b""

    def all_sent(original: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function that sends all data."""

        @functools.wraps(original)
        def send(self: Any, data: Any, *rest: Any) -> Any:
            at, header = header_for(data)
            return original(self, _with(data, at, header) if header else data, *rest)

        return send

    def part_sent(original: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function that returns how many bytes of the data it has sent."""

        @functools.wraps(original)
        def send(self: Any, data: Any, *rest: Any) -> Any:
            at, header = header_for(data)
            if not header:
                return original(self, data, *rest)
            whole = _with(data, at, header)
            sent = original(self, whole, *rest)
            while sent < at + len(header):
                # A part of the head alone: a place within the header means nothing to the caller.
                select.select([], [self], [])
                sent += original(self, whole[sent:], *rest)
            return sent - len(header)

        return send

    def buffers_sent(original: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(original)
        def sendmsg(self: Any, buffers: Any, *rest: Any) -> int:
            parts = list(buffers)
            at, header = header_for(parts[0]) if parts else (0, b"")
            if not header:
                return original(self, parts, *rest)
            sent = original(self, [_with(parts[0], at, header), *parts[1:]], *rest)
            while sent < at + len(header):
                select.select([], [self], [])
                sent += original(self, [_with(parts[0], at, header)[sent:]], *rest)
            return sent - len(header)

        return sendmsg

    patched = set()

    def patch_loaded() -> None:
        """Patch the modules that the client has loaded by now, each once."""
        if "ssl" in sys.modules and "ssl" not in patched:
            patched.add("ssl")
            ssl = sys.modules["ssl"]
            ssl.SSLSocket.send = part_sent(ssl.SSLSocket.send)
            ssl.SSLSocket.write = part_sent(ssl.SSLSocket.write)
            ssl.SSLObject.write = part_sent(ssl.SSLObject.write)
        if "asyncio.base_events" in sys.modules and "asyncio" not in patched:
            patched.add("asyncio")
            _follow_tasks(sys.modules["asyncio.base_events"].BaseEventLoop)

    def connecting(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def connect(self: Any, address: Any) -> Any:
            patch_loaded()
            return original(self, address)

        return connect

    plain: Any = socket.socket
    plain.connect = connecting(socket.socket.connect)
    plain.connect_ex = connecting(socket.socket.connect_ex)
    plain.send = part_sent(socket.socket.send)
    plain.sendall = all_sent(socket.socket.sendall)
    if hasattr(socket.socket, "sendmsg"):
        plain.sendmsg = buffers_sent(socket.socket.sendmsg)


def _follow_tasks(loop: Any) -> None:
    """Let a task that a library makes know the client's place that made it. `loop`: the class of event loops."""
    create_task = loop.create_task

    @functools.wraps(create_task)
    def hooked(self: Any, coroutine: Any, **named: Any) -> Any:
        code = getattr(coroutine, "cr_code", None)
        if code is None or _is_own(code):
            return create_task(self, coroutine, **named)
        token = _maker.set(_own_frame(sys._getframe(1)) or _maker.get())
        try:
            return create_task(self, coroutine, **named)
        finally:
            _maker.reset(token)

    loop.create_task = hooked


def _own_frame(frame: Any) -> str:
    """Return the innermost frame of the client's own code as `file:line`, percent-encoded; empty without any.

    Below a step of an event loop stands whoever runs the loop, who has not made the call.
    """
    while frame is not None and not _is_step(frame.f_code):
        if _is_own(frame.f_code):
            return f"{_quoted(frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _is_step(code: CodeType) -> bool:
    return code.co_name == "_run" and code.co_filename.endswith(_EVENTS)


@functools.lru_cache(_CACHED)
def _is_own(code: CodeType) -> bool:
    file = code.co_filename
    if file.startswith("<") or _INSTALLED.search(file):
        return False
    return not os.path.realpath(file).startswith(_FOREIGN_FOLDERS)


@functools.lru_cache(_CACHED)
def _quoted(file: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(os.path.abspath(file)))


def _with(data: Any, at: int, header: bytes) -> bytes:
    view = memoryview(data)
    return bytes(view[:at]) + header + bytes(view[at:])
