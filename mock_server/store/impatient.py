"""psycopg's connection, with a limit to how long it waits for a database that does not respond.

Timeouts of TCP do not help: the system of a database that is stopped or overloaded still confirms what it receives.
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from mock_server.clock import monotonic

Result = TypeVar("Result")


class ImpatientConnection(psycopg.Connection[Any]):
    """Is closed, and raises OperationalError, when nothing has come for `patience_seconds`; None for no limit.

    Some releases of psycopg before 3.2.13 wait without intervals, so that they are never impatient.
    """

    patience_seconds: float | None = 13

    def wait(self, gen: PQGen[Result], *arguments: Any, **named: Any) -> Result:
        return super().wait(self._impatient(gen), *arguments, **named)

    def _impatient(self, gen: PQGen[Result]) -> PQGen[Result]:
        """Yield what the generator of the driver waits for; it gets what is ready, and nothing at intervals."""
        last = monotonic()
        try:
            awaited = next(gen)
            while True:
                ready = yield awaited
                now = monotonic()
                if ready:
                    last = now
                elif self.patience_seconds and now - last > self.patience_seconds:
                    self.close()
                    raise psycopg.OperationalError(f"it has not responded for {now - last:.0f} seconds")
                awaited = gen.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result
