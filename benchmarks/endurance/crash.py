"""Kill the fake and crash its PostgreSQL under load: what was acknowledged is stored, and nothing is half-written."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import httpx

from benchmarks.endurance.kill import JOURNAL, journalled
from benchmarks.endurance.load import Client, check_stored, http_client
from benchmarks.endurance.run import Figures, fresh_server, progress, require
from client_tests.postgres import own_server, programs
from client_tests.sandbox import Sandbox
from client_tests.serving import Served
from mock_server.errors import UsageError

KILLS, CRASHES = 10, 3
SHORT_KILLS, SHORT_CRASHES = 1, 1
ACCOUNTS, CLIENTS_OF_EACH = 3, 2
_LATEST_SECONDS = 2.0
# Calls before the end, at the least.
_START = 50
# A log that is only written by commits, so that one that did not wait for it would be lost.
_POSTGRES = "-c wal_writer_delay=10s"


class Load:
    """Clients of one account, and where it is."""

    def __init__(self, number: int, seed: int) -> None:
        self.clients = [Client(CLIENTS_OF_EACH * number + place, seed) for place in range(CLIENTS_OF_EACH)]
        self.account_id = self.api_key = ""

    def sandbox(self, origin: str, http: httpx.Client) -> Sandbox:
        """Return the account at a server, which is created by the first one."""
        if not self.account_id:
            created = Sandbox.create(origin, http)
            self.account_id, self.api_key = created.account_id, created.api_key
        return Sandbox(origin, self.account_id, self.api_key, http)


def run(*, short: bool, seed: int) -> Figures:
    if programs() is None:
        raise UsageError("PostgreSQL's programs are not here")
    kills, crashes = (SHORT_KILLS, SHORT_CRASHES) if short else (KILLS, CRASHES)
    rng = random.Random(seed)
    ends = [True] * crashes + [False] * kills
    rng.shuffle(ends)
    loads = [Load(number, seed) for number in range(ACCOUNTS)]
    with own_server(_POSTGRES) as postgres, progress("crash", len(ends)) as show, http_client() as http:
        unanswered = extra = 0
        for number, is_crash in enumerate(ends):
            seconds = rng.uniform(0, _LATEST_SECONDS)
            with fresh_server("--database", postgres.url, "--journal-limit", str(JOURNAL)) as server:
                _load_until(server, loads, postgres.crash if is_crash else server.process.kill, seconds)
                if is_crash:
                    postgres.start()
                # The server that went through the crash shows what is stored, or else a new one.
                again = nullcontext(server) if is_crash else fresh_server("--database", postgres.url)
                with again as checked:
                    unanswered += sum(client.pending is not None for load in loads for client in load.clients)
                    extra = sum(_check(load, checked, http) for load in loads)
            require(extra <= unanswered, f"the journal has {extra} calls more than were acknowledged")
            show(number + 1)
    return {
        "kills of the fake by SIGKILL, at a random moment": kills,
        "crashes of PostgreSQL": crashes,
        "clients": ACCOUNTS * CLIENTS_OF_EACH,
        "accounts": ACCOUNTS,
        "calls acknowledged": sum(client.acknowledged for load in loads for client in load.clients),
        "acknowledged and lost": 0,
        "half-written": 0,
        "calls under way at an end": unanswered,
        "of these carried out, whole": extra,
    }


def _load_until(server: Served, loads: list[Load], end: Callable[[], None], seconds: float) -> None:
    """Send calls until the end, which comes so long after the first calls."""
    warm = threading.Semaphore(0)

    def drive(load: Load, client: Client) -> None:
        with http_client() as http:
            sandbox = load.sandbox(server.origin, http)
            while _is_answered(client, sandbox):
                warm.release()

    with http_client() as http:
        for load in loads:
            load.sandbox(server.origin, http)
    clients = [(load, client) for load in loads for client in load.clients]
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(drive, *each) for each in clients]
        for _ in range(_START):
            warm.acquire()
        threading.Event().wait(seconds)
        end()
        for one in running:
            one.result()


def _is_answered(client: Client, sandbox: Sandbox) -> bool:
    """Send a call; return whether it was answered, by anything but an error of the database. Else it stays pending."""
    call = client.call()
    try:
        answer = sandbox.send(call.method, call.path, integration=call.integration, json=call.body)
    except httpx.TransportError:
        return False
    if answer.status_code == 500 and "PostgreSQL" in answer.text:
        return False
    client.take(answer.status_code, answer.text)
    return True


def _check(load: Load, server: Served, http: httpx.Client) -> int:
    """Check what is stored for an account; return how many calls its journal has beyond those acknowledged."""
    sandbox = load.sandbox(server.origin, http)
    check_stored(sandbox, load.clients)
    acknowledged = sum(client.acknowledged for client in load.clients)
    found = journalled(sandbox)
    require(acknowledged <= found, f"the journal has {found} calls; {acknowledged} were acknowledged")
    return found - acknowledged
