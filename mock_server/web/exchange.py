"""One exchange with the import API, start to end. A pure ASGI application, mounted at `/api`."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from mock_server.errors import ApiError, Finding, StoreError
from mock_server.faults import Fault, choose
from mock_server.findings import warnings_about
from mock_server.handlers import HANDLERS
from mock_server.journal import Entry, Journal, mask
from mock_server.settings import LENIENT
from mock_server.spec import Answer, Call, Contract, Route
from mock_server.spec.json_body import parse_json
from mock_server.spec.values import utc_now
from mock_server.store import accounts
from mock_server.store.accounts import Access
from mock_server.store.database import Database, Session
from mock_server.web.delivery import deliver
from mock_server.web.request import MEDIA_TYPE, WHOLE_BODY, Request, read_request, receive_body, segments

_log = logging.getLogger("mock_server")
_PATHS_KEPT = 64
"""How many are kept read: a client calls the same ones again and again."""


class ImportApi:
    """Answers calls of the import API from the contract, the handlers and the database."""

    def __init__(
        self,
        contract: Contract,
        database: Database,
        journal: Journal,
        *,
        max_body_bytes: int,
        check_answers: bool = False,
        on_exchange: Callable[[Entry], None] | None = None,
    ) -> None:
        self._contract = contract
        self._database = database
        self._journal = journal
        self._max_body_bytes = max_body_bytes
        self._check_answers = check_answers
        self._on_exchange = on_exchange
        self._route = lru_cache(_PATHS_KEPT)(self._find_route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carries a call out and journals it, both in one transaction, and answers it when that is committed.

        Refused, nothing of it is stored.
        """
        body = scope["state"].get(WHOLE_BODY)
        if body is None:
            body = await receive_body(receive, self._max_body_bytes)
        if body is None:  # the client went away
            return
        started = time.perf_counter()
        entry = self._carry_out(read_request(scope, body, self._max_body_bytes), started)
        try:
            if settled := self._database.settled():
                await settled
        except StoreError as error:
            _fill(entry, Answer.error(500, [str(error)]), started)
        if self._on_exchange:
            self._on_exchange(entry)
        await deliver(entry, scope, receive, send)

    def _carry_out(self, request: Request, started: float) -> Entry:
        entry = Entry(
            received_at=utc_now(),
            method=request.method,
            path=request.path,
            request_headers=request.head.shown,
            request_body=request.body or b"",
        )
        try:
            with self._database.call() as session:
                try:
                    answer = self._perform(request, entry, session)
                except ApiError as refusal:
                    session.undo()
                    answer = self._refuse(refusal, request, entry, session)
                _fill(entry, answer, started)
                self._journal.write(session, entry)
        except StoreError as error:
            _fill(entry, Answer.error(500, [str(error)]), started)
            self._journal_failure(request, entry)
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            _fill(entry, Answer.error(500, [_BUG]), started)
            self._journal_failure(request, entry)
        return entry

    def _perform(self, request: Request, entry: Entry, session: Session) -> Answer:
        route = self._route(request.method, request.raw_path)
        entry.operation = route.operation.name
        access = self._authorise(route, request, entry, session)
        call = self._read(route, access, request, entry)
        if access.faults or self._check_answers:
            session.mark()
        fault = self._fault(call, access, entry, session) if access.faults else None
        if fault and fault.prevents_call:
            return _injected(fault)
        within = session.within(call.account_id, call.integration_id)
        answer = HANDLERS[call.operation](call, within)
        if self._check_answers:
            self._check(route, answer)
        entry.findings += warnings_about(call, answer, within)
        return _injected(fault) if fault and fault.replaces_answer else answer

    def _find_route(self, method: str, raw_path: bytes) -> Route:
        return self._contract.route(method, segments(raw_path))

    def _fault(self, call: Call, access: Access, entry: Entry, session: Session) -> Fault | None:
        """What the account's plan does to this call; the plan's counts go into the same transaction."""
        rules = orjson.loads(access.faults)
        fault = choose(rules, call.operation, call.body)
        accounts.set_faults(session, call.account_id, orjson.dumps(rules).decode())
        entry.fault = fault
        return fault

    def _authorise(self, route: Route, request: Request, entry: Entry, session: Session) -> Access:
        """The key must be that of the path's account: 401; account and integration must exist: 404."""
        account_id, integration_id = route.parameters["account_id"], route.parameters["integration_id"]
        found = accounts.access(session, account_id, integration_id)
        entry.account_id = account_id if found else ""
        if found and found.api_key in entry.path:
            entry.path = entry.path.replace(found.api_key, mask(found.api_key))
        key = request.head.api_key
        if not key:
            raise _unauthorised("missing-key", "the Authorization header is missing; send the bare API key in it")
        if key != request.head.authorization:
            entry.findings += (_BEARER_PREFIX,)
        if found is None and accounts.with_key(session, key) is None:
            raise _unauthorised("wrong-key", "the API key in Authorization is unknown; send that of the account")
        if found is None:
            raise ApiError.violation(404, "unknown-account", "/path/account_id", f"there is no account '{account_id}'")
        if not secrets.compare_digest(key.encode(), found.api_key.encode()):
            raise _unauthorised(
                "wrong-key", f"the API key in Authorization is not that of the account '{account_id}'; send its own"
            )
        if found.integration_kind is None:
            message = f"the account '{account_id}' has no integration '{integration_id}'"
            raise ApiError.violation(404, "unknown-integration", "/path/integration_id", message)
        return found

    def _read(self, route: Route, access: Access, request: Request, entry: Entry) -> Call:
        """The call, when path and body fit the contract."""
        operation = route.operation
        if route.violations:
            raise ApiError(400, *(finding.message for finding in route.violations), findings=route.violations)
        body: Mapping[str, Any] = {}
        if operation.body is not None:
            if not request.head.is_json:
                declared = request.head.content_type or "none"
                message = f"the Content-Type is {declared}; send JSON and Content-Type: {MEDIA_TYPE}"
                raise ApiError.violation(415, "wrong-media-type", "/headers/content-type", message)
            if request.body is None:
                message = f"the body is over the limit of {self._max_body_bytes} bytes; split it up"
                raise ApiError.violation(413, "body-too-large", "/body", message)
            lenient = access.mode == LENIENT
            body, found = self._contract.read_body(operation, parse_json(request.body), lenient=lenient)
            entry.findings += found
        return Call(
            operation=operation.name,
            account_id=route.parameters["account_id"],
            integration_id=route.parameters["integration_id"],
            integration_kind=access.integration_kind or "",
            path=route.parameters,
            body=body,
            received_at=f"{entry.received_at[:19]}+00:00",
        )

    def _check(self, route: Route, answer: Answer) -> None:
        errors = self._contract.answer_errors(route.operation, answer.status, answer.body)
        if errors:
            texts = [f"this answer of the fake breaks the contract, a bug: {error}" for error in errors]
            findings = tuple(Finding("bad-answer", "violation", "/answer", text, "assumed") for text in texts)
            raise ApiError(500, *texts, findings=findings)

    def _refuse(self, refusal: ApiError, request: Request, entry: Entry, session: Session) -> Answer:
        """The answer to a call of which nothing is stored."""
        entry.findings += refusal.findings
        entry.answer_headers += tuple(refusal.headers.items())
        self._assign(request, entry, session)
        if refusal.status == 400 and self._journal.repeats_refusal(session, entry):
            entry.findings += (_RETRY_AFTER_400,)
        return Answer.error(refusal.status, refusal.errors)

    def _assign(self, request: Request, entry: Entry, session: Session) -> None:
        """Gives the entry to the account that its key belongs to, where its path names none; locks the account."""
        if not entry.account_id:
            entry.account_id = accounts.with_key(session, request.head.api_key) or ""
        accounts.lock(session, entry.account_id)

    def _journal_failure(self, request: Request, entry: Entry) -> None:
        """Journals a call that failed on our side. It is answered even where the journal cannot be written."""
        try:
            with self._database.call() as session:
                self._assign(request, entry, session)
                self._journal.write(session, entry)
        except StoreError as error:
            _log.error("%s %s could not be journalled: %s", request.method, request.path, error)
        except Exception:
            _log.exception("%s %s could not be journalled", request.method, request.path)


