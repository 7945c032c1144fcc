"""One exchange with an API of the vendor, start to end. A pure ASGI application, mounted at `/api` and the like."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.clock import monotonic
from mock_server.errors import ApiError, StoreError
from mock_server.faults import Fault, choose
from mock_server.findings import Finding
from mock_server.journal import Exchange, Journal, Request, Response
from mock_server.journal.exchange import JSON_HEADERS
from mock_server.journal.masking import masked_path
from mock_server.operations.table import OPERATIONS, warnings_about
from mock_server.settings import LENIENT, STRICT
from mock_server.spec import Answer, Call, Contract, Route
from mock_server.spec.json_body import parse_json
from mock_server.spec.paths import mount_of
from mock_server.spec.values import utc_now
from mock_server.store import accounts
from mock_server.store.accounts import DEFAULT_SANDBOX, Credentials
from mock_server.store.database import Committed, Database
from mock_server.store.session import Session
from mock_server.web.account import NOBODY, Account, account_of, named_account
from mock_server.web.keys import authorised, key_of, unknown_account
from mock_server.web.masked import findings_without, keys_of, request_without
from mock_server.web.request import is_json, read_request
from mock_server.web.response import NotStored, send_response

_log = logging.getLogger("mock_server")
# A client calls the same paths again and again.
_CACHED_PATHS = 64
_BUG = "the fake failed, a bug of it: nothing was stored. Its terminal has the details; please report them"
_STOPPED = "it is not known whether this was stored: the fake was stopped before its database had responded"
_RETRY_AFTER_400 = Finding.of("retry-after-400", "/body", "documented")


# Carries out an exchange in a transaction, and journals it.
CarryOut = Callable[[Request, Session], Exchange]


class VendorApis:
    """Answers calls of the vendor's APIs from the contract, the operations and the database."""

    def __init__(
        self,
        contract: Contract,
        database: Database,
        journal: Journal,
        *,
        max_body_bytes: int,
        check_answers: bool = False,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._contract = contract
        self._database = database
        self._journal = journal
        self._max_body_bytes = max_body_bytes
        self._check_answers = check_answers
        self._on_exchange = on_exchange
        self._route = lru_cache(_CACHED_PATHS)(contract.route)
        self._account_in = lru_cache(_CACHED_PATHS)(contract.account_in)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(self.exchange, scope, receive, send)

    def refusing(self, refusal: ApiError) -> ASGIApp:
        """Return an application that refuses a call before it is looked at, and journals that."""
        return partial(self._answer, partial(self._refuse, refusal))

    async def _answer(self, carry_out: CarryOut, scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive, self._max_body_bytes)
        if request is None:
            return
        result = await self._commit(request, carry_out)
        if self._on_exchange:
            self._on_exchange(result.value if isinstance(result, Committed) else result.exchange)
        on_abandoned = partial(self._abandoned, result.value) if isinstance(result, Committed) else None
        await send_response(result, scope, receive, send, on_abandoned)
        if isinstance(result, Committed):
            await self._journal.shrink(self._database)

    def exchange(self, request: Request, session: Session) -> Exchange:
        """Carry out one exchange and journal it. Of a call that is refused or fails, nothing else is stored."""
        started, received_at = monotonic(), utc_now()
        operation: str | None = None
        account: Account = NOBODY
        fault: Fault | None = None
        stored = False
        findings: list[Finding] = []
        if request.cleartext_host:
            findings.append(_insecure_scheme(request))
        try:
            # Route.
            route = self._route(request.method, request.path)
            operation = route.operation.name

            # Authorise. From here on the account is locked, also when the savepoint below is rolled back.
            account_id = self._account_in(request.path)
            integration_id = route.parameters.get("integration_id", "")
            credentials = accounts.credentials(session, account_id, integration_id)
            account = Account(account_id, credentials.generation, credentials.api_key) if credentials else NOBODY
            if route.operation.needs_key:
                credentials, noticed = authorised(credentials, account_id, integration_id, key_of(request), session)
                findings += noticed
            mode = credentials.mode if credentials else STRICT
            if request.cleartext_host and mode != LENIENT:
                raise ApiError(403, _insecure_scheme(request).message)

            # Validate.
            values, noticed = self._values(route, request, lenient=mode == LENIENT)
            findings += (*route.doubts, *noticed)
            if credentials is None:  # of an operation that needs no key
                raise unknown_account(account_id, f"/query/{route.operation.account_parameter}", "in-query")
            call = Call(
                operation=operation,
                account_id=account_id,
                integration_id=integration_id,
                integration_kind=credentials.integration_kind or "",
                path=route.parameters,
                body={} if route.operation.takes_query else values,
                received_at=f"{received_at[:19]}+00:00",
                query=values if route.operation.takes_query else {},
            )

            # Carry out the operation, if a fault lets it.
            fault = _chosen_fault(call, credentials, session)
            if fault is None or not fault.prevents_call:
                with session.savepoint():
                    scoped = session.scoped_to(credentials.generation, integration_id)
                    answer = OPERATIONS[operation].handler(call, scoped)
                    if self._check_answers:
                        self._check(route, answer)
                    findings += warnings_about(route.operation, call, answer, scoped)
                    response = Response(answer.status, orjson.dumps(answer.body))
                stored = True
        except ApiError as refusal:
            findings += refusal.findings
            response = self._error(request, refusal.status, refusal.errors, refusal.headers)
        except Exception as error:
            if session.is_store_error(error):
                raise
            _log.exception("%s %s failed", request.method, _logged_path(request, account))
            response = self._error(request, 500, [_BUG])
        if fault and fault.replaces_response:
            response = self._injected(request, fault)

        # Journal, for the account that the path names, else for that of the key.
        if account is NOBODY:
            account = account_of(request, self._contract, session)
            accounts.lock(session, account.id)
        keys = keys_of(account, request)
        request = request_without(request, keys)
        if response.status == 400 and self._journal.repeats_refusal(session, account.generation, request, keys):
            findings.append(_RETRY_AFTER_400)
        exchange = Exchange(
            received_at=received_at,
            duration_ms=round((monotonic() - started) * 1000, 3),
            generation=account.generation,
            operation=operation,
            request=request,
            response=response,
            findings=findings_without(findings, keys),
            fault=fault,
            monotonic_ms=started * 1000,
            stored=stored,
            keys=keys,
        )
        self._journal.write(session, exchange)
        return exchange

    async def _commit(self, request: Request, carry_out: CarryOut) -> Committed[Exchange] | NotStored:
        """Carry out the exchange and commit it; where the database fails, answer 500 and journal that, if possible."""
        account_id = self._account_in(request.path)
        try:
            return await self._database.commit(partial(carry_out, request), account_id)
        except asyncio.CancelledError:  # the server is stopped, and does not wait for a database that does not respond
            return NotStored(_refused(request, self._error(request, 500, [_STOPPED]), NOBODY))
        except StoreError as error:
            reason = str(error)
        except Exception:
            _log.exception("%s %s failed", request.method, _logged_path(request))
            reason = _BUG
        try:
            return await self._database.commit(partial(self._failed, request, reason), account_id)
        except Exception as error:
            if not isinstance(error, StoreError):
                _log.exception("%s %s failed", request.method, _logged_path(request))
            _log.error("%s %s could not be journalled: %s", request.method, _logged_path(request), error)
        response = self._error(request, 500, [reason])
        return NotStored(_refused(request, response, NOBODY))

    def _abandoned(self, exchange: Exchange, left_at: float) -> None:
        """Journal that the client left before the response was out."""
        waited_ms = left_at * 1000 - exchange.monotonic_ms
        done = "carried out" if exchange.stored else "not carried out"
        finding = Finding.of("answer-abandoned", "/answer", "assumed", milliseconds=waited_ms, done=done)

        def journal(session: Session) -> None:
            self._journal.abandon(session, exchange, finding, waited_ms)

        def report(journalled: asyncio.Future[None]) -> None:
            if not journalled.cancelled() and (error := journalled.exception()):
                bug = None if isinstance(error, StoreError) else error
                text = "the client of %s left, which could not be journalled: %s"
                _log.error(text, exchange.request.path, error, exc_info=bug)

        self._database.transact(journal, self._account_in(exchange.request.path)).add_done_callback(report)

    def _refuse(self, refusal: ApiError, request: Request, session: Session) -> Exchange:
        """Journal a refused call for the account that its path names, else for the default sandbox."""
        try:
            operation = self._route(request.method, request.path).operation.name
        except ApiError:
            operation = None
        account = named_account(request, self._contract, session)
        if account is NOBODY and (default := accounts.find(session, DEFAULT_SANDBOX.account_id)):
            account = Account(default.account_id, default.generation, default.api_key)
        accounts.lock(session, account.id)
        response = self._error(request, refusal.status, refusal.errors)
        exchange = _refused(request, response, account, operation, refusal.findings)
        self._journal.write(session, exchange)
        return exchange

    def _failed(self, request: Request, reason: str, session: Session) -> Exchange:
        """Journal an exchange whose transaction failed."""
        account = account_of(request, self._contract, session)
        accounts.lock(session, account.id)
        exchange = _refused(request, self._error(request, 500, [reason]), account)
        self._journal.write(session, exchange)
        return exchange

    def _values(
        self, route: Route, request: Request, *, lenient: bool
    ) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
        """Return the values of the body or the query, and what was noticed in them.

        Raises ApiError when the call is not valid.
        """
        operation = route.operation
        if route.violations:
            raise ApiError(400, *(finding.message for finding in route.violations), findings=route.violations)
        if operation.takes_query:
            sent, former = self._contract.read_query(operation, request.path, request.body)
            values, noticed = self._contract.read_values(operation, sent, lenient=lenient)
            return values, (*former, *noticed)
        if not operation.takes_body:
            return {}, ()
        if not is_json(request):
            declared = request.headers.get("content-type") or "none"
            finding = Finding.of("wrong-media-type", "/headers/content-type", "assumed", sent=declared)
            raise ApiError.violation(415, finding)
        if len(request.body) > self._max_body_bytes:
            finding = Finding.of("body-too-large", "/body", "assumed", most=self._max_body_bytes)
            raise ApiError.violation(413, finding)
        sent = parse_json(request.body, request.headers.get("content-encoding", ""))
        return self._contract.read_values(operation, sent, lenient=lenient)

    def _check(self, route: Route, answer: Answer) -> None:
        """Raise ApiError 500 when an answer of ours breaks the contract."""
        errors = self._contract.answer_errors(route.operation, answer.status, answer.body)
        if errors:
            found = tuple(Finding.of("bad-answer", "/answer", "assumed", error=error) for error in errors)
            raise ApiError(500, *(finding.message for finding in found), findings=found)

    def _error(self, request: Request, status: int, texts: list[str], headers: Mapping[str, str] = {}) -> Response:
        """Return an error in the form of the API that the request was sent to."""
        more = {name.lower(): value for name, value in headers.items()}
        api = self._contract.apis[mount_of(request.path)]
        return Response(status, orjson.dumps(api.error(texts)), {**JSON_HEADERS, **more})

    def _injected(self, request: Request, fault: Fault) -> Response:
        """Return the response of a fault: its own body, or that of an overloaded server; a reset sends nothing."""
        texts = ["the server is overloaded (a fault injected on purpose); try again soon"]
        response = self._error(request, fault.status or 500, texts, fault.headers)
        return response if fault.body is None else replace(response, body=orjson.dumps(fault.body))


def _chosen_fault(call: Call, credentials: Credentials, session: Session) -> Fault | None:
    """Return what the account's plan does to this call, and store the plan's counts."""
    if not credentials.faults:
        return None
    rules = orjson.loads(credentials.faults)
    fault = choose(rules, call.operation, {**call.query, **call.body})
    accounts.set_faults(session, call.account_id, orjson.dumps(rules).decode())
    return fault


def _insecure_scheme(request: Request) -> Finding:
    case = "" if key_of(request) else "without-key"
    return Finding.of("insecure-scheme", "/headers/host", "assumed", case=case, host=request.cleartext_host)


def _refused(
    request: Request,
    response: Response,
    account: Account,
    operation: str | None = None,
    findings: tuple[Finding, ...] = (),
) -> Exchange:
    """Return an exchange that was refused or failed before anything was carried out."""
    keys = keys_of(account, request)
    return Exchange(
        received_at=utc_now(),
        duration_ms=0.0,
        generation=account.generation,
        operation=operation,
        request=request_without(request, keys),
        response=response,
        findings=findings_without(findings, keys),
        fault=None,
        monotonic_ms=monotonic() * 1000,
        stored=False,
        keys=keys,
    )


def _logged_path(request: Request, account: Account = NOBODY) -> str:
    return masked_path(request.path, keys_of(account, request))
