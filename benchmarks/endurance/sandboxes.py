"""Create very many sandboxes, a tenth of them with a call: calls take as long as before, and memory hardly grows."""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.endurance.load import http_client
from benchmarks.endurance.run import Figures, fresh_server, progress, require
from benchmarks.endurance.soak import resident_megabytes
from client_tests.sandbox import Sandbox

SANDBOXES, SHORT_SANDBOXES = 100_000, 500
CLIENTS = 8
# Of what is timed, beside the same with one sandbox.
MOST_RATIO = 3.0
MOST_BYTES_EACH = 500

# One in so many sandboxes has a call.
_CALL_EVERY = 10
_TIMED = 100


def run(*, short: bool, seed: int) -> Figures:  # noqa: ARG001  # nothing is drawn by lot
    wanted = SHORT_SANDBOXES if short else SANDBOXES
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
        options = ("--database", str(Path(folder) / "data.db"))
        with fresh_server(*options) as server:
            few, memory = _timed(server.origin), resident_megabytes(server.process.pid)
            _create(server.origin, wanted)
            many, grown = _timed(server.origin), resident_megabytes(server.process.pid) - memory
        started = time.monotonic()
        with fresh_server(*options):
            restart = time.monotonic() - started
    figures: Figures = {
        "sandboxes": wanted,
        "resident memory with one": f"{memory:.1f} MB",
        "more with all": f"{grown:.1f} MB",
        **{f"{name}, with one and with all": f"{few[name]:.2f} and {many[name]:.2f} ms" for name in few},
        "restart": f"{restart:.1f} s",
    }
    for name in few:
        require(short or many[name] <= MOST_RATIO * few[name], f"{name} takes longer: {figures}")
    require(short or grown * 1e6 <= MOST_BYTES_EACH * wanted, f"memory grows: {figures}")
    return figures


def _create(origin: str, wanted: int) -> None:
    """Create the sandboxes from several clients at once."""
    share = wanted // CLIENTS
    created = [0] * CLIENTS

    def create(client: int) -> None:
        with http_client() as http:
            for number in range(share):
                sandbox = Sandbox.create(origin, http)
                if number % _CALL_EVERY == 0:
                    sandbox.stored("contact", {"contact_id": number})
                created[client] += 1
                show(sum(created))

    with ThreadPoolExecutor(CLIENTS) as pool, progress("sandboxes", wanted) as show:
        list(pool.map(create, range(CLIENTS)))


def _timed(origin: str) -> dict[str, float]:
    """Return the median milliseconds of what could depend on the number of sandboxes."""
    with http_client() as http:
        newest = Sandbox.create(origin, http)
        unknown = Sandbox(origin, "nobody", "wrong-key", http)
        requests: dict[str, Callable[[], Any]] = {
            "a call": lambda: newest.stored("contact", {"contact_id": 1}),
            "a call with a wrong key": lambda: unknown.post("contact", {"contact_id": 1}),
            "a reset": lambda: newest.admin("POST", "/reset", json={}).raise_for_status(),
            "the dashboard": lambda: http.get(f"{origin}/__admin/ui").raise_for_status(),
        }
        return {name: statistics.median(_seconds(one) for _ in range(_TIMED)) * 1000 for name, one in requests.items()}


def _seconds(request: Callable[[], Any]) -> float:
    started = time.perf_counter()
    request()
    return time.perf_counter() - started
