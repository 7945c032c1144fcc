"""The servers that are compared, and how each takes a contact."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from benchmarks import mockoon
from benchmarks.load import KNOWN, Call, Traffic, contact, contacts
from benchmarks.processes import Running, started
from mock_server.resources import resource_path
from mock_server.spec import Contract

OURS, BASELINE, PRISM, JSON_SERVER = "segmetrics-mock", "bare Starlette", "Prism", "json-server"
WIREMOCK, WIREMOCK_SCHEMA = "WireMock, stub", "WireMock, schema"
MOCKOON, MOCKOON_SCHEMA = "Mockoon, CRUD", "Mockoon, upsert with schema"
# What npm installs, at these releases.
PEERS = {
    "@stoplight/prism-cli": "5.16.0",
    "wiremock": "3.13.2",
    "@mockoon/cli": "9.9.0",
    "json-server": "0.17.4",
}
# Requests that WireMock keeps too; its own default is all of them, until the memory is full.
JOURNAL_LIMIT = 10_000
# A contact that the contract refuses.
UNFIT = {"contact_id": "@id@", "first_name": 3}


@dataclass(frozen=True, slots=True)
class Server:
    """A server to compare. `command`: for a folder that it may write to, and a port. `validates`: refuses bad data."""

    name: str
    command: Callable[[Path, int], Sequence[str]]
    traffic: Callable[[], Traffic]
    validates: bool = True

    def start(self, folder: Path) -> AbstractContextManager[Running]:
        own = folder / str(uuid5(NAMESPACE_URL, self.name))
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        return started(lambda port: self.command(own, port), self.traffic().add.filled(0))

    def check(self, running: Running) -> None:
        """Raise SystemExit unless a valid call is accepted, and an invalid one refused by a server that validates."""
        traffic = self.traffic()
        valid = [traffic.add.filled(traffic.first_new), traffic.change.filled(1)]
        answers = [running.status(request) for request in valid]
        refused = running.status(Call.of(traffic.add.method, traffic.add.path, UNFIT).filled(2))
        if any(answer not in (200, 201) for answer in answers) or (self.validates and not 400 <= refused < 500):
            raise SystemExit(f"{self.name} answers {answers} to valid calls, {refused} to one that is not")
        traffic.first_new += 1


def ours(folder: Path, port: int) -> list[str]:
    options = ["--port", str(port), "--database", str(folder / "data.db"), "--mode", "strict", "--no-log-requests"]
    return [sys.executable, "-m", "mock_server", "serve", *options]


def available() -> tuple[list[Server], list[str]]:
    """Return the servers that can run here, and what is left out and why."""
    found = [
        Server(OURS, ours, contacts),
        Server(BASELINE, _baseline, contacts, validates=False),
    ]
    npm, java = shutil.which("npm"), shutil.which("java")
    if npm is None or shutil.which("node") is None:
        return found, ["Prism, WireMock, Mockoon, json-server: npm and node are not here"]
    folder, error = _installed(npm)
    if error:
        return found, [f"Prism, WireMock, Mockoon, json-server: npm could not install them: {error}"]
    modules = folder / "node_modules"
    tools = modules / ".bin"

    def prism(_: Path, port: int) -> list[str]:
        document = str(resource_path("openapi.yaml"))
        return [f"{tools}/prism", "mock", document, "--errors", "-v", "silent", "-h", "127.0.0.1", "-p", str(port)]

    def wiremock(schema: bool) -> Callable[[Path, int], list[str]]:
        (jar,) = (modules / "wiremock" / "build").glob("*.jar")

        def command(own: Path, port: int) -> list[str]:
            (own / "mappings").mkdir()
            (own / "mappings" / "contact.json").write_text(json.dumps(_stub(schema)))
            options = ["--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(own), "--disable-banner"]
            return [java or "java", "-jar", str(jar), *options, "--max-request-journal-entries", str(JOURNAL_LIMIT)]

        return command

    def mocked(environment: Callable[[], Any]) -> Callable[[Path, int], list[str]]:
        def command(own: Path, port: int) -> list[str]:
            (own / "environment.json").write_text(json.dumps(environment()))
            options = ["--port", str(port), "--hostname", "127.0.0.1", "--disable-log-to-file", "--disable-admin-api"]
            return [f"{tools}/mockoon-cli", "start", "--data", str(own / "environment.json"), *options]

        return command

    def json_server(own: Path, port: int) -> list[str]:
        (own / "db.json").write_text(json.dumps({"contact": known_contacts()}))
        options = ["--host", "127.0.0.1", "--port", str(port), "--id", "contact_id", "--quiet"]
        return [f"{tools}/json-server", *options, str(own / "db.json")]

    found += [
        Server(PRISM, prism, lambda: contacts("/v1/demo/payments/contact")),
        Server(MOCKOON, mocked(lambda: mockoon.crud(known_contacts())), _rest, validates=False),
        Server(MOCKOON_SCHEMA, mocked(lambda: mockoon.upsert(contact_schema())), contacts),
        Server(JSON_SERVER, json_server, _rest, validates=False),
    ]
    if java is None:
        return found, ["WireMock: java is not here"]
    found += [
        Server(WIREMOCK, wiremock(False), contacts, validates=False),
        Server(WIREMOCK_SCHEMA, wiremock(True), contacts),
    ]
    return found, []


def known_contacts() -> list[dict[str, Any]]:
    """Return the contacts that a server must have before it takes updates by PUT."""
    text = json.dumps([contact(str(id)) for id in range(1, KNOWN + 1)])
    filled: list[dict[str, Any]] = json.loads(text.replace('"@number@"', "0"))
    return filled


def contact_schema() -> dict[str, Any]:
    """Return the contract's schema of a contact on its own, without its `x-` keys."""
    schemas = Contract.load().document["components"]["schemas"]
    needed: dict[str, Any] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name and name not in needed:
                needed[name] = None
                needed[name] = plain(schemas[name])
            kept = {key: plain(entry) for key, entry in value.items() if not key.startswith("x-")}
            return kept | ({"$ref": f"#/$defs/{name}"} if name else {})
        return [plain(entry) for entry in value] if isinstance(value, list) else value

    return {**plain(schemas["ContactInput"]), "$defs": needed}


def _rest() -> Traffic:
    """Return traffic for servers where an upsert is two calls: POST adds, PUT changes."""
    return Traffic(Call.of("POST", "/contact", contact()), Call.of("PUT", "/contact/@id@", contact()))


def _baseline(_: Path, port: int) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("baseline_server.py")), str(port)]


def _stub(schema: bool) -> dict[str, Any]:
    """Return WireMock's stub of the contact call."""
    body = {"matchesJsonSchema": json.dumps(contact_schema()), "schemaVersion": "V202012"}
    return {
        "request": {"method": "POST", "urlPathPattern": "/api/v1/[^/]+/[^/]+/contact"}
        | ({"bodyPatterns": [body]} if schema else {}),
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps({"status": "success"}),
        },
    }


def _installed(npm: str) -> tuple[Path, str]:
    """Install the peers once for each set of versions; return their folder outside the checkout, and npm's error."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    releases = json.dumps(PEERS)
    folder = cache / "segmetrics-mock-benchmarks" / str(uuid5(NAMESPACE_URL, releases))
    done = folder / "installed.json"
    if done.is_file():
        return folder, ""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"installing {', '.join(PEERS)} into {folder}", file=sys.stderr, flush=True)
    packages = [f"{name}@{release}" for name, release in PEERS.items()]
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        return folder, " ".join(ended.stderr.split())[-300:] or f"exit code {ended.returncode}"
    done.write_text(releases)
    return folder, ""
