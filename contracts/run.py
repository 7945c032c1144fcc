"""One run of the suite against one server: its calls, its world, its steps."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests

from contracts.document import Document, Operation, loads
from contracts.world import Names, Outcome, Refusal, Row, World, dumps

_LOOPBACK = ("localhost", "127.", "::1")
_RESULTS = {"tags": "contact", "ad": "ad_performance"}
_OFTEN = 8


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom the calls are for."""

    account_id: str
    integration_id: str
    api_key: str


class Api:
    """Calls of the import API. `base_url` ends in `/api`."""

    def __init__(self, base_url: str, credentials: Credentials) -> None:
        self.base_url = base_url.rstrip("/")
        self.credentials = credentials
        self.sent = 0
        self._http = requests.Session()
        self._http.trust_env = False

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        account_id: str | None = None,
        integration_id: str | None = None,
        **headers: str | None,
    ) -> requests.Response:
        """`body` is sent as JSON, `raw` as it is; a header of None is left out, `_` in its name is a dash."""
        self.sent += 1
        whose = self.credentials
        account, integration = account_id or whose.account_id, integration_id or whose.integration_id
        shown: dict[str, str | None] = {"Authorization": whose.api_key}
        if body is not None or raw is not None:
            shown["Content-Type"] = "application/json"
        shown |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.request(
            method,
            f"{self.base_url}/v1/{quote(account, safe='')}/{quote(integration, safe='')}{path}",
            data=raw if body is None else dumps(body),
            headers={name: value for name, value in shown.items() if value is not None},
            timeout=30,
        )


@dataclass(slots=True)
class Step:
    """One call and its answer, with what the world says of it.

    `ours`: sent as documented, to our integration and with our key. `valid`: `ours`, and the document takes it.
    `named`: what the path names, decoded. `sent`: the body, None where there is none or it is no JSON.
    `body`: its values as answers give them. `refusal`: why this valid call must be refused.
    `done`: answered with 200, and carried out. `outcome`: what the answer must show then.
    """

    run: "Run"
    operation: Operation
    request: requests.PreparedRequest
    status: int
    headers: Mapping[str, str]
    content: bytes
    ours: bool = False
    valid: bool = False
    named: str = ""
    sent: Any = None
    body: Row = field(default_factory=dict)
    refusal: Refusal | None = None
    done: bool = False
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def answer(self) -> Any:
        """The answer's JSON, or None."""
        try:
            return loads(self.content)
        except ValueError:
            return None

    @property
    def shown(self) -> Any:
        """The stored object in the answer, or None."""
        answer = self.answer
        name = _RESULTS.get(self.operation.resource, self.operation.resource)
        return answer.get(name) if isinstance(answer, dict) else None


