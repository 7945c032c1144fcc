"""Faults of reading and tracking."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from contracts.mutants.patches import change_responses, handle, mutant, patch
from mock_server.errors import ApiError
from mock_server.findings import Finding
from mock_server.journal import Response
from mock_server.operations import reading
from mock_server.operations.table import Handler
from mock_server.spec import Answer, Call, Contract, Operation
from mock_server.store import contacts
from mock_server.store.accounts import PAYMENTS, Credentials
from mock_server.store.session import Session
from mock_server.web import exchange
from mock_server.web.keys import authorised

_READING, _TRACKING = "/reading", "/tracking"


@mutant
def reading_shows_every_list() -> None:
    """A contact is read with all lists, whatever `extend` says."""
    every = {"extend": list(reading.EXTENSIONS)}
    handle("read_contact", lambda original, call, session: original(call._replace(query=every), session))


@mutant
def reading_finds_the_email_first() -> None:
    """A contact is read by email first."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        found = contacts.find_anywhere(session, None, call.path["contact_id_or_email"])
        path = {**call.path, "contact_id_or_email": found["contact_id"]} if found else call.path
        return original(call._replace(path=path), session)

    handle("read_contact", around)


@mutant
def reading_sees_one_integration() -> None:
    """Only contacts of the payments integration are read."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        scoped = session.scoped_to(session.scope["generation"], PAYMENTS)
        if contacts.find(scoped, call.path["contact_id_or_email"], call.path["contact_id_or_email"]) is None:
            raise ApiError(404, "there is no such contact")
        return original(call, session)

    handle("read_contact", around)


@mutant
def unknown_contacts_are_read_as_nobody() -> None:
    """A contact that does not exist is read as one without values."""
    nobody = orjson.dumps({"data": {"contact_id": "0", "custom_fields": {}}})
    _change_status(_READING, 404, lambda response: replace(response, status=200, body=nobody))


@mutant
def reading_errors_have_a_list() -> None:
    """Errors of reading have the envelope of the import API."""
    body = b'{"status": "error", "errors": ["no"]}'
    change_responses(lambda _, response: replace(response, body=body) if response.status >= 400 else response, _READING)


@mutant
def reading_needs_no_key() -> None:
    """Any key opens reading."""

    def authorise(
        credentials: Credentials | None, account_id: str, integration_id: str, key: str, session: Session
    ) -> tuple[Credentials, tuple[Finding, ...]]:
        own = credentials.api_key if credentials and not integration_id else key
        return authorised(credentials, account_id, integration_id, own, session)

    patch(exchange, "authorised", authorise)


@mutant
def reports_are_not_found() -> None:
    """What is not played of reading is 404."""
    _change_status(_READING, 501, lambda response: replace(response, status=404))


@mutant
def custom_fields_keep_their_types() -> None:
    """Custom fields are read as they were imported, numbers as numbers."""
    patch(reading, "as_text", lambda value: value)


@mutant
def read_dates_have_no_offset() -> None:
    """Dates are read without their offset."""
    patch(reading, "to_the_second", lambda instant: instant[:19])


@mutant
def totals_are_what_was_paid() -> None:
    """The total of an order is read as what was paid of it."""
    original = reading.order_as_read

    def order_as_read(order: dict[str, Any]) -> dict[str, Any]:
        read = original(order)
        return read | {"total": read["total_paid"]}

    patch(reading, "order_as_read", order_as_read)


@mutant
def anybody_is_identified() -> None:
    """A visitor without email and contact is identified."""
    _change_status(_TRACKING, 400, _as_success)


@mutant
def any_account_is_tracked() -> None:
    """A visitor of an unknown account is identified."""
    _change_status(_TRACKING, 404, _as_success)


@mutant
def former_names_are_unknown() -> None:
    """The names that parameters of tracking had before are not read."""
    original = Contract.read_query

    def read_query(self: Contract, operation: Operation, path: str, form: bytes) -> Any:
        names: Mapping[str, str] = {}
        return original(self, replace(operation, former_names=names), path, form)

    patch(Contract, "read_query", read_query)


def _as_success(response: Response) -> Response:
    return replace(response, status=200, body=b'{"status": "success"}')


def _change_status(mount: str, status: int, change: Any) -> None:
    change_responses(lambda _, response: change(response) if response.status == status else response, mount)
