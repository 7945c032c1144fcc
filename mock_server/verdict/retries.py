"""What a client did after each answer that it did not get, judged over a whole run.

An answer is lost when a fault replaced it or broke it off, and when the client did not wait for it. After that the
client may

    converge    send the same call again until it is answered
    double      send it again under another id, though the first may be stored: `not-converged`
    change      send other data under the same id, before it knows what is stored: `not-converged`
    give up     never send it again: `no-retry`

and it should pause before it tries again: `retry-without-pause`, `retry-after-ignored`.

Calls are in the order of their numbers; pauses are measured by the server's monotonic clock.
"""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal, TypedDict

import orjson

from mock_server.faults import InjectedFault
from mock_server.findings import Evidence, Finding
from mock_server.journal import ShownExchange
from mock_server.spec.json_body import MAX_DEPTH

Outcome = Literal["converged", "doubled", "changed", "gave up"]

_SERVER_ERROR = 500
# The client errors that say "not now" rather than "not so": Request Timeout, Too Early, Too Many Requests.
_TEMPORARY = (408, 425, 429)
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**64 - 1  # beyond these, integers are read as floats
_MIN_PAUSE_SECONDS = 0.05  # a retry sooner than this has not waited for the server to recover
_TIMER_SECONDS = 0.01  # a client's timer may end so much early


class FaultOutcome(TypedDict):
    """An outcome as the report has it. `request`, `retry`: numbers of requests.

    `fault`: None where the client did not wait, and no fault was injected. `cause`: what happened, in words.
    `stored`: whether the call was stored, then or by a later call.
    """

    request: int
    operation: str | None
    fault: InjectedFault | None
    cause: str
    outcome: Outcome
    retry: int | None
    stored: bool


@dataclass(frozen=True, slots=True)
class RetryOutcome:
    """What came after a lost answer. `retry`: the exchange with which the client reacted, if any."""

    exchange: ShownExchange
    outcome: Outcome
    retry: ShownExchange | None
    is_stored: bool

    @property
    def is_lost_write(self) -> bool:
        """Return whether a fault kept the call from being stored, and no later call stored it.

        Of a call that is sent again in vain, the last one counts.
        """
        is_sent_again_in_vain = self.retry is not None and _is_prevented(self.retry)
        return _is_prevented(self.exchange) and not self.is_stored and not is_sent_again_in_vain

    @property
    def is_repeated(self) -> bool:
        """Return whether the client sent a call again that had been stored."""
        return self.exchange["stored"] and self.outcome == "converged"

    def document(self) -> FaultOutcome:
        """Return the outcome as the report has it."""
        return {
            "request": self.exchange["number"],
            "operation": self.exchange["operation"],
            "fault": self.exchange["fault"],
            "cause": _cause(self.exchange),
            "outcome": self.outcome,
            "retry": None if self.retry is None else self.retry["number"],
            "stored": self.is_stored,
        }

    def findings(self) -> Iterator[Finding]:
        """Judge the client's reaction. After a refusal for good, such as 404, it may do as it likes."""
        if not _asks_for_retry(self.exchange):
            return
        lost, evidence = _cause(self.exchange), _evidence(self.exchange)
        if self.outcome == "gave up":
            yield Finding.of("no-retry", "/answer", evidence, lost=lost)
        elif self.outcome != "converged":
            yield Finding.of("not-converged", "/body", evidence, case=self.outcome, lost=lost)
        pause = None if self.retry is None else _pause_seconds(self.exchange, self.retry)
        if pause is None:
            return
        wanted = _retry_after_seconds(self.exchange)
        if wanted is not None:
            if pause < wanted - _TIMER_SECONDS:
                sent = self.exchange["answer"]["headers"]["retry-after"]
                pointer = "/answer/headers/retry-after"
                yield Finding.of(
                    "retry-after-ignored", pointer, "assumed", lost=lost, sent=sent, pause=pause, wanted=wanted
                )
        elif pause < _MIN_PAUSE_SECONDS:
            least = _MIN_PAUSE_SECONDS * 1000
            yield Finding.of("retry-without-pause", "/answer", evidence, lost=lost, pause=pause * 1000, least=least)


def retry_outcomes(exchanges: Sequence[ShownExchange]) -> list[RetryOutcome]:
    """Return what came of each answer that the client did not get; `exchanges`: of a run, oldest first.

    The first later call of the same operation and path that is the same call, or has the same id, or the same data
    beside the id, is the client's reaction. The first such call that was stored makes up for one that was not.
    """
    targets = {_target(exchange) for exchange in exchanges if _is_lost(exchange)}
    later: dict[Hashable, _LaterCalls] = defaultdict(_LaterCalls)
    stored: dict[Hashable, _LaterCalls] = defaultdict(_LaterCalls)
    outcomes = []
    # From the newest to the oldest, so that each lost call finds the calls after it indexed.
    for position, exchange in reversed(list(enumerate(exchanges))):
        target = _target(exchange)
        if target not in targets:
            continue
        body = _Body.parse(exchange["request"]["body"])
        if _is_lost(exchange):
            outcome, retry = later[target].reaction_to(body)
            is_stored = exchange["stored"] or stored[target].reaction_to(body)[1] is not None
            outcomes.append(RetryOutcome(exchange, outcome, None if retry is None else exchanges[retry], is_stored))
        later[target].add(position, body)
        if exchange["stored"]:
            stored[target].add(position, body)
    return outcomes[::-1]


