"""One run of the suite against one server: its calls, its reference model, its steps."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests

from contracts.api import Api, Credentials, is_loopback
from contracts.document import Document, Operation, loads
from contracts.evidence import INVALID, acceptance_rule, refusal_rule
from contracts.model import ExpectedError, Outcome, ReferenceModel, Row
from contracts.names import Names
from contracts.other_apis import ReadingApi, TrackingApi

# Resources whose result has another name in the response.
_RESULTS = {"tags": "contact", "ad": "ad_performance"}

# How often `sampled` is true without a pause.
_ALWAYS_SAMPLED = 8


@dataclass(slots=True)
class Step:
    """One call and its response, with what the model says of them.

    `addressed`: sent as documented, to our integration and with our key. `valid`: `addressed`, and valid by the
    document. `path_id`: the id or email in the path, decoded. `sent`: the body, None where there is none or it is not
    JSON. `body`: its values as responses show them. `refusal`: the rule by which a call that is not valid is refused.
    `expected_error`: why this valid call must be refused.
    `acceptance`: the rule by which any other valid call is accepted. `uncertain`: it names an object of which the model
    does not know what the server holds, so that nothing can be said of its response.
    `applied`: answered with 200, and applied to the model. `outcome`: what the response must show then.
    """

    run: "Run"
    operation: Operation
    request: requests.PreparedRequest
    status: int
    headers: Mapping[str, str]
    content: bytes
    addressed: bool = False
    valid: bool = False
    path_id: str = ""
    sent: Any = None
    body: Row = field(default_factory=dict)
    refusal: str = ""
    expected_error: ExpectedError | None = None
    acceptance: str = ""
    uncertain: bool = False
    applied: bool = False
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def json(self) -> Any:
        """The response's JSON, or None."""
        try:
            return loads(self.content)
        except ValueError:
            return None

    @property
    def result(self) -> Any:
        """The stored object in the response, or None."""
        body = self.json
        return body.get(_result_name(self.operation)) if isinstance(body, dict) else None


