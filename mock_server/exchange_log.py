"""The lines that `serve` prints for each exchange, as text or as JSON.

A thread of its own prints them: a terminal that is slow, full or closed neither delays nor changes a response.
"""

import atexit
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import orjson

from mock_server.journal import Exchange
from mock_server.settings import JSON
from mock_server.styled import Text, is_coloured
from mock_server.text import printable

_COLOURS = {"violation": "bold red", "warning": "yellow", "notice": "cyan"}
_MOST_WAITING = 10_000
_LAST_LINES_SECONDS = 0.5


class ExchangeLog:
    """Prints exchanges in their order. Those that come while very many wait are counted instead."""

    def __init__(self, log_format: str) -> None:
        self._line = _json_line if log_format == JSON else _text_lines()
        self._waiting: deque[Exchange] = deque()
        self._left_out = 0
        self._arrived = threading.Event()
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def add(self, exchange: Exchange) -> None:
        """Print an exchange and its findings, soon."""
        if self._thread is None:
            # Started here: a worker process does not inherit the threads of its supervisor.
            self._thread = threading.Thread(target=self._print_all, daemon=True)
            self._thread.start()
            atexit.register(self._end)
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(exchange)
        else:
            self._left_out += 1
        self._arrived.set()

    def _end(self) -> None:
        """Wait a moment for the last lines."""
        self._is_ending = True
        self._arrived.set()
        if self._thread:
            self._thread.join(_LAST_LINES_SECONDS)

    def _print_all(self) -> None:
        while self._waiting or not self._is_ending:
            self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                _write(self._line(self._waiting.popleft()))
            if self._left_out:
                left_out, self._left_out = self._left_out, 0
                _write(f"{left_out:,} exchanges were not printed: the output is too slow\n")


def _write(text: str) -> None:
    """Write to the standard output itself: Python's own buffer would be locked by a write that never ends."""
    content = text.encode(sys.stdout.encoding, "backslashreplace")
    with suppress(OSError):  # closed, or on a full disk
        while content:
            content = content[os.write(1, content) :]


def _text_lines() -> Callable[[Exchange], str]:
    in_colour = is_coloured(sys.stdout)

    def shown(text: str, style: str) -> str:
        return Text.of((printable(text), style)).shown(in_colour=in_colour) + "\n"

    def lines(exchange: Exchange) -> str:
        request, status = exchange.request, exchange.response.status
        line = f"{exchange.received_at[11:19]} {request.method:6} {request.path} {status} {exchange.duration_ms:.1f} ms"
        line += f" from {request.call_site}" if request.call_site else ""
        lines = [shown(line, "red" if status >= 400 else "")]
        for finding in exchange.findings:
            text = f"  {finding.severity} {finding.code} {finding.pointer}: {finding.message}"
            lines.append(shown(text, _COLOURS[finding.severity]))
        return "".join(lines)

    return lines


def _json_line(exchange: Exchange) -> str:
    line = {
        "received_at": exchange.received_at,
        "method": exchange.request.method,
        "path": exchange.request.path,
        "status": exchange.response.status,
        "duration_ms": exchange.duration_ms,
        "operation": exchange.operation,
        "call_site": exchange.request.call_site,
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "pointer": finding.pointer,
                "message": finding.message,
            }
            for finding in exchange.findings
        ],
    }
    return orjson.dumps(line).decode() + "\n"