@dataclass(frozen=True, slots=True)
class _Body:
    """A body as it is compared: its id, as text, and a digest of the data beside it, since bodies take much memory."""

    id: str | None
    rest: bytes

    @classmethod
    def parse(cls, text: str) -> "_Body":
        try:
            id, rest = _split_id(orjson.loads(text))
            return cls(id, _digest(rest))
        except (orjson.JSONDecodeError, _TooDeepError):
            return cls(None, _digest(text))


@dataclass(slots=True)
class _LaterCalls:
    """The calls of one operation and path, by what they have in common with an earlier one: the first position each."""

    by_body: dict[_Body, int] = field(default_factory=dict)
    by_id: dict[str | None, int] = field(default_factory=dict)
    by_rest: dict[bytes, int] = field(default_factory=dict)

    def add(self, position: int, body: _Body) -> None:
        """Add a call that came before all those that were added already."""
        self.by_body[body] = position
        self.by_rest[body.rest] = position
        if body.id is not None:
            self.by_id[body.id] = position

    def reaction_to(self, body: _Body) -> tuple[Outcome, int | None]:
        """Return the outcome, and the position of the first call that has something in common with the body."""
        # Of several outcomes that the same call decides, `min` returns the first.
        candidates: Iterable[tuple[Outcome, int | None]] = (
            ("converged", self.by_body.get(body)),
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
    """Return a body's own id, as text, and the rest; an order's own id is `id`, that of a contact `contact_id`."""
    if not isinstance(body, dict):
        return None, body
    own = "id" if "id" in body else "contact_id"
    id = body.get(own)
    rest = {name: value for name, value in body.items() if name != own}
    return (id if id is None or isinstance(id, str) else _canonical(id).decode()), rest


def _digest(value: Any) -> bytes:
    """Return a digest that JSON values share if and only if they are equal."""
    return hashlib.blake2b(_canonical(value), digest_size=16).digest()


def _canonical(value: Any) -> bytes:
    """Return the JSON value as text, without what is free to differ: blanks, the order of names, forms of numbers."""
    return orjson.dumps(_normalized(value, MAX_DEPTH), option=orjson.OPT_SORT_KEYS)


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
    """Return whether the client did not get the answer of its call."""
    fault = exchange["fault"] or {}
    broken = fault.get("status") or fault.get("reset") or fault.get("truncate")
    return bool(broken) or exchange["abandoned_ms"] is not None


def _is_prevented(exchange: ShownExchange) -> bool:
    """Return whether a fault came instead of the call, which was not carried out."""
    fault = exchange["fault"] or {}
    return fault.get("when") == "before" and bool(fault.get("status") or fault.get("reset"))


def _asks_for_retry(exchange: ShownExchange) -> bool:
    """Return whether a client has to try again: what it got, if anything, is not a refusal for good."""
    if exchange["abandoned_ms"] is not None:
        return True
    fault = exchange["fault"] or {}
    if fault.get("reset") or fault.get("truncate"):
        return True
    status = fault.get("status", 0)
    return status >= _SERVER_ERROR or status in _TEMPORARY or "retry-after" in exchange["answer"]["headers"]


def _cause(exchange: ShownExchange) -> str:
    fault = exchange["fault"] or {}
    injected = " (a fault injected on purpose)"
    if exchange["abandoned_ms"] is not None:
        return f"the client did not wait for the answer: it left after {exchange['abandoned_ms']:.0f} ms"
    if fault.get("reset"):
        return f"the connection was reset{injected}"
    if fault.get("truncate"):
        return f"the answer was cut off{injected}"
    return f"the server answered {fault['status']}{injected}"


def _evidence(exchange: ShownExchange) -> Evidence:
    """Return how we know that a client must try again: the reference says so of 500, nobody says it of the rest."""
    is_server_error = exchange["abandoned_ms"] is None and (exchange["fault"] or {}).get("status", 0) >= _SERVER_ERROR
    return "documented" if is_server_error else "assumed"


def _answered_ms(exchange: ShownExchange) -> float:
    """Return how long the client waited until it had the answer, what there was of it, or left."""
    if exchange["abandoned_ms"] is not None:
        return exchange["abandoned_ms"]
    fault = exchange["fault"] or {}
    dripped: float = fault.get("drip_seconds", 0) if fault.get("truncate") else 0
    return exchange["duration_ms"] + 1000 * (float(fault.get("delay_seconds", 0)) + dripped)


def _pause_seconds(exchange: ShownExchange, retry: ShownExchange) -> float | None:
    """Return the time from the end of the lost call to its retry; None where the retry did not wait for that end.

    That is so for calls that a client sends side by side, and for servers whose clocks have nothing in common.
    """
    milliseconds = retry["monotonic_ms"] - exchange["monotonic_ms"] - _answered_ms(exchange)
    return milliseconds / 1000 if milliseconds >= 0 else None


def _retry_after_seconds(exchange: ShownExchange) -> float | None:
    """Return how long the answer asked the client to wait; None where it did not, or not in a form that is known."""
    header = exchange["answer"]["headers"].get("retry-after")
    if header is None or exchange["abandoned_ms"] is not None:
        return None
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
        answered = datetime.fromisoformat(exchange["received_at"]) + timedelta(milliseconds=_answered_ms(exchange))
        return max(0.0, (until - answered).total_seconds())
    except (TypeError, ValueError):
        return None
