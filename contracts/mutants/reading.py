"""Mutants of how requests are read: bodies, paths, dates, amounts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from contracts.mutants.patches import change_requests, change_responses, handle, mutant, patch, with_fields
from mock_server import serving
from mock_server.errors import ApiError
from mock_server.journal import Response
from mock_server.operations.table import Handler
from mock_server.settings import ServeSettings
from mock_server.spec import Answer, Call, Contract, Operation, contract, values
from mock_server.spec.json_body import parse_json
from mock_server.store.database import Database
from mock_server.store.session import Session
from mock_server.web import exchange
from mock_server.web.app import App, build_app


@mutant
def invalid_is_accepted() -> None:
    """A body that breaks the contract is answered with success."""
    stored = {"upsert_contact": "contact", "upsert_invoice": "invoice", "upsert_product": "product"}

    def change(operation: str, response: Response) -> Response:
        if response.status != 400 or operation not in stored:
            return response
        body = {"status": "success", stored[operation]: {"id": "1", "contact_id": "1"}}
        return replace(response, status=200, body=orjson.dumps(body))

    change_responses(change)


@mutant
def missing_paid_is_nothing() -> None:
    """An invoice without `paid` is accepted."""

    def change(operation: str, body: Any) -> Any:
        return {"paid": 0} | body if operation == "upsert_invoice" and isinstance(body, dict) else body

    change_requests(change)


@mutant
def texts_pass_for_numbers() -> None:
    """A value of the wrong type that can be converted is accepted: `"4500"` for 4500."""
    original = Contract.read_values

    def read_values(self: Contract, operation: Operation, sent: Any, **options: Any) -> Any:
        return original(self, operation, sent, **{**options, "lenient": True})

    patch(Contract, "read_values", read_values)


@mutant
def empty_items_are_accepted() -> None:
    """An invoice may have no items."""
    item = {"name": "none", "product_id": "none", "amount": 0}

    def change(operation: str, body: Any) -> Any:
        is_empty = operation == "upsert_invoice" and isinstance(body, dict) and body.get("items") == []
        return body | {"items": [item]} if is_empty else body

    change_requests(change)


@mutant
def surplus_is_refused() -> None:
    """A field that is not in the contract is 400."""
    known = {"contact_id", "email", "first_name", "tags", "id", "name", "ad", "spend", "date", "items", "custom_fields"}

    def change(operation: str, body: Any) -> Any:
        if operation in ("upsert_product", "add_tags") and isinstance(body, dict) and body.keys() - known:
            raise ApiError(400, "there is an unknown field")
        return body

    change_requests(change)


@mutant
def non_ascii_fails() -> None:
    """500 for text that is not ASCII."""

    def change(_: str, body: Any) -> Any:
        assert orjson.dumps(body).isascii()
        return body

    change_requests(change)


@mutant
def long_text_fails() -> None:
    """500 for an id of more than 200 characters."""

    def change(_: str, body: Any) -> Any:
        assert not isinstance(body, dict) or len(str(body.get("id") or body.get("contact_id"))) <= 200
        return body

    change_requests(change)


@mutant
def slash_in_an_id_fails() -> None:
    """500 for a deletion whose id has a slash or a space."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        assert not {"/", " "} & set(call.path["id"])
        return original(call, session)

    handle("delete_invoice", around)


@mutant
def path_is_not_decoded() -> None:
    """What a path names stays percent-encoded."""
    patch(contract, "segments", lambda path: path.partition("?")[0].split("/")[2:])


@mutant
def cut_off_json_is_mended() -> None:
    """A body that was cut off is completed and stored."""

    def parse(raw: bytes, _: str = "") -> Any:
        try:
            return parse_json(raw)
        except ApiError:
            return parse_json(raw + b"}")

    patch(exchange, "parse_json", parse)


@mutant
def huge_integers_lose_digits() -> None:
    """Integers of more than 64 bits and deeply nested JSON are accepted."""

    def parse(raw: bytes, _: str = "") -> Any:
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            return parse_json(raw)

    patch(exchange, "parse_json", parse)


@mutant
def media_type_is_ignored() -> None:
    """Any media type is read as JSON."""
    patch(exchange, "is_json", lambda request: True)


@mutant
def any_size_is_read() -> None:
    """There is no limit to the size of a body."""

    def build(contract: Contract, database: Database, settings: ServeSettings, **options: Any) -> App:
        return build_app(contract, database, replace(settings, max_body_bytes=2**30), **options)

    patch(serving, "build_app", build)


@mutant
def amounts_are_truncated() -> None:
    """Cents are truncated to whole units."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        return original(with_fields(call, amount=call.body["amount"] // 100 * 100), session)

    handle("upsert_invoice", around)


@mutant
def offsets_are_dropped() -> None:
    """A date's offset is ignored."""
    _read("instant", lambda value: f"{datetime.fromisoformat(value).replace(tzinfo=None).isoformat()}+00:00")


@mutant
def day_is_that_of_the_offset() -> None:
    """An ad's day is the local one of the date's offset."""
    _read("day", lambda value: value[:10])


@mutant
def dates_have_no_offset() -> None:
    """Responses have dates without an offset."""
    change_responses(lambda _, response: replace(response, body=response.body.replace(b"+00:00", b"")))


@mutant
def nulls_are_left_out() -> None:
    """A field that is null is taken for one that is left out."""

    def change(_: str, body: Any) -> Any:
        return {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else body

    change_requests(change)


def _read(kind: str, reader: Callable[[str], str]) -> None:
    """Read the values of an `x-value` by `reader`."""
    patch(values, "READERS", {**values.READERS, kind: reader})
