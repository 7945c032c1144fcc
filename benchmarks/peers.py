"""Send the same POST of a contact to each server in turn: requests/s, latency, CPU time, memory, start."""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Load, Traffic
from benchmarks.processes import Running
from benchmarks.report import Goal, Section, ratios
from benchmarks.servers import (
    BASELINE,
    JSON_SERVER,
    MOCKOON,
    MOCKOON_SCHEMA,
    OURS,
    PRISM,
    WIREMOCK_SCHEMA,
    Server,
    available,
)
from benchmarks.workload import Workload

CONNECTIONS = (16, 1)
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """One server in one round. `loads`, `cpu` (microseconds a request): by number of connections."""

    start_seconds: float
    loads: dict[int, Load]
    cpu: dict[int, float]
    peak_bytes: int


def peers(workload: Workload) -> list[Section]:
    servers, left_out = available()
    samples: dict[str, list[Sample]] = {server.name: [] for server in servers}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for number in range(workload.rounds):
            turn = number % len(servers)
            for server in servers[turn:] + servers[:turn]:
                samples[server.name].append(_sample(server, Path(folder), workload))
    sections = [_section(connections, samples) for connections in CONNECTIONS]
    sections[0].goals = _goals(samples)
    sections[-1].left_out = left_out
    return sections


def _sample(server: Server, folder: Path, workload: Workload) -> Sample:
    """Start a server, measure one round and end it, so that each round has the same data."""
    with server.start(folder) as running:
        server.check(running)
        traffic = server.traffic()
        traffic.first_new += 1
        traffic.send(running.origin, CONNECTIONS[0], seconds=workload.warm_up_seconds)
        loads, cpu = {}, {}
        for connections in CONNECTIONS:
            loads[connections], cpu[connections] = measure(traffic, running, connections, seconds=workload.seconds)
        return Sample(running.start_seconds, loads, cpu, running.peak_bytes())


def measure(
    traffic: Traffic, running: Running, connections: int, *, seconds: int = 600, calls: int = 0
) -> tuple[Load, float]:
    """Return a load and the CPU time of the server for each request, in microseconds."""
    before = running.cpu_seconds()
    load = traffic.send(running.origin, connections, seconds=seconds, calls=calls)
    return load, (running.cpu_seconds() - before) / load.requests * 1e6


def _section(connections: int, samples: dict[str, list[Sample]]) -> Section:
    title = f"POST contact, 20 fields, {plural(connections)}"
    columns = ["medians", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "peak MB", "start s"]
    section = Section(title, columns)
    for name, rounds in samples.items():
        loads = [sample.loads[connections] for sample in rounds]
        figures = [
            [load.rate for load in loads],
            [load.p50 for load in loads],
            [load.p99 for load in loads],
            [sample.cpu[connections] for sample in rounds],
            [sample.peak_bytes / MEGABYTE for sample in rounds],
            [sample.start_seconds for sample in rounds],
        ]
        section.rows.append([name, *map(statistics.median, figures)])
    return section


def plural(connections: int) -> str:
    return f"{connections} connection{'s' if connections > 1 else ''}"


def _goals(samples: dict[str, list[Sample]]) -> list[Goal]:
    """Return the goals for 16 connections, for the servers that run here."""
    rate, cpu, p99, start = (
        {name: [figure(sample) for sample in rounds] for name, rounds in samples.items()} for figure in _FIGURES
    )
    wanted = [
        ("requests/s against Prism", rate, PRISM, 2.2, True),
        ("CPU per request against Prism", cpu, PRISM, 0.45, False),
        ("p99 against Prism", p99, PRISM, 0.45, False),
        ("start to first answer against Prism", start, PRISM, 0.75, False),
        ("requests/s against bare Starlette", rate, BASELINE, 0.30, True),
        ("requests/s against Mockoon's upsert with schema", rate, MOCKOON_SCHEMA, 50, True),
        ("requests/s against Mockoon's CRUD", rate, MOCKOON, 3, True),
        ("requests/s against json-server", rate, JSON_SERVER, 30, True),
        ("requests/s against WireMock's schema", rate, WIREMOCK_SCHEMA, 1, True),
    ]
    return [
        Goal(what, ratios(figures[OURS], figures[peer]), bound, at_least)
        for what, figures, peer, bound, at_least in wanted
        if peer in figures
    ]


_FIGURES: tuple[Callable[[Sample], float], ...] = (
    lambda sample: sample.loads[16].rate,
    lambda sample: sample.cpu[16],
    lambda sample: sample.loads[16].p99,
    lambda sample: sample.start_seconds,
)