_BUG = "the fake failed, a bug of it: nothing was stored. Its terminal has the details; please report them"
_BEARER_PREFIX = Finding(
    "auth-bearer-prefix",
    "warning",
    "/headers/authorization",
    "Authorization has a Bearer prefix; the API documents the bare key, so leave the prefix out",
    "documented",
)
_RETRY_AFTER_400 = Finding(
    "retry-after-400",
    "warning",
    "/body",
    "the same call was just refused with 400; sent again unchanged it is refused again. Mend it, or give up",
    "documented",
)


def _fill(entry: Entry, answer: Answer, started: float) -> None:
    """Puts the answer into the entry; `started`: of `time.perf_counter`."""
    entry.status = answer.status
    entry.answer_body = orjson.dumps(answer.body)
    entry.duration_ms = round((time.perf_counter() - started) * 1_000_000) / 1000


def _unauthorised(code: str, message: str) -> ApiError:
    return ApiError.violation(401, code, "/headers/authorization", message)


def _injected(fault: Fault) -> Answer:
    """The answer of a fault: its own body, or the envelope of an overloaded server; a reset sends none of it."""
    status = fault.status or 500
    if fault.body is not None:
        return Answer(status, fault.body)
    return Answer.error(status, ["the server is overloaded (a fault injected on purpose); try again soon"])
