"""Clients that use every operation, each on ids of its own, and know what must be stored.

All parts of what one call stores carry the same number, its version, so that a half-written call is detected.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.endurance.run import BrokenPromiseError
from client_tests.sandbox import Sandbox
from mock_server.store.accounts import DEFAULT_SANDBOX

# A resource of the state and an id; of figures also their date.
Key = tuple[str, ...]

Row = Mapping[str, Any]

_IDS = 12
_DATES = ("2026-01-01", "2026-01-02", "2026-01-03")
_SHOWN = {
    "contacts": ("contact_id", "email", "first_name", "last_name", "custom_fields"),
    "invoices": ("id", "email", "amount", "paid"),
    "subscriptions": ("id", "email", "amount", "quantity", "billing_cycle"),
    "products": ("id", "name"),
    "ad_performance": ("ad", "date", "spend", "clicks", "impressions"),
}
_ITEM = ("name", "product_id", "amount")


@dataclass(frozen=True, slots=True)
class Call:
    """A call and its effect: `after` is the row of `key` then, None when deleted. `status`: the expected one."""

    method: str
    path: str
    body: Any = None
    integration: str = "payments"
    key: Key = ()
    after: Row | None = None
    status: int = 200


class Client:
    """Makes calls and remembers what was acknowledged. `padding`: characters that make a contact larger."""

    def __init__(self, number: int, seed: int, *, padding: int = 0) -> None:
        self.stored: dict[Key, Row] = {}
        # Sent, and not answered yet.
        self.pending: Call | None = None
        self.acknowledged = 0
        self._name = f"client-{number}"
        self._rng = random.Random(f"{seed}-{number}")
        self._padding = "x" * padding
        self._version = 0
        self._calls: list[Callable[[], Call]] = [
            *[self._contact] * 4, *[self._add_tags] * 2, self._remove_tags, self._delete_contact,
            *[self._invoice] * 4, self._delete_invoice, *[self._subscription] * 2, self._delete_subscription,
            self._product, *[self._figures] * 2, self._bad_value, self._unknown_path,
        ]  # fmt: skip

    def call(self) -> Call:
        """Return the next call, which is pending until `take`."""
        self._version += 1
        self.pending = self._rng.choice(self._calls)()
        return self.pending

    def take(self, status: int, text: str) -> None:
        """Take the response to the pending call. Raises BrokenPromiseError when it is not the expected one."""
        call = self.pending
        assert call is not None
        if status != call.status:
            raise BrokenPromiseError(
                f"{call.method} {call.path} was answered with {status}, not {call.status}: {text[:1000]}"
            )
        self.acknowledged += 1
        self.finish_pending(applied=True)

    def finish_pending(self, *, applied: bool) -> None:
        """Remember the effect of the pending call if it was applied."""
        call, self.pending = self.pending, None
        if applied and call and call.key:
            self.stored.pop(call.key, None)
            if call.after is not None:
                self.stored[call.key] = call.after

    def send(self, sandbox: Sandbox) -> None:
        """Send the next call and take its response. Raises httpx.TransportError when there is none."""
        call = self.call()
        answer = sandbox.send(call.method, call.path, integration=call.integration, json=call.body)
        self.take(answer.status_code, answer.text)

    def _id(self, resource: str) -> str:
        return f"{self._name}-{resource}-{self._rng.randrange(_IDS)}"

    def _known(self, resource: str) -> str:
        """Return an id that is stored, or an empty text."""
        return self._rng.choice([key[1] for key in self.stored if key[0] == resource] or [""])

    def _contact(self) -> Call:
        id, version = self._id("contact"), f"v{self._version}"
        fields = {"version": version, "again": version, "padding": self._padding}
        row = {"contact_id": id, "email": f"{id}@example.org", "first_name": version, "last_name": version}
        tags = self._tags(id)
        body = {**row, "tags": [{"id": tag, "name": tag} for tag in tags], "custom_fields": fields}
        return _upsert("contact", body, ("contacts", id), {**row, "custom_fields": fields, "tags": set(tags)})

    def _tags(self, contact_id: str) -> list[str]:
        return self._rng.sample([f"{contact_id}-tag-{number}" for number in range(4)], self._rng.randrange(4))

    def _add_tags(self) -> Call:
        return self._change_tags("tags/add", lambda stored, sent: stored | sent)

    def _remove_tags(self) -> Call:
        return self._change_tags("tags/remove", lambda stored, sent: stored - sent)

    def _change_tags(self, path: str, change: Callable[[set[str], set[str]], set[str]]) -> Call:
        if not (id := self._known("contacts")):
            return self._contact()
        row, tags = self.stored["contacts", id], self._tags(id)
        body = {"contact_id": id, "tags": [{"id": tag} for tag in tags]}
        return _upsert(path, body, ("contacts", id), {**row, "tags": change(row["tags"], set(tags))})

    def _invoice(self) -> Call:
        id, version = self._id("invoice"), f"v{self._version}"
        amounts = [self._version + place for place in range(self._rng.randrange(1, 5))]
        items = [
            {"name": version, "product_id": f"{id}-item-{place}", "amount": amount}
            for place, amount in enumerate(amounts)
        ]
        row = {"id": id, "email": f"{self._id('contact')}@example.org", "amount": sum(amounts), "paid": self._version}
        return _upsert(
            "invoice", {**row, "date_created": _DATES[0], "items": items}, ("invoices", id), {**row, "items": items}
        )

    def _subscription(self) -> Call:
        id = self._id("subscription")
        row = {"id": id, "email": f"{self._id('contact')}@example.org", "amount": self._version}
        row |= {"quantity": self._version, "billing_cycle": self._rng.choice(["month", "year"])}
        dates = {"start_date": _DATES[0], "last_bill_date": _DATES[1]}
        body = {**row, **dates, "product_id": f"{id}-product", "frequency": 1}
        return _upsert("subscription", body, ("subscriptions", id), row)

    def _product(self) -> Call:
        row = {"id": self._id("product"), "name": f"v{self._version}"}
        return _upsert("product", row, ("products", row["id"]), row)

    def _figures(self) -> Call:
        ad, date = self._id("ad"), self._rng.choice(_DATES)
        row = {"date": date} | dict.fromkeys(("spend", "clicks", "impressions"), self._version)
        body = {**row, "ad": {"id": ad, "name": ad}}
        return Call("POST", "ad/performance", body, "ads", ("ad_performance", ad, date), {**row, "ad": ad})

    def _delete_contact(self) -> Call:
        return self._delete("contact")

    def _delete_invoice(self) -> Call:
        return self._delete("invoice")

    def _delete_subscription(self) -> Call:
        return self._delete("subscription")

    def _delete(self, resource: str) -> Call:
        id = self._known(f"{resource}s")
        return Call("DELETE", f"{resource}/{id}", key=(f"{resource}s", id)) if id else self._product()

    def _bad_value(self) -> Call:
        return Call("POST", "invoice", {"id": self._id("invoice"), "amount": "much"}, status=400)

    def _unknown_path(self) -> Call:
        return Call("POST", "contacts", {}, status=404)


def demo(origin: str, http: httpx.Client) -> Sandbox:
    """Return the default sandbox of a server."""
    return Sandbox(origin, DEFAULT_SANDBOX.account_id, DEFAULT_SANDBOX.api_key, http)


def http_client() -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=60)


def check_stored(sandbox: Sandbox, clients: Iterable[Client]) -> None:
    """Check that the stored state is what was acknowledged; a pending call was applied completely or not at all.

    Raises BrokenPromiseError with the rows that differ.
    """
    stored = {key: row for resource in _SHOWN for key, row in _rows(sandbox, resource)}
    expected: dict[Key, Row] = {}
    for client in clients:
        if client.pending:
            client.finish_pending(applied=stored.get(client.pending.key) == client.pending.after)
        expected |= client.stored
    for key in expected.keys() | {
        key for key in stored if key[0] != "products" or re.search("-product-[0-9]+$", key[1])
    }:
        if expected.get(key) != stored.get(key):
            raise BrokenPromiseError(f"{' '.join(key)} is {stored.get(key)}; acknowledged was {expected.get(key)}")
    for key, row in stored.items():
        for item in row.get("items", ()):
            if ("products", item["product_id"]) not in stored:
                raise BrokenPromiseError(f"{' '.join(key)} names the product {item['product_id']}, which is not stored")


def every_row(sandbox: Sandbox, resource: str) -> Iterator[dict[str, Any]]:
    """Yield all rows of a resource of the state, page by page."""
    page = sandbox.state(resource=resource)
    yield from page[resource]
    while "next" in page:
        page = sandbox.state(resource=resource, after=page["next"])
        yield from page[resource]


def _rows(sandbox: Sandbox, resource: str) -> Iterator[tuple[Key, Row]]:
    """Return all rows of a resource by key, with the fields that the clients send."""
    for row in every_row(sandbox, resource):
        shown = {name: row[name] for name in _SHOWN[resource]}
        if resource == "contacts":
            shown["tags"] = {tag["id"] for tag in row["tags"]}
        if resource == "invoices":
            shown["items"] = [{name: item[name] for name in _ITEM} for item in row["items"]]
        names = ("ad", "date") if resource == "ad_performance" else _SHOWN[resource][:1]
        yield (resource, *(str(row[name]) for name in names)), shown


def _upsert(path: str, body: Any, key: Key, after: Row) -> Call:
    return Call("POST", path, body, key=key, after=after)
