"""Sixteen clients that send what costs most, beside four that call as clients do, and how long these wait."""

import random
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from benchmarks.endurance.load import Client, check_stored, demo, http_client
from benchmarks.endurance.run import BrokenPromiseError, Figures, fresh_server, progress
from benchmarks.endurance.soak import resident_megabytes
from client_tests.costly.bodies import bodies_of
from client_tests.costly.heads import Target, heads_of
from client_tests.costly.judge import Request
from client_tests.costly.loop_time import Connection
from client_tests.hostile.operations import CONTRACT
from client_tests.sandbox import Sandbox
from client_tests.serving import Served
from client_tests.test_every_route import ADMIN_PATHS, path_for
from mock_server.settings import MODES

SECONDS, SHORT_SECONDS = 300, 4
ATTACKERS, CLIENTS = 16, 4
SIZES = (1_024, 16_384, 262_144, 1_040_000)
# Requests that are made before the run, since making them takes longer than sending them.
PREPARED, SHORT_PREPARED = 400, 60
JOURNAL_BYTES = 64_000_000
# Every so many requests, an attacker goes on with a sandbox of its own that is new.
_FRESH_EVERY = 200
_PAGE_SHARE = 0.1
_HEAD_SHARE = 0.2
_ACCOUNT, _KEY = b"ACCOUNT-OF-THE-ATTACKER", b"KEY-OF-THE-ATTACKER"


def run(*, short: bool, seed: int) -> Figures:
    seconds = SHORT_SECONDS if short else SECONDS
    rng = random.Random(seed)
    attacks = [_attack(rng) for _ in range(SHORT_PREPARED if short else PREPARED)]
    clients = [Client(number, seed) for number in range(CLIENTS)]
    over = threading.Event()
    with fresh_server("--journal-bytes", str(JOURNAL_BYTES)) as server:
        with ThreadPoolExecutor(ATTACKERS + CLIENTS) as pool:
            polite = [pool.submit(_call, server.origin, client, over) for client in clients]
            attackers = [
                pool.submit(_attack_until, server, attacks, f"{seed}-{number}", over) for number in range(ATTACKERS)
            ]
            largest = _wait(server.process.pid, seconds, over)
            over.set()
            sent = sum(one.result() for one in attackers)
            waits = [wait for one in polite for wait in one.result()]
        with http_client() as http:
            check_stored(demo(server.origin, http), clients)
    return {
        "attackers": ATTACKERS,
        "their requests, none answered with 5xx": sent,
        "polite clients": CLIENTS,
        "their calls, each with the answer that it must have": len(waits),
        "their p50": f"{statistics.median(waits) * 1000:.0f} ms",
        "their p99": f"{statistics.quantiles(waits, n=100)[98] * 1000:.0f} ms",
        "resident memory, at most": f"{largest:.0f} MB",
    }


def _attack(rng: random.Random) -> Request:
    """Return a request whose body or head is as costly as its kind can be."""
    operation = rng.choice(list(CONTRACT.operations.values()))
    target = Target.of(operation, _ACCOUNT.decode(), _KEY.decode())
    if rng.random() < _HEAD_SHARE:
        line, headers = rng.choice(list(heads_of(target))).filled(min(rng.choice(SIZES), 60_000))
        return Request(operation.method, line, headers)
    body = rng.choice(list(bodies_of(operation))).filled(rng.choice(SIZES))
    return Request(operation.method, target.line(), target.headers, body)


def _attack_until(server: Served, attacks: Sequence[Request], seed: str, over: threading.Event) -> int:
    """Send attacks until the run is over; return how many."""
    rng, sent = random.Random(seed), 0
    with http_client() as http, closing(Connection(server)) as connection:
        sandbox = Sandbox.create(server.origin, http)
        while not over.is_set():
            if sent % _FRESH_EVERY == _FRESH_EVERY - 1:
                sandbox.admin("DELETE", "").raise_for_status()
                sandbox = Sandbox.create(server.origin, http, mode=rng.choice(MODES))
            if rng.random() < _PAGE_SHARE:
                method, target = "GET", path_for(sandbox, rng.choice(ADMIN_PATHS), rng.randint(1, 20))
                status, _ = connection.send(method, target.encode(), {}, b"")
            else:
                status, _ = _send(connection, sandbox, rng.choice(attacks))
            if status >= 500:
                over.set()
                raise BrokenPromiseError(f"an answer {status} that was not asked for")
            sent += 1
    return sent


def _send(connection: Connection, sandbox: Sandbox, attack: Request) -> tuple[int, bytes]:
    target = attack.target.replace(_ACCOUNT, sandbox.account_id.encode())
    headers = {name: value.replace(_KEY, sandbox.api_key.encode()) for name, value in attack.headers.items()}
    return connection.send(attack.method, target, headers, attack.body)


def _call(origin: str, client: Client, over: threading.Event) -> list[float]:
    """Call until the run is over; return the seconds that each call took."""
    waits = []
    with http_client() as http:
        sandbox = demo(origin, http)
        try:
            while not over.is_set():
                started = time.perf_counter()
                client.send(sandbox)
                waits.append(time.perf_counter() - started)
        finally:
            over.set()
    return waits


def _wait(pid: int, seconds: float, over: threading.Event) -> float:
    """Wait for the end of the run; return the largest resident memory that was seen, in megabytes."""
    started, largest = time.monotonic(), 0.0
    with progress("siege", seconds) as show:
        while (passed := time.monotonic() - started) < seconds and not over.wait(0.5):
            largest = max(largest, resident_megabytes(pid))
            show(passed)
    return largest
