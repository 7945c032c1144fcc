"""The admin API: sandboxes, their state, journal, report and faults. Errors have the envelope of the import API."""

import re
from asyncio import sleep, to_thread
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server import __version__
from mock_server.errors import ApiError
from mock_server.faults import FaultRule, read_plan
from mock_server.findings import SEVERITIES
from mock_server.journal import Journal
from mock_server.journal.journal import PAGE_BYTES, JournalPage
from mock_server.journal.queries import Filters
from mock_server.settings import EMPTY, ServeSettings
from mock_server.spec import Contract
from mock_server.spec.contract import source_text
from mock_server.store import accounts, state
from mock_server.store.accounts import Sandbox
from mock_server.store.database import Database
from mock_server.store.session import Session
from mock_server.verdict.report import report_on
from mock_server.verdict.verdict import Run
from mock_server.web.parameters import continuations_of, int_param, mode_of, one_of, options_of, query_of

if TYPE_CHECKING:
    from mock_server.datasets import Loader

MAX_PAGE = 1000
# How long a dataset is loaded before other calls are served.
_SLICE_SECONDS = 0.02


class Admin:
    """The endpoints over one database."""

    def __init__(
        self,
        contract: Contract,
        database: Database,
        journal: Journal,
        settings: ServeSettings,
        *,
        keep_journals: bool = False,
    ) -> None:
        self._settings = settings
        self._keep_journals = keep_journals
        self._contract = contract
        self._database = database
        self._journal = journal

    def routes(self) -> list[Route]:
        sandbox = "/__admin/sandboxes/{account_id}"
        return [
            Route("/openapi.yaml", self.contract_yaml, methods=["GET"]),
            Route("/openapi.json", self.contract_json, methods=["GET"]),
            Route("/__admin/health", self.health, methods=["GET"]),
            Route("/__admin/sandboxes", self.create, methods=["POST"]),
            Route(sandbox, self.delete, methods=["DELETE"]),
            Route(f"{sandbox}/reset", self.reset, methods=["POST"]),
            Route(f"{sandbox}/state", self.state, methods=["GET"]),
            Route(f"{sandbox}/requests", self.requests, methods=["GET"]),
            Route(f"{sandbox}/report", self.report, methods=["GET"]),
            Route(f"{sandbox}/faults", self.faults, methods=["GET"]),
            Route(f"{sandbox}/faults", self.set_faults, methods=["PUT"]),
            Route(f"{sandbox}/faults", self.clear_faults, methods=["DELETE"]),
        ]

    async def contract_yaml(self, request: Request) -> Response:
        """Send the document as it is written, with this server before the others."""
        text = source_text()
        for api in self._contract.apis.values():
            server = f'- url: "{_origin(request)}{api.mount}"\n\\1  description: This fake.\n\\1'
            text = re.sub(f"^( +)(?=- url: {re.escape(api.server)}$)", f"\\1{server}", text, flags=re.MULTILINE)
        return Response(text, media_type="application/yaml")

    async def contract_json(self, request: Request) -> Response:
        """Send the contract as JSON, likewise."""
        return _json(self._contract.served_at(_origin(request)))

    async def health(self, _: Request) -> Response:
        """Send `{"status": "ok", "version": …}`; for probes: any `Host`, no token."""
        return _json({"status": "ok", "version": __version__})

    async def create(self, request: Request) -> Response:
        """Create an account with its own integrations and key, for tests that run in parallel.

        The body is `{"dataset"?: NAME, "mode"?: "strict" or "lenient"}`.
        """
        options = await options_of(request, "dataset", "mode")
        sandbox = accounts.new_sandbox(mode_of(options, self._settings.mode))
        generation = await self._load_dataset(sandbox, options)
        await self._database.transact(partial(accounts.add, sandbox=replace(sandbox, generation=generation)))
        return _json(describe(sandbox, self._contract.urls(_origin(request))))

    async def delete(self, request: Request) -> Response:
        """Delete an account with all that it has."""

        def delete(session: Session) -> int:
            return accounts.delete_account(session, self._sandbox(request, session).account_id)

        account_id = _account_id(request)
        await self._delete_rows(await self._database.transact(delete, account_id))
        return _json({"status": "success", "account_id": account_id, "deleted": True})

    async def reset(self, request: Request) -> Response:
        """Reset an account to a dataset, `{"dataset"?: NAME}`, by default the empty one; its key and integrations stay.

        Journal and fault plan are cleared.
        """
        options = await options_of(request, "dataset")
        sandbox = await self._database.transact(partial(self._sandbox, request))
        generation = await self._load_dataset(sandbox, options)

        def start(session: Session) -> int:
            """Return the generation that no account has any more."""
            if accounts.find(session, sandbox.account_id) is None:
                return generation
            return accounts.start_generation(session, sandbox.account_id, generation)

        await self._delete_rows(await self._database.transact(start, sandbox.account_id))
        return _json({"status": "success", "account_id": sandbox.account_id})

    async def state(self, request: Request) -> Response:
        """Send everything stored, a list of rows for each resource; `next` says where each incomplete list continues.

        Filters: `integration_id`, `resource`, `limit`, `after`.
        """
        query = query_of(request, "integration_id", "resource", "limit", "after")
        limit = int_param(query, "limit", MAX_PAGE, 1, MAX_PAGE)
        names = [query["resource"]] if "resource" in query else list(state.RESOURCES)
        if names[0] not in state.RESOURCES:
            raise ApiError(400, f"there is no resource '{names[0]}'; use one of {', '.join(state.RESOURCES)}")
        continuations = continuations_of(query["after"], names) if "after" in query else dict.fromkeys(names, 0)

        def read(session: Session) -> dict[str, Any]:
            shown: dict[str, list[orjson.Fragment]] = {name: [] for name in names}
            unfinished: dict[str, int] = {}
            room = PAGE_BYTES
            sandbox = self._sandbox(request, session)
            for name, after in continuations.items():
                rows = state.rows_after(session, name, sandbox, query.get("integration_id"), after)
                for number, row in rows:
                    if len(shown[name]) == limit or room <= 0:
                        unfinished[name] = after
                        break
                    text = orjson.dumps(row)
                    shown[name].append(orjson.Fragment(text))
                    room -= len(text)
                    after = number
            more = "~".join(f"{name}.{number}" for name, number in unfinished.items())
            return shown | ({"next": more} if more else {})

        return _json(await self._database.transact(read))

    async def requests(self, request: Request) -> Response:
        """Send the exchanges of the journal, newest last.

        Filters: `operation`, `status`, `severity`, `limit`, `after`.
        """
        query = query_of(request, "operation", "status", "severity", "limit", "after")
        one_of(query, "operation", tuple(self._contract.operations))
        one_of(query, "severity", SEVERITIES)
        after = int_param(query, "after", 0, 0, 10**18)
        limit = int_param(query, "limit", MAX_PAGE, 1, MAX_PAGE)
        filters: Filters = {
            "operation": query.get("operation"),
            "severity": query.get("severity"),
            "status": int_param(query, "status", 0, 100, 599) or None,
        }

        def read(session: Session) -> JournalPage:
            generation = self._sandbox(request, session).generation
            return self._journal.page(session, generation, after=after, limit=limit, filters=filters)

        page = await self._database.transact(read)
        shown = {"requests": page.exchanges, "dropped": page.dropped}
        return _json(shown | ({"next": str(page.next)} if page.next else {}))

    async def report(self, request: Request) -> Response:
        """Send findings, coverage and verdict, as `check --report-json` writes them."""
        query_of(request)
        sandbox = await self._database.transact(partial(self._sandbox, request))
        exchanges = await self._journal.read_all(self._database, sandbox.generation, account_id=sandbox.account_id)
        not_kept = await self._database.transact(partial(self._journal.dropped, generation=sandbox.generation))
        run = Run(mode=sandbox.mode, not_kept=not_kept)
        return await to_thread(lambda: _json(report_on(self._contract, exchanges, run)))

    async def faults(self, request: Request) -> Response:
        """Send the fault plan. `matched` counts the calls that matched a rule."""

        def read(session: Session) -> str:
            return accounts.faults(session, self._sandbox(request, session).account_id)

        return _json({"rules": orjson.loads(await self._database.transact(read) or "[]")})

    async def set_faults(self, request: Request) -> Response:
        """Set the fault plan, `{"rules": [...]}`."""
        rules = read_plan(await options_of(request, "rules"), self._contract.operations)
        return await self._store_faults(request, rules)

    async def clear_faults(self, request: Request) -> Response:
        """Remove the fault plan."""
        return await self._store_faults(request, [])

    async def _store_faults(self, request: Request, rules: list[FaultRule]) -> Response:
        def store(session: Session) -> None:
            account_id = self._sandbox(request, session).account_id
            accounts.set_faults(session, account_id, orjson.dumps(rules).decode() if rules else "")

        await self._database.transact(store, _account_id(request))
        return _json({"rules": rules})

    async def _load_dataset(self, sandbox: Sandbox, options: dict[str, Any]) -> int:
        """Load the requested dataset under a new generation, which no account has yet, and return that generation.

        The dataset is prepared in a thread and loaded in slices of time, between which other calls are served.
        """
        generation = await self._database.transact(accounts.add_generation)
        if options.get("dataset", EMPTY) == EMPTY:
            return generation
        try:
            loader = await to_thread(self._loader, sandbox, options["dataset"], generation)
            is_done = False
            while not is_done:
                is_done = await self._database.transact(partial(loader.run, seconds=_SLICE_SECONDS))
                await sleep(0)
        except BaseException:
            await self._delete_rows(generation)
            raise
        return generation

    def _loader(self, sandbox: Sandbox, name: Any, generation: int) -> "Loader":
        """Prepare to load a built-in dataset; a name that comes over HTTP never names a file."""
        from mock_server import datasets  # when one is asked for: `serve` must start fast

        if not isinstance(name, str):
            known = ", ".join(datasets.names())
            raise ApiError(400, f"'dataset' is {orjson.dumps(name).decode()[:100]}; it must be one of {known}")
        dataset = datasets.read_named(name, self._contract, datasets.parse_today_option(self._settings.today))
        return datasets.Loader(self._contract, sandbox, dataset, seed=self._settings.seed, generation=generation)

    async def _delete_rows(self, generation: int) -> None:
        """Delete the rows of a generation that no account has any more, in batches."""
        has_more = True
        while has_more:
            has_more = await self._database.transact(
                partial(accounts.delete_rows, generation=generation, keep_journal=self._keep_journals)
            )
            await sleep(0)

    def _sandbox(self, request: Request, session: Session) -> Sandbox:
        """Return the sandbox of the path. Raises ApiError 404 for an unknown one."""
        account_id = _account_id(request)
        sandbox = accounts.find(session, account_id)
        if sandbox is None:
            raise ApiError(404, f"there is no sandbox '{account_id}'; create one with POST /__admin/sandboxes")
        return sandbox


def describe(sandbox: Sandbox, urls: Mapping[str, str]) -> dict[str, Any]:
    """Return the credentials of a sandbox, with the URLs of the APIs."""
    return {
        "account_id": sandbox.account_id,
        "integrations": sandbox.integrations,
        "api_key": sandbox.api_key,
        **urls,
    }


def _account_id(request: Request) -> str:
    return str(request.path_params["account_id"])


def _origin(request: Request) -> str:
    """Return the origin of this server, as the request shows it."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