class Run:
    """The state of one run. `number`: how many runs with this seed the server has had, this one included."""

    def __init__(
        self,
        document: Document,
        api: Api,
        *,
        seed: int,
        number: int,
        ads_id: str = "",
        second_account: Credentials | None = None,
        reading_url: str = "",
        tracking_url: str = "",
    ) -> None:
        self.document = document
        self.api = api
        self.ads_id = ads_id
        self.second_api = Api(api.base_url, second_account, api.ca_file) if second_account else None
        account = api.credentials
        self.reading = (
            ReadingApi(reading_url, document, account.account_id, account.api_key, api.ca_file) if reading_url else None
        )
        self.tracking = TrackingApi(tracking_url, document, api.ca_file) if tracking_url else None
        self.random = random.Random(seed)
        self.is_local = is_loopback(api.base_url)
        self.prefix = f"{seed_prefix(seed)}{number}-"
        self.names = Names(document, self.prefix, integers=self.is_local)
        self.model = ReferenceModel(document)
        # The fields that the server has answered so far, by resource: it leaves out those without a value.
        self.shown_fields: dict[str, set[str]] = {}
        self.created: dict[tuple[str, str], None] = {("contact", f"{seed_prefix(seed)}marker"): None}
        self._root = urlsplit(api.base_url).path + f"/v1/{quote(api.credentials.account_id, safe='')}"
        self._root += f"/{quote(api.credentials.integration_id, safe='')}"
        self._counts: dict[tuple[str, str], int] = {}
        self._uncertain: set[str] = set()

    def step(self, operation: Operation, request: requests.PreparedRequest, response: Any) -> Step:
        """Return the step of a call and its response; a successful call changes the model."""
        step = Step(self, operation, request, response.status_code, _flat(response.headers), response.content or b"")
        step.refusal = self._read(step)
        step.uncertain = not self._uncertain.isdisjoint(_named(step))
        if step.valid and not step.uncertain:
            step.expected_error = self.model.expected_error(operation, step.path_id, step.sent)
            if step.expected_error is None:
                step.acceptance = acceptance_rule(self.document, operation, step.path_id, step.sent)
            if operation.body is not None and step.expected_error is None:
                step.body = self.document.normalize(operation, step.sent)
        if step.status == 200 and step.json is not None and operation.method == "POST":
            self._record_created(step)
        if step.status == 200 and not step.acceptance:
            # Accepted, though the document refuses it: what the server made of it is unknown.
            self._uncertain |= self.model.forget(_written(step))
        if step.status == 200 and step.acceptance:
            step.applied = True
            step.outcome = self.model.apply(operation, step.path_id, step.sent, step.json)
            step.outcome.expected = _frozen(step.outcome.expected)
            step.outcome.before = _frozen(step.outcome.before)
            if isinstance(step.result, dict):
                self.shown_fields.setdefault(operation.resource, set()).update(step.result)
        return step

    def perform(self, name: str, body: Any = None, *, path_id: str = "", **options: Any) -> Step:
        """Send a call of the suite's own. `path_id`: the id or email of the path, not encoded."""
        operation = self.document.operations[name]
        response = self.api.send(operation.method, self.path(operation, path_id), body, **options)
        return self.step(operation, response.request, response)

    def path(self, operation: Operation, path_id: str) -> str:
        """Return the path below account and integration. `path_id`: not encoded."""
        return operation.path(quote(path_id, safe=""))

    def sampled(self, check: str, operation: Operation) -> bool:
        """Return True the first times that a check asks for an operation, then rarely: follow-up calls cost time."""
        times = self._count(check, operation)
        return times <= _ALWAYS_SAMPLED or times % 10 == 0

    def first(self, check: str, operation: Operation, times: int = 1) -> bool:
        """Return True the first `times` that a check asks for an operation."""
        return self._count(check, operation) <= times

    @property
    def follow_up_calls(self) -> int:
        """Return how many calls the suite has made of its own, of all APIs."""
        return sum(api.sent for api in (self.api, self.reading, self.tracking) if api)

    def clean_up(self) -> int:
        """Delete what the run created, and return how many of its objects remain."""
        remaining = 0
        for resource, id in reversed(self.created):
            response = self.api.send("DELETE", f"/{resource}/{quote(id, safe='')}")
            remaining += response.status_code not in (200, 404)
        return remaining

    def _count(self, check: str, operation: Operation) -> int:
        self._counts[check, operation.name] = times = self._counts.get((check, operation.name), 0) + 1
        return times

    def _read(self, step: Step) -> str:
        """Read the request into the step, and return the rule by which it is refused, empty where it is valid."""
        operation, request = step.operation, step.request
        path = urlsplit(request.url or "").path
        head = self._root + operation.template.partition("{")[0]
        encoded = path.removeprefix(head)
        if request.method != operation.method:
            return "other-method-405"
        if not path.startswith(self._root):
            return "unknown-integration-404"
        if not path.startswith(head) or (encoded == "") == ("{" in operation.template) or "/" in encoded:
            return "unknown-path-404"
        unreadable = ""
        try:
            step.path_id = unquote(encoded, errors="strict")
        except ValueError:
            unreadable = INVALID
        try:
            body = request.body if isinstance(request.body, bytes | str) else None
            step.sent = loads(body) if operation.body is not None else None
        except ValueError:
            unreadable = "broken-json-400"
        if request.headers.get("Authorization") != self.api.credentials.api_key:
            return "key-checked"
        media_type = str(request.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
        if operation.body is not None and media_type != "application/json":
            return "other-media-type-415"
        step.addressed = True
        if unreadable:
            return unreadable
        step.valid = self.document.fits(operation, step.path_id, step.sent)
        if step.valid:
            return ""
        if not self.document.fits_path(operation, step.path_id):
            return INVALID
        return refusal_rule(self.document, operation, step.sent)

    def _record_created(self, step: Step) -> None:
        """Record what may have been created, expected or not; only ids and emails of this run."""
        resource = _result_name(step.operation)
        names = {"contact": ("contact_id", "email"), "invoice": ("id",), "subscription": ("id",)}.get(resource, ())
        sent = step.sent if isinstance(step.sent, dict) else {}
        for name in names:
            if self.names.is_own(value := sent.get(name)):
                id = str(int(value) if isinstance(value, float) else value)  # 12.0 is the id 12
                self.created[resource, id] = None


def count_runs(document: Document, api: Api, seed: int) -> int:
    """Count this run on the server, and return how many with this seed it has had.

    The number is the name of a tag, because tags cannot be deleted.
    """
    contact, tag = {"contact_id": f"{seed_prefix(seed)}marker"}, f"{seed_prefix(seed)}runs"
    operation = document.operations["upsert_contact"]
    response = api.send("POST", operation.path(""), contact | {"tags": [{"id": tag}]})
    found = re.search(r'"name": ?"([0-9]{1,9})"', response.text)
    count = int(found[1]) + 1 if found else 1
    api.send("POST", operation.path(""), contact | {"tags": [{"id": tag, "name": str(count)}]})
    return count


def seed_prefix(seed: int) -> str:
    """Return what the ids of all runs with this seed start with."""
    return f"smc{seed}-"


def _named(step: Step) -> set[str]:
    """Return what a call names, such as `invoice 7` and `email ada@example.org`, in lower case."""
    kind = step.operation.resource
    if step.operation.method == "DELETE":
        named = {kind: [step.path_id], "email": [step.path_id] if kind == "contact" else []}
    elif isinstance(step.sent, dict):
        named = _ids_of(kind, step.sent) | {
            "contact": [step.sent.get("contact_id")],
            "email": [step.sent.get("email")],
        }
    else:
        return set()
    return _joined(named)


def _written(step: Step) -> set[str]:
    """Return what a call that was accepted may have changed, as `_named` does."""
    kind = step.operation.resource
    answered = step.result if isinstance(step.result, list) else [step.result]
    rows = [row for row in (step.sent, *answered) if isinstance(row, dict)]
    if step.operation.method == "DELETE" or kind in ("contact", "tags"):
        shown = {"contact": [row.get("contact_id") for row in rows], "email": [row.get("email") for row in rows]}
        return _joined(shown) | (_named(step) if step.operation.method == "DELETE" else set())
    return {name for row in rows for name in _joined(_ids_of(kind, row))}


def _ids_of(kind: str, row: Row) -> dict[str, list[Any]]:
    if kind != "ad":
        return {kind: [row.get("id")]}
    ads = row.get("ad")
    return {kind: [ad.get("id") if isinstance(ad, dict) else ad for ad in (ads if isinstance(ads, list) else [ads])]}


def _joined(named: dict[str, list[Any]]) -> set[str]:
    return {f"{kind} {id}".lower() for kind, ids in named.items() for id in ids if isinstance(id, str | int | float)}


def _result_name(operation: Operation) -> str:
    return _RESULTS.get(operation.resource, operation.resource)


def _frozen(expected: Any) -> Any:
    """Return an object as the response shows it, independent of the model, which goes on changing."""
    if isinstance(expected, dict) and "tags" in expected:
        tags = [{"id": tag.id, "name": tag.name, "date": date} for tag, date in expected["tags"]]
        return {name: value for name, value in expected.items() if name != "key"} | {"tags": tags}
    return expected


def _flat(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): value[0] if isinstance(value, list) else value for name, value in headers.items()}
