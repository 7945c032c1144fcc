"""How a client took the faults that were injected, judged over a whole run.

After a call whose answer was an error or was lost, a client may

    converge    send the same call again until it is answered
    double      send it again under another id, though the first may be stored: `not-converged`
    change      send other data under the same id, before it knows what is stored: `not-converged`
    give up     never send it again: `no-retry`

and it should pause before it tries again: `retry-without-pause`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from mock_server.errors import Finding

Exchange = Mapping[str, Any]
"""A journal entry, as the journal presents it."""

_SERVER_ERROR = 500
_PAUSE_SECONDS = 0.05
"""A retry sooner than this after the fault has not waited for the server to recover."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What came after one fault. `retry`: the call with which the client reacted, if any."""

    exchange: Exchange
    outcome: Literal["converged", "doubled", "changed", "gave up"]
    retry: Exchange | None

    def described(self) -> dict[str, Any]:
        """As the report shows it."""
        return {
            "request": self.exchange["number"],
            "operation": self.exchange["operation"],
            "fault": self.exchange["fault"],
            "outcome": self.outcome,
            "retry": self.retry and self.retry["number"],
        }


def reactions(exchanges: Sequence[Exchange]) -> list[Reaction]:
    """The reaction to each fault that kept an answer from the client; `exchanges`: of a run, oldest first."""
    return [
        _reaction(exchange, exchanges[place + 1 :]) for place, exchange in enumerate(exchanges) if _is_lost(exchange)
    ]


def judge(reaction: Reaction) -> Iterator[Finding]:
    """The findings about a reaction."""
    happened = _happened(reaction.exchange)
    if reaction.outcome == "gave up":
        message = f"{happened} and the call was never sent again. The API asks to try again after a short period."
        yield Finding("no-retry", "warning", "/answer", message, "documented")
    elif reaction.outcome == "doubled":
        message = (
            f"{happened} and the call was sent again under another id: both may be stored. Keep the id in a retry."
        )
        yield Finding("not-converged", "violation", "/body", message, "documented")
    elif reaction.outcome == "changed":
        message = f"{happened} and other data came under the same id. Send the same call again before a new one."
        yield Finding("not-converged", "violation", "/body", message, "documented")
    if reaction.retry and _pause_seconds(reaction) < _PAUSE_SECONDS:
        message = f"{happened} and the call was sent again within {_PAUSE_SECONDS * 1000:g} ms. Wait before a retry."
        yield Finding("retry-without-pause", "warning", "/answer", message, "documented")


def _reaction(lost: Exchange, later: Sequence[Exchange]) -> Reaction:
    for other in later:
        if other["operation"] == lost["operation"] and other["request"]["path"] == lost["request"]["path"]:
            if other["request"]["body"] == lost["request"]["body"]:
                return Reaction(lost, "converged", other)
            same_id, same_rest = _compared(lost, other)
            if same_rest:
                return Reaction(lost, "doubled", other)
            if same_id:
                return Reaction(lost, "changed", other)
    return Reaction(lost, "gave up", None)


def _compared(one: Exchange, other: Exchange) -> tuple[bool, bool]:
    """Whether two calls have the same id of their own, and the same data beside it."""
    (id, rest), (other_id, other_rest) = _parted(one), _parted(other)
    return id is not None and id == other_id, rest == other_rest


def _parted(exchange: Exchange) -> tuple[str | None, Any]:
    """A body's own id, and the rest; an order's own id is `id`, that of a contact `contact_id`."""
    try:
        body = orjson.loads(exchange["request"]["body"])
    except orjson.JSONDecodeError:
        return None, exchange["request"]["body"]
    if not isinstance(body, dict):
        return None, body
    own = "id" if "id" in body else "contact_id"
    id = body.pop(own, None)
    return None if id is None else str(id), body


def _is_lost(exchange: Exchange) -> bool:
    fault = exchange["fault"] or {}
    return fault.get("status", 0) >= _SERVER_ERROR or bool(fault.get("reset") or fault.get("truncate"))


def _happened(exchange: Exchange) -> str:
    fault = exchange["fault"]
    if fault.get("reset"):
        return "the connection was reset (a fault injected on purpose)"
    if fault.get("truncate"):
        return "the answer was cut off (a fault injected on purpose)"
    return f"the server answered {fault['status']} (a fault injected on purpose)"


def _pause_seconds(reaction: Reaction) -> float:
    """From the end of the lost call to the retry."""
    assert reaction.retry is not None
    asked, again = (datetime.fromisoformat(one["received_at"]) for one in (reaction.exchange, reaction.retry))
    busy = reaction.exchange["duration_ms"] / 1000 + reaction.exchange["fault"].get("delay_seconds", 0)
    seconds: float = (again - asked).total_seconds() - busy
    return seconds
