"""The admin API: sandboxes, and what they hold. JSON in, JSON out, errors in the API's envelope."""

import re
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from mock_server import __version__
from mock_server.errors import SEVERITIES, ApiError
from mock_server.faults import read_plan
from mock_server.journal import Journal
from mock_server.report import exchanges_of, report_on
from mock_server.settings import EMPTY, MODES, ServeSettings
from mock_server.spec import Contract
from mock_server.spec.contract import source_text
from mock_server.spec.json_body import parse_json
from mock_server.store import accounts, state
from mock_server.store.accounts import Sandbox
from mock_server.store.database import Database, Session

if TYPE_CHECKING:
    from mock_server.datasets import Dataset

MAX_PAGE = 1000
_WHOLE = re.compile("[0-9]{1,18}")
_MAX_BODY_BYTES = 65_536


class Admin:
    """The admin calls over one database."""

    def __init__(self, contract: Contract, database: Database, journal: Journal, settings: ServeSettings) -> None:
        self._settings = settings
        self._contract = contract
        self._database = database
        self._journal = journal

    def routes(self) -> list[Route]:
        sandbox = "/__admin/sandboxes/{account_id}"
        return [
            Route("/openapi.yaml", self.contract_yaml, methods=["GET"]),
            Route("/openapi.json", self.contract_json, methods=["GET"]),
            Route("/__admin/health", self.health, methods=["GET"]),
            Route("/__admin/sandboxes", self.mint, methods=["POST"]),
            Route(sandbox, self.drop, methods=["DELETE"]),
            Route(f"{sandbox}/reset", self.reset, methods=["POST"]),
            Route(f"{sandbox}/state", self.state, methods=["GET"]),
            Route(f"{sandbox}/requests", self.requests, methods=["GET"]),
            Route(f"{sandbox}/report", self.report, methods=["GET"]),
            Route(f"{sandbox}/faults", self.faults, methods=["GET"]),
            Route(f"{sandbox}/faults", self.set_faults, methods=["PUT"]),
            Route(f"{sandbox}/faults", self.clear_faults, methods=["DELETE"]),
        ]

    async def contract_yaml(self, _: Request) -> Response:
        return Response(source_text(), media_type="application/yaml")

    async def contract_json(self, _: Request) -> Response:
        return _json(self._contract.document)

    async def health(self, _: Request) -> Response:
        return _json({"status": "ok", "version": __version__})

    async def mint(self, request: Request) -> Response:
        """A new account with integrations and a key of its own, empty or with a dataset."""
        options = await _options(request, "dataset", "mode")
        sandbox = accounts.mint_sandbox(_mode(options, self._settings.mode))
        dataset = self._dataset(options)
        with self._database.transaction() as session:
            accounts.add(session, sandbox)
            self._load(session, sandbox, dataset)
        return _json(describe(sandbox, f"{request.url.scheme}://{request.url.netloc}/api"))

    async def drop(self, request: Request) -> Response:
        with self._database.transaction() as session:
            account_id = self._known(request, session)
            accounts.drop(session, account_id)
        return _json({"status": "success", "account_id": account_id, "deleted": True})

    async def reset(self, request: Request) -> Response:
        """Back to a dataset, by default an empty account; its key and integrations stay."""
        dataset = self._dataset(await _options(request, "dataset"))
        with self._database.transaction() as session:
            account_id = self._known(request, session)
            accounts.empty(session, account_id)
            sandbox = accounts.find(session, account_id)
            assert sandbox is not None
            self._load(session, sandbox, dataset)
        return _json({"status": "success", "account_id": account_id})

    async def state(self, request: Request) -> Response:
        """Each resource as a list of rows; `next` names where each unfinished list goes on."""
        query = _query(request, "integration_id", "resource", "limit", "after")
        limit = _whole(query, "limit", MAX_PAGE, 1, MAX_PAGE)
        names = [query["resource"]] if "resource" in query else list(state.RESOURCES)
        if names[0] not in state.RESOURCES:
            raise ApiError(400, f"there is no resource '{names[0]}'; use one of {', '.join(state.RESOURCES)}")
        places = _places(query["after"], names) if "after" in query else dict.fromkeys(names, 0)
        shown: dict[str, Any] = {name: [] for name in names}
        unfinished: dict[str, int] = {}
        with self._database.transaction() as session:
            account_id = self._known(request, session)
            for name, after in places.items():
                shown[name], more = state.page(session, name, account_id, query.get("integration_id"), after, limit)
                if more is not None:
                    unfinished[name] = more
        if unfinished:
            shown["next"] = "~".join(f"{name}.{number}" for name, number in unfinished.items())
        return _json(shown)

    async def requests(self, request: Request) -> Response:
        """The journal, newest last."""
        query = _query(request, "operation", "status", "severity", "limit", "after")
        _one_of(query, "operation", tuple(self._contract.operations))
        _one_of(query, "severity", SEVERITIES)
        with self._database.transaction() as session:
            page = self._journal.page(
                session,
                self._known(request, session),
                after=_whole(query, "after", 0, 0, 10**18),
                limit=_whole(query, "limit", MAX_PAGE, 1, MAX_PAGE),
                operation=query.get("operation"),
                severity=query.get("severity"),
                status=_whole(query, "status", 0, 100, 599) or None,
            )
        return _json(page)

    async def report(self, request: Request) -> Response:
        """Findings and coverage of the journal, as `check --report-json` writes them."""
        _query(request)
        with self._database.transaction() as session:
            exchanges = exchanges_of(self._journal, session, [self._known(request, session)])
            document = report_on(self._contract, exchanges)
        return _json(document)

    async def faults(self, request: Request) -> Response:
        """The fault plan; `seen` counts the calls that fitted a rule."""
        with self._database.transaction() as session:
            rules = accounts.faults(session, self._known(request, session))
        return _json({"rules": orjson.loads(rules or "[]")})

    async def set_faults(self, request: Request) -> Response:
        rules = read_plan(await _options(request, "rules"), self._contract.operations)
        return self._store_faults(request, rules)

    async def clear_faults(self, request: Request) -> Response:
        return self._store_faults(request, [])

    def _store_faults(self, request: Request, rules: list[dict[str, Any]]) -> Response:
        with self._database.transaction() as session:
            accounts.set_faults(session, self._known(request, session), orjson.dumps(rules).decode() if rules else "")
        return _json({"rules": rules})

    def _dataset(self, options: dict[str, Any]) -> "Dataset":
        """The built-in dataset that is asked for. Nothing that comes over HTTP names a file."""
        from mock_server import datasets  # when one is asked for: `serve` must start fast

        name: Any = options.get("dataset", EMPTY)
        if not isinstance(name, str):
            known = ", ".join(datasets.names())
            raise ApiError(400, f"'dataset' is {orjson.dumps(name).decode()[:100]}; it must be one of {known}")
        return datasets.read_named(name, self._contract, datasets.day(self._settings.today))

    def _load(self, session: Session, sandbox: Sandbox, dataset: "Dataset") -> None:
        from mock_server import datasets

        datasets.load(session, self._contract, sandbox, dataset, seed=self._settings.seed)

    def _known(self, request: Request, session: Session) -> str:
        account_id: str = request.path_params["account_id"]
        if accounts.find(session, account_id) is None:
            raise ApiError(404, f"there is no sandbox '{account_id}'")
        return account_id


