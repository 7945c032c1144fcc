"""The state that one sandbox must hold after the accepted calls, by the contract suite's reference model."""

import json
from typing import Any

from benchmarks.endurance.fuzzing.calls import Call
from benchmarks.endurance.fuzzing.frames import Input
from benchmarks.endurance.fuzzing.raw import Answer
from benchmarks.endurance.load import every_row
from benchmarks.endurance.run import require
from client_tests.sandbox import Sandbox
from contracts.checks import same
from contracts.document import Document, loads
from contracts.model import ANY, NOW, ReferenceModel

_IDS = {"contact": "contact_id", "tags": "contact_id", "ad": "ad"}
_NAMES = {"contact": "contact", "tags": "contact", "ad": "ad_performance"}
# Of the model's rows; an order's contact is the one that has its id or email now, not when it came.
_NOT_COMPARED = ("key", "tags", "contact_id")


class Model:
    """Checks each response. Raises BrokenPromiseError for one that is impossible."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._model = ReferenceModel(document)
        self._products: set[str] = set()
        self.accepted = 0

    def take(self, input: Input, answers: list[Answer]) -> None:
        for answer in answers:
            require(answer.status < 500, f"an answer {answer.status} that was not asked for: {answer.body[:1000]!r}")
            if answer.status >= 400 and answer.body:
                require(_is_refusal(answer.body), f"a refusal that is not in the envelope: {answer.body[:1000]!r}")
        if input.whole:
            statuses = [answer.status for answer in answers]
            require(len(answers) == len(input.calls), f"{len(input.calls)} calls and the answers {statuses}")
            for call, answer in zip(input.calls, answers, strict=True):
                expected = self._expected_status(call)
                require(
                    answer.status == expected or (expected != 200 and answer.status >= 400),
                    f"{call.operation.name} must be {expected}, and is {answer.status}: {answer.body[:1000]!r}",
                )
                if answer.status == 200:
                    self._accept(call, json.loads(answer.body))
            return
        open_calls = list(input.calls)
        for answer in answers:
            shown = _success_body(answer)
            if shown is not None:
                found = next((call for call in open_calls if _may_answer(call, shown)), None)
                require(found is not None, f"accepted what was not sent: {answer.body[:1000]!r}")
                assert found is not None
                open_calls.remove(found)
                self._accept(found, shown)

    def compare(self, sandbox: Sandbox) -> None:
        """Compare the stored state with the accepted calls. Raises BrokenPromiseError with the row that differs."""
        stored = self._model.stored
        self._compare(sandbox, "contacts", self._model.contacts, "contact_id")
        self._compare(sandbox, "invoices", stored["invoice"], "id")
        self._compare(sandbox, "subscriptions", stored["subscription"], "id")
        self._compare(sandbox, "products", stored["product"], "id", also=self._products)
        self._compare(sandbox, "ad_performance", self._model.figures, "ad", "date")

    def _compare(
        self,
        sandbox: Sandbox,
        resource: str,
        expected: dict[Any, Any],
        *key: str,
        also: set[str] = frozenset(),  # type: ignore[assignment]
    ) -> None:
        rows = {
            (row[key[0]] if len(key) == 1 else tuple(row[name] for name in key)): row
            for row in every_row(sandbox, resource)
        }
        for id in rows.keys() ^ expected.keys():
            require(id in also and id in rows, f"{resource}: {id} is {rows.get(id)}, and must be {expected.get(id)}")
        for id, row in expected.items():
            for name, value in row.items():
                if name not in _NOT_COMPARED:
                    fits = _fits(name, value, rows[id][name], self.document.instants)
                    require(fits, f"{resource}: {name} of {id} is {rows[id][name]!r}, and must be {value!r}")
            if resource == "contacts":
                tags = sorted((tag.id or "", tag.name or "", date) for tag, date in row["tags"])
                shown = sorted((tag["id"], tag["name"] or "", tag["date"]) for tag in rows[id]["tags"])
                require(
                    same([list(one) for one in tags], [list(one) for one in shown]),
                    f"tags of {id} are {shown}, not {tags}",
                )

    def _expected_status(self, call: Call) -> int:
        """Return the status that a correctly framed call must get; 400 stands for any refusal."""
        body = None
        if call.operation.body is not None:
            try:
                body = loads(call.body.decode())
                # What a later key of the same name hides must be sound as well.
                every_pair = json.loads(call.body, object_pairs_hook=list, parse_int=_of_64_bits)
                json.dumps(every_pair, allow_nan=False, ensure_ascii=False).encode()
            except (ValueError, RecursionError):
                return 400
        if not self.document.fits(call.operation, call.named, body):
            return 400
        refusal = self._model.expected_error(call.operation, call.named, body)
        return refusal.status if refusal else 200

    def _accept(self, call: Call, shown: dict[str, Any]) -> None:
        expected = self._expected_status(call)
        require(expected == 200, f"{call.operation.name} was accepted, and must be refused with {expected}")
        self.accepted += 1
        body = loads(call.body) if call.operation.body is not None else None
        outcome = self._model.apply(call.operation, call.named, body, shown)
        if body is not None:
            self._check_answer(outcome.expected, shown[_NAMES.get(call.operation.resource, call.operation.resource)])
            read = self.document.normalize(call.operation, body)
            self._products |= {one["product_id"] for one in (read, *read.get("items", ())) if "product_id" in one}

    def _check_answer(self, expected: Any, shown: Any) -> None:
        many = zip(expected, shown, strict=True) if isinstance(expected, list) else [(expected, shown)]
        for must, got in many:
            for name, value in must.items():
                if name not in ("key", "tags") and value not in (ANY, NOW):
                    # A field without a value is left out.
                    fits = _fits(name, value, got.get(name), self.document.instants)
                    require(fits, f"{name} is answered as {got.get(name)!r}, not {value!r}")


def _fits(name: str, expected: Any, got: Any, instants: frozenset[str]) -> bool:
    """Return whether two values are equal: dates as instants, items in the fields of the contract."""
    if name == "items" and isinstance(got, list) and len(got) == len(expected):
        return all(
            same(must[key], shown[key])
            for must, shown in zip(expected, got, strict=True)
            for key in must.keys() & shown.keys()
        )
    return same(expected, got, name in instants)


def _success_body(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON of a response that says that a call was applied, else None."""
    try:
        shown = json.loads(answer.body)
    except ValueError:
        return None
    return shown if answer.status == 200 and isinstance(shown, dict) and shown.get("status") == "success" else None


def _may_answer(call: Call, shown: dict[str, Any]) -> bool:
    """Return whether a response may be the one to this call."""
    if call.operation.body is None:
        return shown.get("deleted") is True and shown["object"] == call.operation.resource and shown["id"] == call.named
    return _NAMES.get(call.operation.resource, call.operation.resource) in shown


def _of_64_bits(digits: str) -> int:
    if not -(2**63) <= (number := int(digits)) < 2**64:
        raise ValueError(digits)
    return number


def _is_refusal(body: bytes) -> bool:
    try:
        shown = json.loads(body)
    except ValueError:
        return False
    return isinstance(shown, dict) and shown.get("status") == "error" and bool(shown.get("errors"))
