"""The lines that `serve` prints for each exchange, as text or as JSON."""

from collections.abc import Callable
from contextlib import suppress

import orjson

from mock_server.journal import Exchange
from mock_server.settings import JSON
from mock_server.text import printable

_COLOURS = {"violation": "bold red", "warning": "yellow", "notice": "cyan"}


def exchange_printer(log_format: str) -> Callable[[Exchange], None]:
    """Return what prints an exchange and its findings. When nobody reads the output any more, it prints nothing."""
    show = _print_json if log_format == JSON else _text_printer()

    def print_exchange(exchange: Exchange) -> None:
        with suppress(BrokenPipeError):
            show(exchange)

    return print_exchange


def _text_printer() -> Callable[[Exchange], None]:
    from rich.console import Console

    class Log(Console):
        def on_broken_pipe(self) -> None:
            """Print nothing from here on; rich would end the process."""
            self.quiet = True

    console = Log(highlight=False, markup=False, emoji=False, soft_wrap=True)

    def show(exchange: Exchange) -> None:
        request, status = exchange.request, exchange.response.status
        path = request.path.encode("ascii", "backslashreplace").decode()
        line = f"{exchange.received_at[11:19]} {request.method:6} {path} {status} {exchange.duration_ms:.1f} ms"
        line += f" from {printable(request.call_site)}" if request.call_site else ""
        console.print(line, style="red" if status >= 400 else None)
        for finding in exchange.findings:
            text = f"  {finding.severity} {finding.code} {finding.pointer}: {finding.message}"
            console.print(printable(text), style=_COLOURS[finding.severity])

    return show


def _print_json(exchange: Exchange) -> None:
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
    print(orjson.dumps(line).decode(), flush=True)