class Run:
    """All that one run knows."""

    def __init__(self, document: Document, api: Api, *, seed: int, ads_id: str, other: Credentials | None) -> None:
        self.document = document
        self.api = api
        self.ads_id = ads_id
        self.other = Api(api.base_url, other) if other else None
        self.dice = random.Random(seed)
        self.is_local = (urlsplit(api.base_url).hostname or "").startswith(_LOOPBACK)
        family = f"smc{seed}-"
        self.prefix = f"{family}{self._count(family)}-"
        self.names = Names(document, self.prefix, integers=self.is_local)
        self.world = World(document)
        self.made: dict[tuple[str, str], None] = {("contact", f"{family}marker"): None}
        self._root = urlsplit(api.base_url).path + f"/v1/{quote(api.credentials.account_id, safe='')}"
        self._root += f"/{quote(api.credentials.integration_id, safe='')}"
        self._taken: dict[tuple[str, str], int] = {}

    def step(self, operation: Operation, request: requests.PreparedRequest, response: Any) -> Step:
        """What a call and its answer mean; a call that was carried out changes the world."""
        step = Step(self, operation, request, response.status_code, _flat(response.headers), response.content or b"")
        self._read(step)
        if step.valid:
            step.refusal = self.world.refusal(operation, step.named, step.sent)
            if operation.body is not None and step.refusal is None:
                step.body = self.document.read(operation, step.sent)
        if step.status == 200 and step.answer is not None and operation.method == "POST":
            self._remember(step)
        if step.status == 200 and step.valid and step.refusal is None:
            step.done = True
            step.outcome = self.world.carry_out(operation, step.named, step.sent, step.answer)
            step.outcome.expected = _frozen(step.outcome.expected)
            step.outcome.before = _frozen(step.outcome.before)
        return step

    def perform(self, name: str, body: Any = None, *, named: str = "", **options: Any) -> Step:
        """A call of our own. `named`: what the path names, not encoded."""
        operation = self.document.operations[name]
        response = self.api.send(operation.method, self.path(operation, named), body, **options)
        return self.step(operation, response.request, response)

    def path(self, operation: Operation, named: str) -> str:
        """The path below account and integration. `named`: what it names, not encoded."""
        return operation.path(quote(named, safe=""))

    def often(self, law: str, operation: Operation) -> bool:
        """True the first times that a law asks for an operation, then now and then: further calls cost time."""
        times = self._count_of(law, operation)
        return times <= _OFTEN or times % 10 == 0

    def once(self, law: str, operation: Operation, times: int = 1) -> bool:
        """True the first `times` that a law asks for an operation."""
        return self._count_of(law, operation) <= times

    def clean_up(self) -> int:
        """Deletes what the run made, and says how much of it is left."""
        left = 0
        for resource, id in reversed(self.made):
            answer = self.api.send("DELETE", f"/{resource}/{quote(id, safe='')}")
            left += answer.status_code not in (200, 404)
        return left

    def _count_of(self, law: str, operation: Operation) -> int:
        self._taken[law, operation.name] = times = self._taken.get((law, operation.name), 0) + 1
        return times

    def _count(self, family: str) -> int:
        """How many runs with this seed the server has seen: it stands in the name of a tag, for tags stay."""
        contact, tag = {"contact_id": f"{family}marker"}, f"{family}runs"
        operation = self.document.operations["upsert_contact"]
        answer = self.api.send("POST", operation.path(""), contact | {"tags": [{"id": tag}]})
        named = re.search(r'"name": ?"([0-9]{1,9})"', answer.text)
        count = int(named[1]) + 1 if named else 1
        self.api.send("POST", operation.path(""), contact | {"tags": [{"id": tag, "name": str(count)}]})
        return count

    def _read(self, step: Step) -> None:
        operation, request = step.operation, step.request
        path = urlsplit(request.url or "").path
        head = operation.template.partition("{")[0]
        if not path.startswith(self._root + head) or request.method != operation.method:
            return
        named = path.removeprefix(self._root + head)
        if (named == "") == ("{" in operation.template) or "/" in named:
            return
        if request.headers.get("Authorization") != self.api.credentials.api_key:
            return
        media_type = str(request.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
        if operation.body is not None and media_type != "application/json":
            return
        step.ours = True
        try:
            step.named = unquote(named, errors="strict")
            body = request.body if isinstance(request.body, bytes | str) else None
            step.sent = loads(body) if operation.body is not None else None
        except ValueError:
            return
        step.valid = self.document.fits(operation, step.named, step.sent)

    def _remember(self, step: Step) -> None:
        """Notes what may have been made, whether or not it should have been; only ids and emails of this run."""
        resource = _RESULTS.get(step.operation.resource, step.operation.resource)
        names = {"contact": ("contact_id", "email"), "invoice": ("id",), "subscription": ("id",)}.get(resource, ())
        sent = step.sent if isinstance(step.sent, dict) else {}
        for name in names:
            if self.names.is_own(sent.get(name)):
                self.made[resource, str(sent[name])] = None


def _frozen(expected: Any) -> Any:
    """An object as the answer writes it, apart from the world, which goes on changing."""
    if isinstance(expected, dict) and "tags" in expected:
        tags = [{"id": tag.id, "name": tag.name, "date": date} for tag, date in expected["tags"]]
        return {name: value for name, value in expected.items() if name != "key"} | {"tags": tags}
    return expected


def _flat(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): value[0] if isinstance(value, list) else value for name, value in headers.items()}
