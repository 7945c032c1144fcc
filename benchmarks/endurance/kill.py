"""Kill the server under load, with a file: what was acknowledged is stored, and nothing is half-written."""

import random
import shutil
import sqlite3
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx

from benchmarks.endurance.load import Client, check_stored, demo, http_client
from benchmarks.endurance.run import Figures, fresh_server, progress, require
from client_tests.sandbox import Sandbox

KILLS, SHORT_KILLS = 30, 3
CLIENTS = 6
JOURNAL = 1000
_LATEST_SECONDS = 2.0
# Calls before a kill, at the least.
_START = 50


def run(*, short: bool, seed: int) -> Figures:
    kills = SHORT_KILLS if short else KILLS
    rng = random.Random(seed)
    clients = [Client(number, seed) for number in range(CLIENTS)]
    carried_out = 0
    with tempfile.TemporaryDirectory() as folder, progress("kill", kills) as show, http_client() as http:
        path = Path(folder) / "data.db"
        for number in range(kills):
            _load_until_killed(path, clients, rng.uniform(0, _LATEST_SECONDS / (4 if short else 1)))
            check_file(path)
            with fresh_server("--database", str(path), "--journal-limit", str(JOURNAL)) as server:
                sandbox = demo(server.origin, http)
                unanswered = sum(client.pending is not None for client in clients)
                check_stored(sandbox, clients)
                in_journal = journalled(sandbox)
            # A call that was refused is journalled too, and a kill may come before its answer.
            acknowledged = sum(client.acknowledged for client in clients)
            carried_out += unanswered
            require(
                acknowledged <= in_journal <= acknowledged + carried_out,
                f"the journal has {in_journal} calls; {acknowledged} were acknowledged, {carried_out} more were sent",
            )
            show(number + 1)
    return {
        "kills by SIGKILL, at a random moment": kills,
        "clients": CLIENTS,
        "calls acknowledged": acknowledged,
        "acknowledged and lost": 0,
        "half-written": 0,
        "calls under way when killed": carried_out,
        "of these carried out, whole": in_journal - acknowledged,
        "files that PRAGMA integrity_check finds sound": kills,
    }


def _load_until_killed(path: Path, clients: list[Client], seconds: float) -> None:
    """Send calls until the server is killed. `seconds`: from the first calls to the kill."""
    before = sum(client.acknowledged for client in clients)
    warm = threading.Event()

    def drive(client: Client) -> None:
        with http_client() as http:
            sandbox = demo(server.origin, http)
            try:
                while True:
                    client.send(sandbox)
                    if sum(one.acknowledged for one in clients) > before + _START:
                        warm.set()
            except httpx.TransportError:
                return
            finally:
                warm.set()

    options = ("--database", str(path), "--journal-limit", str(JOURNAL))
    with fresh_server(*options) as server, ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(drive, client) for client in clients]
        warm.wait(30)
        threading.Event().wait(seconds)
        server.process.kill()
        for one in running:
            one.result()


def check_file(path: Path) -> None:
    """Check the file as the kill left it, in a copy, since the next server must recover it by itself."""
    with tempfile.TemporaryDirectory() as folder:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, folder)
        with closing(sqlite3.connect(Path(folder) / path.name)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check").fetchone()
    require(found == "ok", f"PRAGMA integrity_check: {found}")


def journalled(sandbox: Sandbox) -> int:
    """Return how many exchanges of a sandbox were ever recorded."""
    page = sandbox.admin("GET", "/requests", params={"limit": JOURNAL}).json()
    return len(page["requests"]) + int(page["dropped"])
