"""Load by wrk: which calls, how many at a time, and the results."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mock_server.spec import Contract
from mock_server.store.accounts import DEFAULT_SANDBOX

SCRIPT = Path(__file__).with_name("load.lua")
# How many contacts the updates go round, where nothing else is said; their ids count from 1.
KNOWN = 1000
FIRST_NEW = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `@id@` in path and body stands for an id, `@number@` for the call's number, so that updates differ."""

    method: str
    path: str
    body: str = ""

    @classmethod
    def of(cls, method: str, path: str, body: Any) -> "Call":
        return cls(method, path, json.dumps(body, separators=(",", ":")).replace('"@number@"', "@number@"))

    def filled(self, id: int) -> tuple[str, str, bytes]:
        """Return method, path and body of one such call."""
        path, body = (text.replace("@id@", str(id)).replace("@number@", "0") for text in (self.path, self.body))
        return self.method, path, body.encode()


@dataclass(frozen=True, slots=True)
class Load:
    """The results of wrk. Latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass(slots=True)
class Traffic:
    """Calls to one server: alternately `add` with a new id and `change` with one of the known ids.

    `first_known`, `known`: the known ids; with `known` 0 every call adds. `first_new`: the next id to add.
    """

    add: Call
    change: Call
    first_known: int = 1
    known: int = KNOWN
    first_new: int = field(default=FIRST_NEW)

    def send(self, origin: str, connections: int, *, seconds: int = 600, calls: int = 0) -> Load:
        """Send calls for that many seconds, or until `calls` are answered. Raises SystemExit when one failed."""
        with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
            file.writelines(f"{call.method}\t{call.path}\t{call.body}\n" for call in (self.add, self.change))
            file.flush()
            options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT), origin]
            numbers = map(str, (self.first_new, self.first_known, self.known, calls))
            command = ["wrk", *options, "--", file.name, *numbers, DEFAULT_SANDBOX.api_key]
            ended = subprocess.run(command, capture_output=True, text=True)
        try:
            seen = json.loads(ended.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            raise SystemExit(f"wrk failed:\n{ended.stdout}{ended.stderr}") from None
        if seen["failed"] or not seen["requests"]:
            raise SystemExit(f"{seen['failed']} of {seen['requests']} calls failed: {self.add.path}")
        self.first_new += seen["requests"] + connections
        return Load(seen["requests"], seen["microseconds"] / 1e6, seen["p50"] / 1000, seen["p99"] / 1000)


def contact(id: str = "@id@") -> dict[str, Any]:
    """Return the contract's own example of a contact with all its 20 fields."""
    full = example("upsert_contact", "full")
    fields = {**full["custom_fields"], "Droids": "@number@"}
    return {**full, "contact_id": id, "email": f"luke.{id}@example.org", "custom_fields": fields}


def contacts(path: str = "/api/v1/demo/payments/contact", **numbers: int) -> Traffic:
    """Return traffic in which every second call adds a contact, and the others update one."""
    call = Call.of("POST", path, contact())
    return Traffic(call, call, **numbers)


@cache
def example(operation: str, name: str) -> dict[str, Any]:
    """Return an example body of the contract."""
    for path in Contract.load().document["paths"].values():
        for called in path.values():
            if isinstance(called, Mapping) and called.get("operationId") == operation:
                shown: dict[str, Any] = called["requestBody"]["content"]["application/json"]["examples"][name]["value"]
                return shown
    raise LookupError(operation)
