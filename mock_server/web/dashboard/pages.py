"""Every page: its path, what makes it, and how it is sent."""

from asyncio import to_thread
from collections.abc import Awaitable, Callable

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
from mock_server.web.dashboard.calls import call, requests
from mock_server.web.dashboard.contract import contract_page
from mock_server.web.dashboard.coverage import coverage
from mock_server.web.dashboard.events import Events
from mock_server.web.dashboard.faults import faults
from mock_server.web.dashboard.look import HEADERS, MEDIA_TYPES, STATIC, templates
from mock_server.web.dashboard.overview import overview, sandboxes
from mock_server.web.dashboard.people import contact, contacts
from mock_server.web.dashboard.purchases import order, orders, products, subscriptions
from mock_server.web.dashboard.reference import SWAGGER, reference, reference_document
from mock_server.web.dashboard.visit import Page, View, Visit

# Stands in paths for the calls that name no account that exists.
NO_ACCOUNT = "~"

_PAGES: dict[str, Page] = {
    "": overview,
    "/requests": requests,
    "/requests/{number:int}": call,
    "/contacts": contacts,
    "/contacts/{number:int}": contact,
    "/orders": orders,
    "/orders/{number:int}": order,
    "/subscriptions": subscriptions,
    "/products": products,
    "/ads": ads,
    "/faults": faults,
    "/contract": contract_page,
}
Endpoint = Callable[[Request], Awaitable[Response]]


def site(contract: Contract, database: Database, journal: Journal) -> ASGIApp:
    """All pages over one database."""
    made = Site(contract, database, journal)
    events = Events(database, made.templates.get_template("lines.html.j2"))
    of_sandbox = f"{PATH}/{{account_id}}"
    return Router(
        [
            Route(PATH, made.page(sandboxes)),
            Route(f"{PATH}/", made.page(sandboxes)),
            Route(f"{PATH}/static/{{name}}", static),
            Route(f"{of_sandbox}/events", events),
            *(Route(of_sandbox + path, made.page(page)) for path, page in _PAGES.items()),
            Route(f"{of_sandbox}/coverage", made.page(coverage, needs_report=True)),
            Route(DOCS_PATH, made.page(reference)),
            Route(f"{DOCS_PATH}/{{account_id}}", made.page(reference)),
            Route(f"{DOCS_PATH}/{{account_id}}/openapi.json", made.document),
            Route("/{rest:path}", made.page(_nowhere)),
        ],
        redirect_slashes=False,
    )


class Site:
    def __init__(self, contract: Contract, database: Database, journal: Journal) -> None:
        self.templates = templates()
        self._contract = contract
        self._database = database
        self._journal = journal

    def page(self, make: Page, *, needs_report: bool = False) -> Endpoint:
        """Return an endpoint that sends what `make` makes; what is not found is a page too, with 404."""

        async def endpoint(request: Request) -> Response:
            status = 200
            report = await self._report(request) if needs_report else None
            with self._database.transaction() as session:
                try:
                    visit = self._visit(request, session, report)
                    view = make(visit)
                except HTTPException as error:
                    visit = Visit(request, self._contract, self._journal, session, Sandbox("", "", {}))
                    status, view = error.status_code, View("error.html.j2", "Not here", {"detail": error.detail})
            if "goto" in view.variables:
                return RedirectResponse(view.variables["goto"], 303, HEADERS)
            return HTMLResponse(self._render(visit, view), status, HEADERS)

        return endpoint

    async def document(self, request: Request) -> Response:
        with self._database.transaction() as session:
            text = reference_document(self._visit(request, session))
        return Response(text, headers=HEADERS, media_type="application/json")

    async def _report(self, request: Request) -> ReportDocument | None:
        """Report on the whole journal, in a thread; None where there is no such sandbox."""
        with self._database.transaction() as session:
            sandbox = _sandbox(request, session)
        if sandbox is None:
            return None
        exchanges = await self._journal.read_all(self._database, sandbox.generation)
        return await to_thread(report_on, self._contract, exchanges)

    def _visit(self, request: Request, session: Session, report: ReportDocument | None = None) -> Visit:
        sandbox = _sandbox(request, session)
        if sandbox is None:
            raise HTTPException(404, f"There is no sandbox '{request.path_params['account_id']}'.")
        account = session.scoped_to(sandbox.generation)
        return Visit(request, self._contract, self._journal, account, sandbox, report)

    def _render(self, visit: Visit, view: View) -> str:
        return self.templates.get_template(view.template).render(
            title=view.title,
            visit=visit,
            sandbox=visit.sandbox,
            root=PATH,
            here=f"{PATH}/{visit.account_id or NO_ACCOUNT}",
            docs=f"{DOCS_PATH}/{visit.account_id}" if visit.account_id else DOCS_PATH,
            version=__version__,
            **view.variables,
        )


def _sandbox(request: Request, session: Session) -> Sandbox | None:
    """Return the sandbox of the path; on the pages of none, one with an empty id."""
    account_id = request.path_params.get("account_id")
    return Sandbox("", "", {}) if account_id in (None, NO_ACCOUNT) else accounts.find(session, account_id)


async def static(request: Request) -> Response:
    path = {**STATIC, **SWAGGER}.get(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(path, headers={**HEADERS, "Cache-Control": "max-age=300"}, media_type=MEDIA_TYPES[path.suffix])


def _nowhere(visit: Visit) -> View:
    raise HTTPException(404, f"There is no page {visit.request.url.path}.")
