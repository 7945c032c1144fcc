"""Mutants of what goes over the wire: statuses, envelopes, keys and tenancy."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contracts.mutants.patches import change_errors, change_json, change_responses, change_status, mutant, patch
from mock_server.findings import Finding
from mock_server.journal import Response
from mock_server.spec import Contract, Route
from mock_server.store import accounts
from mock_server.store.accounts import DEFAULT_SANDBOX, PAYMENTS, Credentials
from mock_server.store.session import Session
from mock_server.web import exchange
from mock_server.web.keys import authorised

# Statuses and envelopes.


@mutant
def created_is_201() -> None:
    """201 instead of 200."""
    change_status(200, 201)


@mutant
def bad_data_is_422() -> None:
    """422 instead of 400."""
    change_status(400, 422)


@mutant
def missing_key_is_403() -> None:
    """403 instead of 401."""
    change_status(401, 403)


@mutant
def not_found_is_400() -> None:
    """400 instead of 404."""
    change_status(404, 400)


@mutant
def other_method_is_404() -> None:
    """404 instead of 405."""
    change_status(405, 404)


@mutant
def other_media_type_is_400() -> None:
    """400 instead of 415."""
    change_status(415, 400)


@mutant
def allow_is_left_out() -> None:
    """405 without `Allow`."""

    def change(_: str, response: Response) -> Response:
        return replace(response, headers={name: text for name, text in response.headers.items() if name != "allow"})

    change_responses(change)


@mutant
def answers_are_html() -> None:
    """JSON that is declared as text/html."""
    change_responses(lambda _, response: replace(response, headers={**response.headers, "content-type": "text/html"}))


@mutant
def errors_are_a_text() -> None:
    """`errors` is a string instead of a list."""
    change_errors("; ".join)


@mutant
def errors_are_objects() -> None:
    """`errors` is a list of objects."""
    change_errors(lambda errors: [{"text": error} for error in errors])


@mutant
def first_error_alone() -> None:
    """Only the first error is listed."""
    change_errors(lambda errors: errors[:1])


@mutant
def missing_text_is_trimmed() -> None:
    """`missing 'id' field` without the space at its end."""
    change_errors(lambda errors: [error.strip() for error in errors])


@mutant
def status_is_ok() -> None:
    """`status` is `ok`."""
    change_json(lambda _, body: body | {"status": "ok"} if body["status"] == "success" else body)


@mutant
def object_is_left_out() -> None:
    """The response does not contain the stored object."""

    def change(_: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"status": "success"} if body["status"] == "success" and "deleted" not in body else body

    change_json(change)


@mutant
def deleted_is_left_out() -> None:
    """A deletion's response has no `deleted`."""
    change_json(lambda _, body: {name: value for name, value in body.items() if name != "deleted"})


@mutant
def deleted_object_is_misnamed() -> None:
    """A deletion's `object` is always `contact`."""
    change_json(lambda _, body: body | {"object": "contact"} if "object" in body else body)


@mutant
def deleted_id_is_made_up() -> None:
    """A deletion's `id` is not the one that was sent."""
    change_json(lambda _, body: body | {"id": "1"} if "deleted" in body else body)


# Keys and tenancy.


@mutant
def any_key_opens() -> None:
    """The key is not checked."""
    _accept(lambda sent, own, _: True)


@mutant
def no_key_opens() -> None:
    """A request without a key is accepted."""
    _accept(lambda sent, own, _: not sent)


@mutant
def longer_key_opens() -> None:
    """A key that only begins with the right one is accepted."""
    _accept(lambda sent, own, _: sent.startswith(own))


@mutant
def keys_are_mixed() -> None:
    """The key of any account is accepted for every account."""
    _accept(lambda sent, own, session: accounts.find_by_key(session, sent) is not None)


@mutant
def integrations_are_one() -> None:
    """All integrations of an account share what they store."""
    original = Session.scoped_to

    def scoped_to(self: Session, generation: int, integration_id: str = "") -> Session:
        return original(self, generation, integration_id and PAYMENTS)

    patch(Session, "scoped_to", scoped_to)


@mutant
def accounts_are_one() -> None:
    """All accounts share what they store."""
    original = Session.scoped_to

    def scoped_to(self: Session, generation: int, integration_id: str = "") -> Session:
        shared = accounts.find(self, DEFAULT_SANDBOX.account_id) if integration_id else None
        return original(self, shared.generation if shared else generation, integration_id)

    patch(Session, "scoped_to", scoped_to)


@mutant
def unknown_integration_is_taken() -> None:
    """An integration that does not exist is taken for the payments integration."""
    original = Contract.route

    def route(self: Contract, method: str, path: str) -> Route:
        found = original(self, method, path)
        if found.parameters.get("integration_id", PAYMENTS) in DEFAULT_SANDBOX.integrations.values():
            return found
        return Route(found.operation, {**found.parameters, "integration_id": PAYMENTS}, found.violations)

    patch(Contract, "route", route)


@mutant
def bearer_opens() -> None:
    """A key with `Bearer` before it is accepted."""
    _accept(lambda sent, own, _: sent == f"Bearer {own}")


@mutant
def other_errors_have_no_envelope() -> None:
    """All errors but 400 are JSON with a `message`."""

    def change(_: str, response: Response) -> Response:
        is_other = response.status > 400 and response.body
        return replace(response, body=b'{"message": "no"}') if is_other else response

    change_responses(change)


@mutant
def empty_fields_are_null() -> None:
    """A contact is answered with null for the fields that it does not have."""

    def change(_: str, body: dict[str, Any]) -> dict[str, Any]:
        contact = body.get("contact")
        return body | {"contact": {"utm_term": None, "email": None} | contact} if isinstance(contact, dict) else body

    change_json(change)


def _accept(is_accepted: Callable[[str, str, Session], bool]) -> None:
    """Take a key for the account's own where `is_accepted(sent, own, session)`."""

    def authorise(
        credentials: Credentials | None, account_id: str, integration_id: str, key: str, session: Session
    ) -> tuple[Credentials, tuple[Finding, ...]]:
        if credentials and is_accepted(key, credentials.api_key, session):
            key = credentials.api_key
        return authorised(credentials, account_id, integration_id, key, session)

    patch(exchange, "authorised", authorise)
