"""The application: the vendor's APIs at `/api` and the like, the admin side beside them, the guard before all."""

from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Mount, Router
from starlette.types import ASGIApp, Scope

from mock_server.errors import ApiError, StoreError
from mock_server.journal import Exchange, Journal
from mock_server.operations.table import check_operations
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store import accounts
from mock_server.store.accounts import DEFAULT_SANDBOX
from mock_server.store.database import Database
from mock_server.web.admin import Admin
from mock_server.web.dashboard import Dashboard
from mock_server.web.exchange import VendorApis
from mock_server.web.guard import Guard
from mock_server.web.public_origin import PublicOrigin

App = ASGIApp


def build_app(
    contract: Contract,
    database: Database,
    settings: ServeSettings,
    *,
    on_exchange: Callable[[Exchange], None] | None = None,
    keep_journals: bool = False,
) -> Guard:
    """The fake over `database`, with its default sandbox.

    `keep_journals`: whether exchanges stay in the database when their account is reset or deleted.
    `settings.admin_token`, when it is not empty, is asked for on the admin side.
    Raises SpecError when the document and the code do not fit together.
    """
    check_operations(contract)
    with database.transaction() as session:
        if accounts.find(session, DEFAULT_SANDBOX.account_id) is None:
            accounts.add(session, DEFAULT_SANDBOX)
        accounts.set_mode(session, DEFAULT_SANDBOX.account_id, settings.mode)
    journal = Journal(settings.journal_limit, settings.journal_bytes)
    apis = VendorApis(
        contract,
        database,
        journal,
        max_body_bytes=settings.max_body_bytes,
        check_answers=settings.check_answers,
        on_exchange=on_exchange,
    )
    admin = Starlette(
        routes=[
            *Admin(contract, database, journal, settings, keep_journals=keep_journals).routes(),
            *Dashboard(contract, database, journal).routes(),
        ],
        middleware=[Middleware(PublicOrigin, public_url=settings.public_url)],
        exception_handlers={
            ApiError: _refused,
            StoreError: _not_stored,
            HTTPException: partial(_unknown, contract),
            Exception: _failed,
        },
    )
    admin.router.redirect_slashes = False
    app = Router([_ApiMount(mount, apis) for mount in contract.apis], default=admin, redirect_slashes=False)
    return Guard(
        app,
        mounts=tuple(contract.apis),
        hosts=[*(api.host for api in contract.apis.values()), *settings.allow_host_header],
        public_url=settings.public_url,
        admin_token=settings.admin_token or None,
        refuse_call=apis.refusing,
    )


class _ApiMount(Mount):
    """Takes every path below its own: Starlette's own pattern leaves out those with a line break in them."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_below = scope["type"] == "http" and scope["path"].startswith(f"{self.path}/")
        return (Match.FULL if is_below else Match.NONE), {}


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return JSONResponse({"status": "error", "errors": error.errors}, error.status, error.headers)


async def _not_stored(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"status": "error", "errors": [str(error)]}, 500)


async def _unknown(contract: Contract, request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    places = [*(f"{api.what} is below {api.mount}/" for api in contract.apis.values()), "the admin API below /__admin/"]
    text = f"{request.method} {request.url.path}: {error.detail}; {', '.join(places)}"
    return JSONResponse({"status": "error", "errors": [text]}, error.status_code, error.headers)


async def _failed(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"status": "error", "errors": ["the admin side failed; the terminal has the details"]}, 500)
