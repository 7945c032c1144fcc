"""Serving: the database, the application and uvicorn, from settings to the last connection."""

import asyncio
import dataclasses
import gc
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import uvicorn

from mock_server import __version__, output
from mock_server.errors import StoreError, UsageError
from mock_server.exchange_log import ExchangeLog
from mock_server.faults import load_plan
from mock_server.http.limits import raise_file_limit
from mock_server.http.listener import listening
from mock_server.http.server import server_config
from mock_server.http.workers import STARTUP_FAILURE, Draining, end_with_supervisor, ended_by_sigterm, supervise
from mock_server.network import bracket_host, is_loopback
from mock_server.settings import EMPTY, ServeSettings
from mock_server.spec import Contract
from mock_server.store import accounts
from mock_server.store.accounts import DEFAULT_SANDBOX, Sandbox
from mock_server.store.database import Database, open_database
from mock_server.text import printable
from mock_server.web.app import App, build_app
from mock_server.web.dashboard import DOCS_PATH
from mock_server.web.guard import LOGIN_PATH, UI_PATH

if TYPE_CHECKING:
    from mock_server.intercept.policy import PlayedHost

_log = logging.getLogger("mock_server")
# New objects until the youngest generation of objects is looked through, and how often until the next older one is.
_COLLECTION_THRESHOLDS = (10_000, 20, 50)
_LOOPBACK_OF_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def serve(settings: ServeSettings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises UsageError when the port is taken or the database cannot be used.
    """
    output.log_to_stderr()
    stop = _Stop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop.handle)
    raise_file_limit()
    with suppress(KeyboardInterrupt):
        _serve(settings, stop)


class _Stop:
    """Ends `serve` at a signal, whenever it comes.

    Before there is a server, a signal raises KeyboardInterrupt, so that each `with` on the way ends its work.
    """

    def __init__(self) -> None:
        # Python drops an exception that is raised in the callback of a weak reference or in a `__del__`.
        self.requested = False
        self._server: uvicorn.Server | None = None

    def handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 as `signal.signal` calls it
        self.requested = True
        if self._server is None:
            raise KeyboardInterrupt
        self._server.should_exit = True

    def attach(self, server: uvicorn.Server) -> None:
        """Shut `server` down in order at each signal, also at one that came before."""
        self._server = server
        if self.requested:
            server.should_exit = True


def _serve(settings: ServeSettings, stop: _Stop) -> None:
    workers = settings.workers or os.cpu_count() or 1
    if workers > 1 and (settings.intercept or not settings.database):
        raise UsageError("several --workers need a shared --database, and --intercept needs a single process")
    with listening(settings.host, settings.port) as listener:
        # The bound address counts, not the name that was given: a hosts file may map any name to any address.
        if not is_loopback(listener.getsockname()[0]) and not settings.admin_token:
            settings = dataclasses.replace(settings, admin_token=secrets.token_urlsafe(16))
        with _opened(settings.database) as database:
            contract = Contract.load()
            app = _prepare_app(settings, contract, database)
            if workers == 1:
                _answer(app, settings, contract, listener, stop)
                return
            database.check_room(workers)
        output.say(banner(settings, contract, listener.getsockname()[1]))
        _tune_garbage_collector()
        config = server_config(partial(_worker, settings), request_seconds=settings.request_timeout, workers=workers)
        supervise(config, listener, lambda: stop.requested)


def _prepare_app(settings: ServeSettings, contract: Contract, database: Database) -> App:
    """Return the application, over a database with the dataset and faults of the settings."""
    rules = load_plan(settings.faults, contract.operations) if settings.faults else []
    app = _app(settings, contract, database)
    load_dataset(database, contract, DEFAULT_SANDBOX, settings)
    if rules:
        with database.transaction() as session:
            accounts.set_faults(session, DEFAULT_SANDBOX.account_id, orjson.dumps(rules).decode())
    return app


def _app(settings: ServeSettings, contract: Contract, database: Database) -> App:
    log = sys.stdout.isatty() if settings.log_requests is None else settings.log_requests
    return build_app(contract, database, settings, on_exchange=ExchangeLog(settings.log_format).add if log else None)


def _worker(settings: ServeSettings) -> App:
    """Return the application of a worker process; called in that process.

    Exits with the code at which the supervisor ends all workers when the database cannot be used.
    """
    output.log_to_stderr()
    end_with_supervisor()
    try:
        with ended_by_sigterm():
            app = _app(settings, Contract.load(), open_database(settings.database))
    except (StoreError, UsageError) as error:
        _log.error("a worker cannot start: %s", error)
        raise SystemExit(STARTUP_FAILURE) from None
    _tune_garbage_collector()
    return Draining(app)


def _tune_garbage_collector() -> None:
    """Exclude what was loaded at start from garbage collection, and enable it from here on, for every few requests.

    A megabyte of JSON is half a million lists, all of them in use: to look through them as often as by default takes
    three times as long as to read them (2026-11-27).
    """
    gc.freeze()
    gc.set_threshold(*_COLLECTION_THRESHOLDS)
    gc.enable()


def _answer(app: App, settings: ServeSettings, contract: Contract, listener: socket.socket, stop: _Stop) -> None:
    with _intercepting(contract, listener) if settings.intercept else nullcontext() as intercepted:
        server = uvicorn.Server(
            server_config(app, intercepted.protocol if intercepted else None, settings.request_timeout)
        )
        stop.attach(server)
        output.say(
            banner(settings, contract, listener.getsockname()[1]), *([intercepted.exports] if intercepted else [])
        )
        _tune_garbage_collector()
        server.run([listener])


def load_dataset(database: Database, contract: Contract, sandbox: Sandbox, settings: ServeSettings) -> None:
    """Load the dataset of the settings into the sandbox, and show the progress of a large one on standard error.

    Raises UsageError for an error in the dataset, or if the sandbox already contains data.
    """
    if settings.dataset == EMPTY and not settings.today:
        return
    from mock_server import datasets
    from mock_server.datasets.progress import progress

    today = datasets.parse_today_option(settings.today)
    if settings.dataset != EMPTY:
        dataset = datasets.read(settings.dataset, contract, today)
        with progress(dataset.name) as on_progress:
            datasets.load(database, contract, sandbox, dataset, seed=settings.seed, on_progress=on_progress)


def banner(settings: ServeSettings, contract: Contract, port: int) -> str:
    """Return what is printed at start: the address, the credentials, and a curl command that works."""
    address = f"http://{bracket_host(_LOOPBACK_OF_ALL.get(settings.host, settings.host))}:{port}"
    origin = settings.public_url or address
    sandbox = DEFAULT_SANDBOX
    lines = [
        f"segmetrics-mock {__version__}, dataset {settings.dataset}, mode {settings.mode}; ctrl-C stops it",
        "",
        *(f"{name.capitalize().replace('_url', ' URL'):12} {url}" for name, url in contract.urls(origin).items()),
        f"Account      {sandbox.account_id}",
        f"Integrations {', '.join(f'{id} (custom {kind})' for kind, id in sandbox.integrations.items())}",
        f"API key      {sandbox.api_key}",
        f"State        {origin}/__admin/sandboxes/{sandbox.account_id}/state",
        f"Dashboard    {origin}{UI_PATH}",
        f"Reference    {origin}{DOCS_PATH}",
    ]
    if settings.public_url:
        lines.append(f"Listening at {address}, behind the proxy")
    if settings.admin_token:
        lines.append(f"Admin link   {origin}{LOGIN_PATH}?token={quote(settings.admin_token, safe='')}")
    lines += [
        "",
        f"curl {origin}/api/v1/{sandbox.account_id}/{sandbox.integrations['payments']}/contact"
        f" -H 'Authorization: {sandbox.api_key}' -H 'Content-Type: application/json'"
        """ -d '{"email": "ada@example.org", "tags": ["New Lead"]}'""",
        "",
    ]
    return "\n".join(lines)


def played_hosts(contract: Contract) -> "list[PlayedHost]":
    """Return the production hosts of the contract's APIs, for interception."""
    from mock_server.intercept.policy import PlayedHost

    return [PlayedHost(api.host, api.what, api.base_path, api.mount) for api in contract.apis.values()]


@dataclass(frozen=True, slots=True)
class _Intercepted:
    protocol: type[asyncio.Protocol]
    exports: str


@contextmanager
def _intercepting(contract: Contract, listener: socket.socket) -> Iterator[_Intercepted]:
    """Intercept the programs of another terminal, where the user pastes the exports."""
    from mock_server.intercept.interception import Interception, exports
    from mock_server.intercept.policy import Target

    def report(host: str, text: str) -> None:
        output.ERRORS.add(lambda: printable(f"intercepted {host}: {text}") + "\n")

    def report_foreign(target: Target) -> None:
        report(target.host, "blocked: not a host of SegMetrics")

    address, port = listener.getsockname()[:2]
    address = _LOOPBACK_OF_ALL.get(address, address)
    with Interception(played_hosts(contract), on_foreign=report_foreign, on_trouble=report) as interception:
        environment = interception.environment(port, host=address)
        yield _Intercepted(interception.protocol, exports(environment, os.environ))


@contextmanager
def _opened(path: str) -> Iterator[Database]:
    database = open_database(path)
    try:
        yield database
    finally:
        database.close()
