"""Whether a request costs more than its size deserves, beside a call as clients send it, measured in the same run."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from client_tests.costly.heads import Target
from client_tests.costly.loop_time import Connection
from client_tests.hostile.operations import CONTRACT, example_of

# How many calls the loop may be busy with in place of one request: 185 ms, where a call takes 0.37 ms. Some bodies of
# 1 MiB in lenient mode take 150 ms.
MOST_CALLS = 500
# How much more than n log n a larger request may cost. By its square it would cost 16 times as much, at four times the
# size.
SLACK = 2.0
_CALLS_AT_ONCE = 20
_ATTEMPTS = 6
_CALL = CONTRACT.operations["upsert_contact"]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: bytes
    headers: Mapping[str, bytes]
    body: bytes = b""


@dataclass(slots=True)
class Judge:
    """Sends requests to one server, and collects those that cost too much. A cost is a number of calls.

    `caller`: makes the calls that others are compared with.
    """

    connection: Connection
    caller: Target
    too_costly: list[str] = field(default_factory=list)
    _call_seconds: float = 0.0
    _calls: int = 0

    def judge(self, name: str, sizes: Sequence[int], request_of: Callable[[int], Request]) -> set[int]:
        """Send the requests of one kind, the smallest first; return the statuses of their answers."""
        most, statuses = math.inf, set()
        for number, size in enumerate(sizes):
            request = request_of(size)
            cost, status = self._cost(request)
            # Whatever else this machine does makes a request dearer, never cheaper.
            for _ in range(_ATTEMPTS):
                if cost <= min(most, MOST_CALLS):
                    break
                self.measure_calls()
                cost = min(cost, self._cost(request)[0])
            else:
                self.too_costly.append(f"{name}, {size:,} bytes, {status}: {cost:.0f} calls, at most {most:.0f}")
            assert 0 < status < 500, f"{name}, {size:,} bytes: {status}"
            statuses.add(status)
            if number + 1 < len(sizes):
                larger = sizes[number + 1]
                # Less than a call costs is lost in the noise.
                most = SLACK * max(cost, 1.0) * larger * math.log(larger) / (size * math.log(size))
        return statuses

    def measure_calls(self) -> None:
        """Measure what a call costs now."""
        before = self.connection.busy_seconds()
        for _ in range(_CALLS_AT_ONCE):
            self._calls += 1
            body = json.dumps({**example_of(_CALL), "first_name": f"Luke {self._calls}"}).encode()
            self.connection.send(_CALL.method, self.caller.line(), self.caller.headers, body)
        self._call_seconds = (self.connection.busy_seconds() - before) / _CALLS_AT_ONCE

    def _cost(self, request: Request) -> tuple[float, int]:
        seconds, status = self.connection.cost(request.method, request.target, request.headers, request.body)
        return seconds / self._call_seconds, status
