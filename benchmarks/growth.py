"""Measure what grows: memory after many calls, speed and pages with many contacts stored."""

import http.client
import statistics
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

import yaml

from benchmarks.load import FIRST_NEW, contacts
from benchmarks.peers import CONNECTIONS, MEGABYTE, measure
from benchmarks.processes import Running, started
from benchmarks.report import Goal, Section, ratios
from benchmarks.servers import JOURNAL_LIMIT, OURS, PRISM, WIREMOCK_SCHEMA, available
from benchmarks.workload import Workload
from mock_server.fakedata.contacts import FIRST_CONTACT_ID
from mock_server.resources import resource_path

FEW = 1000
HEALTH = ("GET", "/__admin/health", b"")
PAGES = {
    "state": "/__admin/sandboxes/demo/state",
    "state, contacts, near the end": "/__admin/sandboxes/demo/state?resource=contacts&after=contacts.{late}",
    "requests": "/__admin/sandboxes/demo/requests",
    "dashboard, overview": "/__admin/ui/demo",
    "dashboard, requests": "/__admin/ui/demo/requests",
    "dashboard, contacts": "/__admin/ui/demo/contacts",
    "dashboard, contacts, near the end": "/__admin/ui/demo/contacts?before={early}",
    "dashboard, contact search": "/__admin/ui/demo/contacts?search=luke.1000000001",
}
PAGE_MILLISECONDS = 100
# The peers whose memory ours is compared with, and to what share of it.
_MOST_MEMORY = {PRISM: 0.7, WIREMOCK_SCHEMA: 0.1}


def memory(workload: Workload) -> list[Section]:
    """Measure the peak after half of the calls and after all of them, for the fake and WireMock, journals full."""
    half = workload.calls // 2
    section = Section(
        f"Memory, {workload.calls:,} calls, journal of {JOURNAL_LIMIT:,} full",
        ["peaks", "started MB", f"after {half:,} MB", f"after {workload.calls:,} MB"],
    )
    servers, section.left_out = available()
    peaks: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for server in (server for server in servers if server.name == OURS or server.name in _MOST_MEMORY):
            with server.start(Path(folder)) as running:
                traffic, seen = server.traffic(), [running.peak_bytes() / MEGABYTE]
                traffic.first_new += 1
                for _ in range(2):
                    traffic.send(running.origin, CONNECTIONS[0], calls=half)
                    seen.append(running.peak_bytes() / MEGABYTE)
            peaks[server.name] = seen
            section.rows.append([server.name, *seen])
    _, first, last = peaks[OURS]
    for peer, most in _MOST_MEMORY.items():
        if peer in peaks:
            section.goals.append(Goal(f"peak memory against {peer}", ratios([last], [peaks[peer][2]]), most, False))
    section.goals.append(
        Goal(f"peak after {workload.calls:,} against {half:,}: flat", ratios([last], [first]), 1.02, False)
    )
    return [section]


def many(workload: Workload) -> list[Section]:
    """Measure upserts and pages over a file with many contacts, compared to one with few."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        filled = {count: _fill(folder, count) for count in (FEW, workload.contacts)}
        with _served(folder, FEW) as few, _served(folder, workload.contacts) as crowded:
            return [_upserts(workload, {FEW: few, workload.contacts: crowded}, filled), _pages(workload, crowded)]


def _fill(folder: Path, count: int) -> float:
    """Make a database with that many contacts; return the seconds it took, the start included."""
    large = yaml.safe_load((resource_path("fixtures") / "large.yaml").read_text("utf-8"))
    recipe = large["recipe"] | {"contacts": large["recipe"]["contacts"] | {"count": count}}
    del recipe["orders"]
    dataset = folder / f"{count}.yaml"
    dataset.write_text(yaml.safe_dump({"today": large["today"], "recipe": recipe}), "utf-8")
    with _served(folder, count, "--dataset", str(dataset)) as running:
        return running.start_seconds


def _served(folder: Path, count: int, *options: str) -> AbstractContextManager[Running]:
    def command(port: int) -> list[str]:
        place = ["--port", str(port), "--database", str(folder / f"{count}.db"), "--no-log-requests"]
        return [sys.executable, "-m", "mock_server", "serve", *place, *options]

    return started(command, HEALTH, timeout=900)


def _upserts(workload: Workload, servers: dict[int, Running], filled: dict[int, float]) -> Section:
    section = Section(
        "POST contact with many contacts stored, 16 connections",
        ["contacts stored", "filled in s", "requests/s", "p99 ms", "CPU µs/request"],
    )
    traffic = {count: contacts(first_known=FIRST_CONTACT_ID, known=count) for count in servers}
    found: dict[int, list[tuple[float, float, float]]] = {count: [] for count in servers}
    for number in range(workload.rounds + 1):
        for count, running in servers.items():
            seconds = workload.seconds if number else workload.warm_up_seconds
            load, cpu = measure(traffic[count], running, CONNECTIONS[0], seconds=seconds)
            if number:
                found[count].append((load.rate, load.p99, cpu))
    rates = {}
    for count, figures in found.items():
        columns = list(zip(*figures, strict=True))
        rates[count] = columns[0]
        section.rows.append([f"{count:,}", filled[count], *map(statistics.median, columns)])
    what = f"requests/s at {workload.contacts:,} contacts against {FEW:,}"
    section.goals.append(Goal(what, ratios(rates[workload.contacts], rates[FEW]), 0.8, True))
    return section


def _pages(workload: Workload, running: Running) -> Section:
    section = Section(
        f"Pages with {workload.contacts:,} contacts and a full journal", ["page", "median ms", "slowest ms", "kB"]
    )
    # Calls until the journal is full.
    contacts(first_known=FIRST_CONTACT_ID, known=workload.contacts, first_new=2 * FIRST_NEW).send(
        running.origin, CONNECTIONS[0], calls=JOURNAL_LIMIT
    )
    for name, path in PAGES.items():
        times, size = _timed(running, path.format(late=workload.contacts * 9 // 10, early=workload.contacts // 10))
        section.rows.append([name, statistics.median(times), max(times), size / 1000])
        section.goals.append(Goal(name, times, PAGE_MILLISECONDS, False, "ms"))
    return section


def _timed(running: Running, path: str, times: int = 15) -> tuple[list[float], int]:
    """Return the milliseconds of each request after a first one that does not count, and the bytes of the response."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    seen: list[float] = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        seen.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise SystemExit(f"GET {path} is answered with {answer.status}: {body[:300]!r}")
    connection.close()
    return seen[1:], len(body)
