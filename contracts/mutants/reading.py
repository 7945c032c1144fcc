"""Mutants of what is read: bodies, paths, dates, amounts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from contracts.mutants.patches import answers, bodies, changed, handler, mutant, patch
from mock_server.errors import ApiError
from mock_server.handlers import Handler
from mock_server.journal import Entry
from mock_server.spec import Answer, Call, Contract, values
from mock_server.store.database import Session
from mock_server.web import exchange, request
from mock_server.web.exchange import ImportApi
from mock_server.web.request import Request


@mutant
def invalid_is_accepted() -> None:
    """A body that breaks the contract is answered with success."""
    shown = {"upsert_contact": "contact", "upsert_invoice": "invoice", "upsert_product": "product"}

    def change(_: Request, entry: Entry, body: dict[str, Any]) -> dict[str, Any] | None:
        if entry.status != 400 or entry.operation not in shown:
            return None
        entry.status = 200
        return {"status": "success", shown[entry.operation]: {"id": "1", "contact_id": "1"}}

    answers(change)


@mutant
def missing_paid_is_nothing() -> None:
    """An invoice without `paid` is accepted."""
    bodies(lambda name, body: {"paid": 0} | body if name == "upsert_invoice" and isinstance(body, dict) else body)


@mutant
def texts_pass_for_numbers() -> None:
    """What can be read as meant is accepted: `"4500"` for 4500."""
    original = Contract.read_body

    def read_body(self: Contract, operation: Any, body: Any, **options: Any) -> Any:
        return original(self, operation, body, **{**options, "lenient": True})

    patch(Contract, "read_body", read_body)


@mutant
def empty_items_are_accepted() -> None:
    """An invoice may have no items."""
    item = {"name": "none", "product_id": "none", "amount": 0}

    def change(name: str, body: Any) -> Any:
        return (
            body | {"items": [item]}
            if name == "upsert_invoice" and isinstance(body, dict) and body.get("items") == []
            else body
        )

    bodies(change)


@mutant
def surplus_is_refused() -> None:
    """A field that the contract does not know is 400."""
    known = {"contact_id", "email", "first_name", "tags", "id", "name", "ad", "spend", "date", "items", "custom_fields"}

    def change(name: str, body: Any) -> Any:
        if name in ("upsert_product", "add_tags") and isinstance(body, dict) and body.keys() - known:
            raise ApiError(400, "there is a field that nobody knows")
        return body

    bodies(change)


@mutant
def non_ascii_fails() -> None:
    """500 on a text that is not ASCII."""
    bodies(lambda _, body: orjson.dumps(body).decode("ascii") and body)


@mutant
def long_text_fails() -> None:
    """500 on an id of more than 200 characters."""

    def change(_: str, body: Any) -> Any:
        assert not isinstance(body, dict) or len(str(body.get("id") or body.get("contact_id"))) <= 200
        return body

    bodies(change)


@mutant
def slash_in_an_id_fails() -> None:
    """500 on a deletion whose id has a slash or a blank."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        assert not {"/", " "} & set(call.path["id"])
        return original(call, session)

    handler("delete_invoice", around)


@mutant
def path_is_not_decoded() -> None:
    """What a path names stays percent-encoded."""
    patch(request, "_decode", lambda segment: segment.decode("latin-1"))


@mutant
def cut_off_json_is_mended() -> None:
    """A body that was cut off is completed and stored."""
    original = vars(exchange)["parse_json"]

    def parse_json(raw: bytes) -> Any:
        try:
            return original(raw)
        except ApiError:
            return original(raw + b"}")

    patch(exchange, "parse_json", parse_json)


@mutant
def huge_integers_lose_digits() -> None:
    """Integers of more than 64 bits and deep JSON are accepted."""
    patch(exchange, "parse_json", orjson.loads)


@mutant
def media_type_is_ignored() -> None:
    """Any media type is read as JSON."""
    original = ImportApi._read

    def read(self: ImportApi, route: Any, access: Any, request: Request, entry: Entry) -> Any:
        request = request._replace(head=request.head._replace(is_json=True))
        return original(self, route, access, request, entry)

    patch(ImportApi, "_read", read)


@mutant
def any_size_is_read() -> None:
    """There is no limit for a body."""
    original = ImportApi.__init__

    def init(self: ImportApi, *values: Any, **options: Any) -> None:
        original(self, *values, **options | {"max_body_bytes": 2**30})

    patch(ImportApi, "__init__", init)


@mutant
def amounts_are_truncated() -> None:
    """Cents are cut to whole units."""
    handler("upsert_invoice", lambda original, call, session: original(
        changed(call, amount=call.body["amount"] // 100 * 100), session))  # fmt: skip


@mutant
def offsets_are_dropped() -> None:
    """A date's offset is ignored."""

    def read_instant(value: str) -> str:
        return f"{datetime.fromisoformat(value).replace(tzinfo=None).isoformat()}+00:00"

    _reader("instant", read_instant)


@mutant
def day_is_that_of_the_offset() -> None:
    """An ad's day is that where the date was written."""
    _reader("day", lambda value: value[:10])


@mutant
def dates_have_no_offset() -> None:
    """Answers give dates without an offset."""
    answers(lambda _, entry, __: _raw(entry, entry.answer_body.replace(b"+00:00", b"")))


def _raw(entry: Entry, body: bytes) -> None:
    entry.answer_body = body


def _reader(kind: str, reader: Callable[[str], str]) -> None:
    patch(values, "READERS", {**values.READERS, kind: reader})