def describe(sandbox: Sandbox, base_url: str) -> dict[str, Any]:
    """A sandbox as its users need it."""
    return {
        "account_id": sandbox.account_id,
        "integrations": sandbox.integrations,
        "api_key": sandbox.api_key,
        "base_url": base_url,
    }


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


async def _options(request: Request, *names: str) -> dict[str, Any]:
    """The options that a mutation is given: a JSON object, which may be left out."""
    raw = b""
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > _MAX_BODY_BYTES:
                raise ApiError(413, f"the body is over the limit of {_MAX_BODY_BYTES} bytes")
    except ClientDisconnect:
        # Nobody hears it; it keeps half a body from being carried out, and from being told as a failure of ours.
        raise ApiError(400, "the body did not come in whole") from None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "send JSON and Content-Type: application/json")
    options = parse_json(raw or b"{}")
    if not isinstance(options, dict):
        raise ApiError(400, "send a JSON object")
    if unknown := sorted(options.keys() - set(names)):
        raise ApiError(400, f"there is no option '{unknown[0]}' here; known: {', '.join(names) or 'none'}")
    return options


def _mode(options: dict[str, Any], default: str) -> str:
    mode: Any = options.get("mode", default)
    if mode not in MODES:
        raise ApiError(400, f"'mode' is {orjson.dumps(mode).decode()}; it must be one of {', '.join(MODES)}")
    return str(mode)


def _query(request: Request, *names: str) -> dict[str, str]:
    query = dict(request.query_params)
    if unknown := sorted(query.keys() - set(names)):
        raise ApiError(400, f"there is no filter '{unknown[0]}'; use {', '.join(names)}")
    return query


def _whole(query: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, str(default))
    if name in query and not (_WHOLE.fullmatch(text) and least <= int(text) <= most):
        raise ApiError(400, f"'{name}' is '{text}'; it must be a whole number from {least} to {most}")
    return int(text)


def _one_of(query: dict[str, str], name: str, values: tuple[str, ...]) -> None:
    if name in query and query[name] not in values:
        raise ApiError(400, f"'{name}' is '{query[name]}'; it must be one of {', '.join(values)}")


def _places(token: str, names: list[str]) -> dict[str, int]:
    """Where each list goes on, from the `next` of an earlier answer."""
    places = {}
    for part in token.split("~"):
        name, _, number = part.partition(".")
        if name not in names or not _WHOLE.fullmatch(number):
            raise ApiError(400, f"'after' is '{token}'; give the 'next' of an earlier answer")
        places[name] = int(number)
    return places
