"""Compare each write operation with POST contact, and HTTPS with HTTP."""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import FIRST_NEW, KNOWN, Call, Traffic, contact, contacts, example
from benchmarks.peers import CONNECTIONS, measure, plural
from benchmarks.processes import Running, started
from benchmarks.report import Goal, Section, ratios
from benchmarks.servers import ours
from benchmarks.workload import Workload

BASELINE = "upsert_contact"
# Calls that may still be on their way when enough are answered.
SPARE = 100


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation to measure. `setup`: a call that adds what each call then deletes or tags."""

    name: str
    call: Call
    setup: Call | None = None


def operations(workload: Workload) -> list[Section]:
    section = Section("Each write operation, 16 connections", ["medians", "requests/s", "p99 ms", "CPU µs/request"])
    found: dict[str, list[tuple[float, float, float]]] = {operation.name: [] for operation in _operations()}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        with started(lambda port: ours(Path(folder), port), contacts().add.filled(1)) as running:
            _add_contacts(running)
            for number in range(workload.rounds):
                for place, operation in enumerate(_operations()):
                    first = FIRST_NEW + (number * 100 + place + 1) * 10_000_000
                    found[operation.name].append(_measure(operation, running, first, workload.calls_each))
    rates = {name: [rate for rate, _, _ in rounds] for name, rounds in found.items()}
    for name, rounds in found.items():
        share = ratios(rates[name], rates[BASELINE])
        section.rows.append([name, *map(statistics.median, zip(*rounds, strict=True))])
        if name != BASELINE:
            section.goals.append(Goal(f"{name}, requests/s against POST contact", share, 0.5, True))
    return [section]


def tls(workload: Workload) -> list[Section]:
    """Measure HTTPS without a proxy, which wrk lacks: TLS from a connection's first byte is served as in a tunnel."""
    title = "HTTPS as check serves it against HTTP, on one port and loop, keep-alive"
    section = Section(title, ["medians", "requests/s", "p99 ms", "CPU µs/request"])
    found: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        with started(lambda port: [*ours(Path(folder), port), "--intercept"], contacts().add.filled(1)) as running:
            traffic = contacts()
            traffic.send(running.origin, CONNECTIONS[0], seconds=workload.warm_up_seconds)
            for _ in range(workload.rounds):
                for connections in CONNECTIONS:
                    for scheme in ("http", "https"):
                        at = Running(running.port, running.pid, running.start_seconds, scheme)
                        load, cpu = measure(traffic, at, connections, seconds=workload.seconds)
                        found.setdefault((connections, scheme), []).append((load.rate, load.p99, cpu))
    for (connections, scheme), rounds in found.items():
        section.rows.append([f"{scheme}, {plural(connections)}", *map(statistics.median, zip(*rounds, strict=True))])
    rates = {key: [rate for rate, _, _ in rounds] for key, rounds in found.items()}
    for connections in CONNECTIONS:
        share = ratios(rates[connections, "https"], rates[connections, "http"])
        section.goals.append(Goal(f"HTTPS requests/s against HTTP, {plural(connections)}", share, 0.7, True))
    return [section]


def _add_contacts(running: Running) -> None:
    """Add the contacts that the other operations use."""
    add = contacts().add
    Traffic(add, add, known=0, first_new=1).send(running.origin, CONNECTIONS[0], calls=KNOWN + SPARE)


def _measure(operation: Operation, running: Running, first: int, calls: int) -> tuple[float, float, float]:
    """Return requests/s, p99 in ms and CPU µs a request. `first`: the first unused id."""
    if operation.setup:
        setup = Traffic(operation.setup, operation.setup, known=0, first_new=first)
        setup.send(running.origin, CONNECTIONS[0], calls=calls + SPARE)
    traffic = Traffic(operation.call, operation.call, known=0 if operation.setup else KNOWN, first_new=first)
    load, cpu = measure(traffic, running, CONNECTIONS[0], calls=calls)
    return load.rate, load.p99, cpu


def _operations() -> list[Operation]:
    """Return all operations of the contract, POST contact first.

    `@id@` is an order's own id; its buyer is one of the known contacts.
    """

    def post(path: str, body: dict[str, Any], **other: Any) -> Call:
        return Call.of("POST", f"/api/v1/demo/{path}", {**body, **other})

    def delete(what: str) -> Call:
        return Call("DELETE", f"/api/v1/demo/payments/{what}/@id@")

    buyer = str(KNOWN // 2)
    # Each call has another amount or name, so that an update has news.
    invoice = post(
        "payments/invoice", example("upsert_invoice", "by_contact"), id="@id@", contact_id=buyer, tax="@number@"
    )
    subscription = post(
        "payments/subscription", example("upsert_subscription", "full"), id="@id@", contact_id=buyer, amount="@number@"
    )
    ad = example("record_ad_performance", "objects")
    figures = post("ads/ad/performance", ad, ad={**ad["ad"], "id": "@id@"}, spend="@number@")
    added, removed = (
        post(f"payments/tags/{how}", example(f"{how}_tags", "forms"), contact_id="@id@") for how in ("add", "remove")
    )
    upsert, untagged = contacts().add, post("payments/contact", contact() | {"tags": []})
    return [
        Operation(BASELINE, upsert),
        Operation("delete_contact", delete("contact"), setup=upsert),
        Operation("add_tags", added, setup=untagged),
        Operation("remove_tags", removed, setup=upsert),
        Operation("upsert_invoice", invoice),
        Operation("delete_invoice", delete("invoice"), setup=invoice),
        Operation("upsert_subscription", subscription),
        Operation("delete_subscription", delete("subscription"), setup=subscription),
        Operation("upsert_product", post("payments/product", {"id": "@id@", "name": "Lightsaber @number@"})),
        Operation("record_ad_performance", figures),
    ]
