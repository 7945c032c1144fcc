"""How a client took the faults that were injected, judged over the whole run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mock_server.errors import Finding

_SERVER_ERROR = 500


def judge_resilience(exchanges: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Finding]]:
    """Findings about the exchanges of a run, oldest first, each with the exchange that it is about."""
    for place, exchange in enumerate(exchanges):
        fault = exchange["fault"]
        if fault and (fault["status"] or 0) >= _SERVER_ERROR and not _is_retried(exchange, exchanges[place + 1 :]):
            message = (
                f"the server answered {fault['status']} (a fault injected on purpose) and the call was never sent"
                " again. The API asks to try again after a short period."
            )
            yield exchange, Finding("no-retry", "warning", "/answer", message, "documented")


def _is_retried(exchange: Mapping[str, Any], later: Sequence[Mapping[str, Any]]) -> bool:
    asked = exchange["request"]
    return any(
        (other["request"]["method"], other["request"]["path"], other["request"]["body"])
        == (asked["method"], asked["path"], asked["body"])
        for other in later
    )
