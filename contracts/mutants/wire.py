"""Mutants of what goes over the wire: statuses, envelopes, keys, keys and tenancy."""

from collections.abc import Callable
from typing import Any

from contracts.mutants.patches import answers, mutant, patch, status
from mock_server.journal import Entry
from mock_server.store import accounts
from mock_server.store.database import Session
from mock_server.web.exchange import ImportApi
from mock_server.web.request import Request

# Statuses and envelopes.


@mutant
def created_is_201() -> None:
    """201 instead of 200."""
    status(200, 201)


@mutant
def bad_data_is_422() -> None:
    """422 instead of 400."""
    status(400, 422)


@mutant
def missing_key_is_403() -> None:
    """403 instead of 401."""
    status(401, 403)


@mutant
def not_found_is_400() -> None:
    """400 instead of 404."""
    status(404, 400)


@mutant
def other_method_is_404() -> None:
    """404 instead of 405."""
    status(405, 404)


@mutant
def other_media_type_is_400() -> None:
    """400 instead of 415."""
    status(415, 400)


@mutant
def allow_is_left_out() -> None:
    """405 without `Allow`."""
    answers(lambda _, entry, __: _headers(entry, allow=None))


@mutant
def answers_are_html() -> None:
    """JSON that is declared as text/html."""
    answers(lambda _, entry, __: _headers(entry, **{"content-type": "text/html"}))


@mutant
def errors_are_a_text() -> None:
    """`errors` is a text instead of a list."""
    answers(lambda _, __, body: body | {"errors": "; ".join(body["errors"])} if "errors" in body else None)


@mutant
def errors_are_objects() -> None:
    """`errors` is a list of objects."""
    answers(
        lambda _, __, body: body | {"errors": [{"text": one} for one in body["errors"]]} if "errors" in body else None
    )


@mutant
def first_error_alone() -> None:
    """Only the first error is told."""
    answers(lambda _, __, body: body | {"errors": body["errors"][:1]} if "errors" in body else None)


@mutant
def missing_text_is_trimmed() -> None:
    """`missing 'id' field` without the blank at its end."""
    answers(
        lambda _, __, body: body | {"errors": [one.strip() for one in body["errors"]]} if "errors" in body else None
    )


@mutant
def status_is_ok() -> None:
    """`status` is `ok`."""
    answers(lambda _, __, body: body | {"status": "ok"} if body["status"] == "success" else None)


@mutant
def object_is_left_out() -> None:
    """No stored object in the answer."""
    answers(lambda _, entry, __: {"status": "success"} if entry.status == 200 and entry.method == "POST" else None)


@mutant
def deleted_is_left_out() -> None:
    """A deletion's answer has no `deleted`."""
    answers(lambda _, __, body: {name: value for name, value in body.items() if name != "deleted"})


@mutant
def deleted_object_is_misnamed() -> None:
    """A deletion's `object` is always `contact`."""
    answers(lambda _, __, body: body | {"object": "contact"} if "object" in body else None)


@mutant
def deleted_id_is_made_up() -> None:
    """A deletion's `id` is not that of the call."""
    answers(lambda _, __, body: body | {"id": "1"} if "deleted" in body else None)


# Keys and tenancy.


@mutant
def any_key_opens() -> None:
    """The key is not looked at."""
    _open_to(lambda sent, own: True)


@mutant
def no_key_opens() -> None:
    """No key is as good as the right one."""
    _open_to(lambda sent, own: sent in ("", own))


@mutant
def longer_key_opens() -> None:
    """A key that only starts with the right one opens."""
    _open_to(lambda sent, own: sent.startswith(own))


@mutant
def keys_are_mixed() -> None:
    """The key of any account opens every account."""
    original = ImportApi._authorise

    def authorise(self: ImportApi, route: Any, request: Request, entry: Entry, session: Session) -> Any:
        key = request.head.authorization
        if accounts.with_key(session, key) is not None:
            request = _with_key(request, session, route, key)
        return original(self, route, request, entry, session)

    patch(ImportApi, "_authorise", authorise)


@mutant
def integrations_are_one() -> None:
    """All integrations of an account share what they store."""
    original = Session.within
    patch(Session, "within", lambda self, account_id, integration_id: original(self, account_id, "payments"))


@mutant
def accounts_are_one() -> None:
    """All accounts share what they store."""
    original = Session.within
    patch(Session, "within", lambda self, account_id, integration_id: original(self, "demo", integration_id))


@mutant
def unknown_integration_is_taken() -> None:
    """An integration that does not exist is taken for the payments."""
    original = accounts.access

    def access(session: Session, account_id: str, integration_id: str) -> Any:
        return original(session, account_id, integration_id if integration_id in ("payments", "ads") else "payments")

    patch(accounts, "access", access)


def _headers(entry: Entry, **headers: str | None) -> None:
    kept = [(name, value) for name, value in entry.answer_headers if name.lower() not in headers]
    entry.answer_headers = (*kept, *((name, value) for name, value in headers.items() if value is not None))


def _open_to(opens: Callable[[str, str], bool]) -> None:
    """The account of the path is open to each key of which `opens(sent, its own)` is true."""
    original = ImportApi._authorise

    def authorise(self: ImportApi, route: Any, request: Request, entry: Entry, session: Session) -> Any:
        sandbox = accounts.find(session, route.parameters["account_id"])
        if sandbox and opens(request.head.authorization, sandbox.api_key):
            request = _with(request, sandbox.api_key)
        return original(self, route, request, entry, session)

    patch(ImportApi, "_authorise", authorise)


def _with_key(request: Request, session: Session, route: Any, key: str) -> Request:
    sandbox = accounts.find(session, route.parameters["account_id"])
    own = sandbox.api_key if sandbox else key
    return _with(request, own)


def _with(request: Request, key: str) -> Request:
    return request._replace(head=request.head._replace(authorization=key, api_key=key))
