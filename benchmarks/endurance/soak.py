"""Run sixteen clients with mixed operations for a long time: no errors, and the memory stays flat.

The dashboard is open on fifty pages meanwhile, and other sandboxes come and go, with faults.
"""

import selectors
import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.endurance.load import Client, check_stored, demo, http_client
from benchmarks.endurance.run import Figures, fresh_server, progress, require
from client_tests.sandbox import Sandbox
from mock_server.errors import UsageError

SECONDS, SHORT_SECONDS = 600, 4
CLIENTS = 16
PAGES = 50
JOURNAL = 1000
# How much memory may grow over the second half, by the slope.
MOST_GROWTH_PERCENT = 1.0

_SAMPLE_SECONDS = 0.5
_CHECK_EVERY = 200


def run(*, short: bool, seed: int) -> Figures:
    seconds = SHORT_SECONDS if short else SECONDS
    clients = [Client(number, seed) for number in range(CLIENTS)]
    over = threading.Event()

    def drive(client: Client) -> None:
        with http_client() as http:
            sandbox = demo(server.origin, http)
            try:
                while not over.is_set():
                    client.send(sandbox)
                    if client.acknowledged % _CHECK_EVERY == 0:
                        _use_admin_side(sandbox)
            finally:
                over.set()

    with fresh_server("--journal-limit", str(JOURNAL)) as server, ThreadPoolExecutor(CLIENTS + 1) as pool:
        events = pool.submit(_watch, server.origin, over)
        running = [pool.submit(drive, client) for client in clients]
        samples = _sampled(server.process.pid, seconds, over)
        over.set()
        for one in running:
            one.result()
        with http_client() as http:
            check_stored(demo(server.origin, http), clients)
    half = [sample for sample in samples if sample[0] > seconds / 2]
    slope, _ = statistics.linear_regression(*zip(*half, strict=True))
    mean = statistics.fmean(size for _, size in half)
    growth = 100 * slope * seconds / 2 / mean
    figures = {
        "clients": CLIENTS,
        "pages of the dashboard": PAGES,
        "events that they received": events.result(),
        "calls, each with the answer that it must have": sum(client.acknowledged for client in clients),
        "resident memory, mean of the second half": f"{mean:.1f} MB",
        "its slope over the second half, least squares": f"{3600 * slope:+.1f} MB/hour",
        "its growth in the second half": f"{growth:+.2f} %",
    }
    require(events.result() > 0, "no event reached a page")
    require(short or growth <= MOST_GROWTH_PERCENT, f"memory grows: {figures}")
    return figures


def _use_admin_side(sandbox: Sandbox) -> None:
    """Do what tests do besides their calls: read the state and the journal, try faults in a sandbox of one's own."""
    sandbox.state(resource="contacts", limit="50")
    sandbox.requests(limit="50")
    other = Sandbox.create(sandbox.origin, sandbox.http)
    other.stored("contact", {"contact_id": 1})
    other.admin("PUT", "/faults", json={"rules": [{"fault": {"status": 503}}]}).raise_for_status()
    faulted = other.post("contact", {"contact_id": 1})
    require(faulted.status_code == 503, f"a fault did not happen: {faulted.text}")
    dropped = other.http.request("DELETE", f"{other.origin}/__admin/sandboxes/{other.account_id}", json={})
    require(dropped.status_code == 200, f"a sandbox could not be dropped: {dropped.text}")


def _watch(origin: str, over: threading.Event) -> int:
    """Keep pages of the dashboard open until the run is over; return how many events reached them."""
    address = urlsplit(origin)
    events = 0
    with selectors.DefaultSelector() as pages, ExitStack() as opened:
        for _ in range(PAGES):
            page = opened.enter_context(socket.create_connection((address.hostname or "", address.port or 80)))
            page.sendall(b"GET /__admin/ui/demo/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            pages.register(page, selectors.EVENT_READ, page)
        while not over.is_set():
            for key, _ in pages.select(0.5):
                received = key.data.recv(65_536)
                require(bool(received), "a page was disconnected")
                events += received.count(b"\nid: ")
    return events


def _sampled(pid: int, seconds: float, over: threading.Event) -> list[tuple[float, float]]:
    """Return seconds since the start and megabytes (10⁶ bytes) of resident memory, until `over` is set."""
    started, samples = time.monotonic(), []
    with progress("soak", seconds) as show:
        while (passed := time.monotonic() - started) < seconds and not over.wait(_SAMPLE_SECONDS):
            samples.append((passed, resident_megabytes(pid)))
            show(passed)
    return samples


def resident_megabytes(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except FileNotFoundError as error:
        raise UsageError("it reads memory from /proc, which only Linux has") from error
    (kibibytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(kibibytes) * 1024 / 1e6
