"""The lines that `serve` prints for each exchange, as text or as JSON.

A thread of its own prints them: a terminal that is slow, full or closed neither delays nor changes a response.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from mock_server.journal import Exchange
from mock_server.output import STDOUT, BackgroundWriter
from mock_server.settings import JSON
from mock_server.styled import Text, is_coloured
from mock_server.text import printable

_COLOURS = {"violation": "bold red", "warning": "yellow", "notice": "cyan"}


class ExchangeLog:
    """Prints exchanges in their order."""

    def __init__(self, log_format: str) -> None:
        self._text = _json_line if log_format == JSON else _text_lines()
        self._writer = BackgroundWriter(STDOUT)

    def add(self, exchange: Exchange) -> None:
        """Print an exchange and its findings, soon."""
        self._writer.add(partial(self._text, _without_bodies(exchange)), 1 + len(exchange.findings))


def _without_bodies(exchange: Exchange) -> Exchange:
    """Return what is printed of an exchange: the rest would fill the memory where the output is slow."""
    request = replace(exchange.request, headers={}, body=b"")
    return replace(exchange, request=request, response=replace(exchange.response, body=b""))


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
    """Return an object on one line, in ASCII: no output has another encoding for it, and no terminal obeys it."""
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
    return json.dumps(line, separators=(",", ":")) + "\n"
