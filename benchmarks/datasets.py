"""Measure how fast datasets load: `python benchmarks/datasets.py`.

For each dataset it prints calls a second and seconds of loading into a file, as wall-clock and CPU time; then the time
from the start of `serve` to its first response with `demo`, as a ratio to `empty` (medians, interleaved). A reset over
HTTP is not measured: it takes as long as the loading.
"""

import statistics
import tempfile
import time
from urllib.request import ProxyHandler, build_opener

from client_tests.serving import served
from mock_server import datasets
from mock_server.datasets.progress import progress
from mock_server.spec import Contract
from mock_server.store import accounts
from mock_server.store.accounts import DEFAULT_SANDBOX
from mock_server.store.database import open_database

STARTS = 7


def main() -> None:
    contract = Contract.load()
    print(f"{'dataset':12}{'calls':>10}{'seconds':>10}{'processor':>11}{'calls/s':>10}")
    for name in datasets.names():
        with tempfile.TemporaryDirectory() as folder:
            database = open_database(f"{folder}/data.db")
            clock, processor = time.perf_counter(), time.process_time()
            dataset = datasets.read(name, contract)
            with database.transaction() as session:
                accounts.add(session, DEFAULT_SANDBOX)
            with progress(name) as on_progress:
                calls = datasets.load(database, contract, DEFAULT_SANDBOX, dataset, seed=1, on_progress=on_progress)
            seconds, busy = time.perf_counter() - clock, time.process_time() - processor
            database.close()
        print(f"{name:12}{calls:10,}{seconds:10.2f}{busy:11.2f}{calls / seconds:10,.0f}", flush=True)
    starts: dict[str, list[float]] = {"empty": [], "demo": []}
    for _ in range(STARTS):
        for name, seconds_each in starts.items():
            seconds_each.append(start_seconds(name))
    empty, demo = (statistics.median(starts[name]) for name in ("empty", "demo"))
    print(f"start to first answer: empty {empty:.2f} s, demo {demo:.2f} s, ratio {demo / empty:.2f}")


def start_seconds(name: str) -> float:
    """Return the time from the start of `serve` to the response of its health call."""
    started = time.perf_counter()
    with served("--dataset", name) as server:
        build_opener(ProxyHandler({})).open(f"{server.origin}/__admin/health", timeout=30).read()
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
