"""The exchanges that the findings of a report name, as many as there is room for."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TypedDict

from mock_server.faults import InjectedFault
from mock_server.journal import ShownExchange
from mock_server.journal.shown import ShownRequest, ShownResponse
from mock_server.verdict.reported_findings import ReportedFinding

_MAX_BODY = 4_096
_MAX_CHARACTERS = 8_000_000
_HEAD = 500  # what an exchange has beside its paths, headers and bodies, about


class ReportedExchange(TypedDict):
    """An exchange, API keys masked. Bodies have at most 4,096 characters; `bytes` is their whole size.

    `call_site`: where the client's own code made the call, as `file:line`. `fault`: the injected one.
    `stored`: whether the call was carried out, whatever became of its answer.
    """

    number: int
    received_at: str
    duration_ms: float
    operation: str | None
    call_site: str | None
    request: ShownRequest
    answer: ShownResponse
    fault: InjectedFault | None
    stored: bool


def reported_exchanges(
    findings: Sequence[ReportedFinding], exchanges: Mapping[int, ShownExchange]
) -> tuple[list[ReportedExchange], int]:
    """Return exchanges in the order of their numbers, and how many there is no room for.

    `exchanges`: by their number. The first of each finding come before the second of any.
    """
    turns = zip_longest(*(finding["requests"] for finding in findings))
    named = dict.fromkeys(number for turn in turns for number in turn if number in exchanges)
    kept: list[ReportedExchange] = []
    room = _MAX_CHARACTERS
    for number in named:
        exchange = _reported(exchanges[number])
        room -= _size(exchange)
        if room < 0:
            break
        kept.append(exchange)
    return sorted(kept, key=lambda exchange: exchange["number"]), len(named) - len(kept)


def _reported(exchange: ShownExchange) -> ReportedExchange:
    return {
        "number": exchange["number"],
        "received_at": exchange["received_at"],
        "duration_ms": exchange["duration_ms"],
        "operation": exchange["operation"],
        "call_site": exchange["call_site"],
        "request": {**exchange["request"], "body": exchange["request"]["body"][:_MAX_BODY]},
        "answer": {**exchange["answer"], "body": exchange["answer"]["body"][:_MAX_BODY]},
        "fault": exchange["fault"],
        "stored": exchange["stored"],
    }


def _size(exchange: ReportedExchange) -> int:
    """Return about how many characters an exchange takes."""
    request, answer = exchange["request"], exchange["answer"]
    headers = sum(len(name) + len(value) for part in (request, answer) for name, value in part["headers"].items())
    return _HEAD + len(request["path"]) + headers + len(request["body"]) + len(answer["body"])
