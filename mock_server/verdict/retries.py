"""What a client did after each fault that was injected, judged over a whole run.

After a call whose answer was an error or was lost, a client may

    converge    send the same call again until it is answered
    double      send it again under another id, though the first may be stored: `not-converged`
    change      send other data under the same id, before it knows what is stored: `not-converged`
    give up     never send it again: `no-retry`

and it should pause before it tries again: `retry-without-pause`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypedDict

import orjson

from mock_server.findings import Finding
from mock_server.journal import ShownExchange
from mock_server.spec.json_body import MAX_DEPTH

Outcome = Literal["converged", "doubled", "changed", "gave up"]

_SERVER_ERROR = 500
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**64 - 1  # beyond these, integers are read as floats
_MIN_PAUSE_SECONDS = 0.05  # a retry sooner than this has not waited for the server to recover


class FaultOutcome(TypedDict):
    """An outcome as the report has it. `request`, `retry`: numbers of requests."""

    request: int
    operation: str | None
    fault: Mapping[str, Any]
    outcome: Outcome
    retry: int | None


@dataclass(frozen=True, slots=True)
class RetryOutcome:
    """What came after a fault. `retry`: the exchange with which the client reacted, if any."""

    exchange: ShownExchange
    outcome: Outcome
    retry: ShownExchange | None

    def document(self) -> FaultOutcome:
        """Return the outcome as the report has it."""
        return {
            "request": self.exchange["number"],
            "operation": self.exchange["operation"],
            "fault": self.exchange["fault"] or {},
            "outcome": self.outcome,
            "retry": None if self.retry is None else self.retry["number"],
        }

    def findings(self) -> Iterator[Finding]:
        """Judge the client's reaction."""
        fault = _description(self.exchange["fault"] or {})
        if self.outcome == "gave up":
            yield Finding.of("no-retry", "/answer", "documented", fault=fault)
        elif self.outcome != "converged":
            yield Finding.of("not-converged", "/body", "documented", case=self.outcome, fault=fault)
        if self.retry and self._pause_seconds(self.retry) < _MIN_PAUSE_SECONDS:
            milliseconds = _MIN_PAUSE_SECONDS * 1000
            yield Finding.of("retry-without-pause", "/answer", "documented", fault=fault, milliseconds=milliseconds)

    def _pause_seconds(self, retry: ShownExchange) -> float:
        """Return the time from the end of the lost call to its retry."""
        sent, sent_again = (datetime.fromisoformat(one["received_at"]) for one in (self.exchange, retry))
        busy: float = self.exchange["duration_ms"] / 1000 + (self.exchange["fault"] or {}).get("delay_seconds", 0)
        return (sent_again - sent).total_seconds() - busy


def retry_outcomes(exchanges: Sequence[ShownExchange]) -> list[RetryOutcome]:
    """Return what came of each fault that kept an answer from the client; `exchanges`: of a run, oldest first.

    The first later call of the same operation and path that has the same body, the same id, or the same data beside
    the id is the client's reaction.
    """
    targets = {_target(exchange) for exchange in exchanges if _is_lost(exchange)}
    later: dict[Hashable, _LaterCalls] = defaultdict(_LaterCalls)
    outcomes = []
    # From the newest to the oldest, so that each lost call finds the calls after it indexed.
    for position, exchange in reversed(list(enumerate(exchanges))):
        target = _target(exchange)
        if target not in targets:
            continue
        body = _Body.parse(exchange["request"]["body"])
        if _is_lost(exchange):
            outcome, retry = later[target].reaction_to(body)
            outcomes.append(RetryOutcome(exchange, outcome, None if retry is None else exchanges[retry]))
        later[target].add(position, body)
    return outcomes[::-1]


@dataclass(frozen=True, slots=True)
class _Body:
    """A body as it is compared. `rest`: a digest of the data beside the id, since whole bodies take much memory."""

    text: str
    id: str | None
    rest: bytes

    @classmethod
    def parse(cls, text: str) -> "_Body":
        try:
            id, rest = _split_id(orjson.loads(text))
            return cls(text, id, _digest(rest))
        except (orjson.JSONDecodeError, _TooDeepError):
            return cls(text, None, _digest(text))


@dataclass(slots=True)
class _LaterCalls:
    """The calls of one operation and path, by what they have in common with an earlier one: the first position each."""

    by_text: dict[str, int] = field(default_factory=dict)
    by_id: dict[str | None, int] = field(default_factory=dict)
    by_rest: dict[bytes, int] = field(default_factory=dict)

    def add(self, position: int, body: _Body) -> None:
        """Add a call that came before all those that were added already."""
        self.by_text[body.text] = position
        self.by_rest[body.rest] = position
        if body.id is not None:
            self.by_id[body.id] = position

    def reaction_to(self, body: _Body) -> tuple[Outcome, int | None]:
        """Return the outcome, and the position of the first call that has something in common with the body."""
        # Of several outcomes that the same call decides, `min` returns the first.
        candidates: Iterable[tuple[Outcome, int | None]] = (
            ("converged", self.by_text.get(body.text)),
            ("doubled", self.by_rest.get(body.rest)),
            ("changed", self.by_id.get(body.id)),
        )
        return min(
            [(outcome, position) for outcome, position in candidates if position is not None],
            key=lambda candidate: candidate[1],
            default=("gave up", None),
        )


class _TooDeepError(Exception):
    """A value nests deeper than any body that is accepted."""


def _split_id(body: Any) -> tuple[str | None, Any]:
    """Return a body's own id, and the rest; an order's own id is `id`, that of a contact `contact_id`."""
    if not isinstance(body, dict):
        return None, body
    own = "id" if "id" in body else "contact_id"
    id = body.get(own)
    return None if id is None else str(id), {name: value for name, value in body.items() if name != own}


def _digest(value: Any) -> bytes:
    """Return a digest that JSON values share if and only if they are equal."""
    text = orjson.dumps(_normalized(value, MAX_DEPTH), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).digest()


def _normalized(value: Any, levels: int) -> Any:
    """Return the JSON value with its numbers and flags in one form: 1.0 and true are equal to 1."""
    kind = type(value)
    if kind is str or kind is int:
        return value
    if kind is bool:
        return int(value)
    if kind is float:
        return int(value) if value.is_integer() and _MIN_INTEGER <= value <= _MAX_INTEGER else value
    if kind is dict or kind is list:
        if not levels:
            raise _TooDeepError
        if kind is dict:
            return {name: _normalized(part, levels - 1) for name, part in value.items()}
        return [_normalized(part, levels - 1) for part in value]
    return value


def _target(exchange: ShownExchange) -> Hashable:
    return exchange["operation"], exchange["request"]["path"]


def _is_lost(exchange: ShownExchange) -> bool:
    """Return whether a fault kept the answer of the call from the client."""
    fault = exchange["fault"] or {}
    return fault.get("status", 0) >= _SERVER_ERROR or bool(fault.get("reset") or fault.get("truncate"))


def _description(fault: Mapping[str, Any]) -> str:
    if fault.get("reset"):
        return "the connection was reset (a fault injected on purpose)"
    if fault.get("truncate"):
        return "the answer was cut off (a fault injected on purpose)"
    return f"the server answered {fault['status']} (a fault injected on purpose)"
