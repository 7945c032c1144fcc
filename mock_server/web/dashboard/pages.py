"""All pages: their paths, the functions that make them, and how they are sent."""

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from mock_server import __version__
from mock_server.journal import Journal
from mock_server.spec import Contract
from mock_server.store import accounts
from mock_server.store.accounts import Sandbox
from mock_server.store.database import Database
from mock_server.store.session import Session
from mock_server.verdict.report import ReportDocument, report_on
from mock_server.web.dashboard import DOCS_PATH, PATH
from mock_server.web.dashboard.ads import ads
from mock_server.web.dashboard.contacts import contact, contacts
from mock_server.web.dashboard.contract import contract_page
from mock_server.web.dashboard.coverage import coverage
from mock_server.web.dashboard.events import Events
from mock_server.web.dashboard.exchanges import exchange, requests
from mock_server.web.dashboard.faults import faults
from mock_server.web.dashboard.orders import order, orders, products, subscriptions
from mock_server.web.dashboard.overview import overview, sandboxes
from mock_server.web.dashboard.page import NO_SANDBOX, Page, PageContext, PageFunction, Redirect
from mock_server.web.dashboard.reference import SWAGGER, reference, reference_document
from mock_server.web.dashboard.theme import HEADERS, MEDIA_TYPES, STATIC, templates
from mock_server.web.dashboard.visitors import visitors

# Stands for an account id in the paths of pages about exchanges that named no existing account.
NO_ACCOUNT = "~"


class _RowNumber(IntegerConvertor):
    """A number that the database can hold; Starlette's own takes any."""

    regex = "[0-9]{1,18}"


register_url_convertor("row", _RowNumber())
_PAGES: dict[str, PageFunction] = {
    "": overview,
    "/requests": requests,
    "/requests/{number:row}": exchange,
    "/contacts": contacts,
    "/contacts/{number:row}": contact,
    "/orders": orders,
    "/orders/{number:row}": order,
    "/subscriptions": subscriptions,
    "/products": products,
    "/visitors": visitors,
    "/ads": ads,
    "/faults": faults,
    "/contract": contract_page,
}
Endpoint = Callable[[Request], Awaitable[Response]]


def site(contract: Contract, database: Database, journal: Journal) -> ASGIApp:
    """Return all pages over one database, as one application."""
    pages = Site(contract, database, journal)
    events = Events(database, pages.templates.get_template("list_items.html.j2"))
    of_sandbox = f"{PATH}/{{account_id}}"
    return Router(
        [
            Route(PATH, pages.page(sandboxes)),
            Route(f"{PATH}/", pages.page(sandboxes)),
            Route(f"{PATH}/static/{{name}}", static),
            Route(f"{of_sandbox}/events", events),
            *(Route(of_sandbox + path, pages.page(page)) for path, page in _PAGES.items()),
            Route(f"{of_sandbox}/coverage", pages.page(coverage, needs_report=True)),
            Route(DOCS_PATH, pages.page(reference)),
            Route(f"{DOCS_PATH}/{{account_id}}", pages.page(reference)),
            Route(f"{DOCS_PATH}/{{account_id}}/openapi.json", pages.document),
            Route("/{rest:path}", pages.page(_not_found)),
        ],
        redirect_slashes=False,
    )


class Site:
    """The endpoints over one database."""

    def __init__(self, contract: Contract, database: Database, journal: Journal) -> None:
        self.templates = templates()
        self._contract = contract
        self._database = database
        self._journal = journal

    def page(self, make_page: PageFunction, *, needs_report: bool = False) -> Endpoint:
        """Return an endpoint that sends the page that `make_page` returns, or an error page."""

        async def endpoint(request: Request) -> Response:
            report = await self._report(request) if needs_report else None

            def make(session: Session) -> tuple[int, PageContext, Page | Redirect]:
                try:
                    context = self._context(request, session, report)
                    return 200, context, make_page(context)
                except HTTPException as error:
                    context = PageContext(request, self._contract, self._journal, session, NO_SANDBOX)
                    title = HTTPStatus(error.status_code).phrase.capitalize()
                    return error.status_code, context, Page("error.html.j2", title, {"detail": error.detail})

            status, context, page = await self._database.transact(make)
            if isinstance(page, Redirect):
                return RedirectResponse(page.location, 303, HEADERS)
            return HTMLResponse(self._render(context, page), status, HEADERS)

        return endpoint

    async def document(self, request: Request) -> Response:
        """Send the document that the API reference shows."""

        def make(session: Session) -> bytes:
            return reference_document(self._context(request, session))

        text = await self._database.transact(make)
        return Response(text, headers=HEADERS, media_type="application/json")

    async def _report(self, request: Request) -> ReportDocument | None:
        """Return the report on the whole journal, made in a thread; None for an unknown sandbox."""
        sandbox = await self._database.transact(partial(_sandbox, request))
        if sandbox is None:
            return None
        exchanges = await self._journal.read_all(self._database, sandbox.generation, account_id=sandbox.account_id)
        return await to_thread(report_on, self._contract, exchanges)

    def _context(self, request: Request, session: Session, report: ReportDocument | None = None) -> PageContext:
        sandbox = _sandbox(request, session)
        if sandbox is None:
            raise HTTPException(404, f"There is no sandbox '{request.path_params['account_id']}'.")
        account = session.scoped_to(sandbox.generation)
        return PageContext(request, self._contract, self._journal, account, sandbox, report)

    def _render(self, context: PageContext, page: Page) -> str:
        return self.templates.get_template(page.template).render(
            title=page.title,
            origin=context.origin,
            sandbox=context.sandbox,
            root=PATH,
            here=f"{PATH}/{context.account_id or NO_ACCOUNT}",
            docs=f"{DOCS_PATH}/{context.account_id}" if context.account_id else DOCS_PATH,
            version=__version__,
            **page.variables,
        )


def _sandbox(request: Request, session: Session) -> Sandbox | None:
    """Return the sandbox that the path names, NO_SANDBOX where it names none, or None for an unknown one."""
    account_id = request.path_params.get("account_id")
    return NO_SANDBOX if account_id in (None, NO_ACCOUNT) else accounts.find(session, account_id)


async def static(request: Request) -> Response:
    """Send a style, a script or an icon."""
    path = {**STATIC, **SWAGGER}.get(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(path, headers={**HEADERS, "Cache-Control": "max-age=300"}, media_type=MEDIA_TYPES[path.suffix])


def _not_found(context: PageContext) -> Page:
    raise HTTPException(404, f"There is no page {context.request.url.path}.")
