"""Loading fast: rows that are plainly new are written many at a time; every other call goes through its handler.

What is stored is the same either way. A call is plainly new where its handler would only insert: an id that is not
there yet, an email that no contact has, a contact that exists, figures of an ad that is known.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mock_server.handlers import HANDLERS
from mock_server.handlers.tags import dated_tags
from mock_server.spec import Answer, Call
from mock_server.store import orders
from mock_server.store.ads import FIGURES
from mock_server.store.contacts import CONTACTS, email_key
from mock_server.store.database import Session
from mock_server.store.orders import INVOICES, SUBSCRIPTIONS
from mock_server.store.rows import Row, Rows

_BATCH = 5000
_BLANK_ITEM = dict.fromkeys(("id", "name", "product_id", "amount", "subscription_id", "total_paid"))
Body = Mapping[str, Any]


class Bulk:
    """The calls of one integration that is still empty. End with `flush`.

    `session`: within the integration; `like`: a call whose account, integration and time every call has.
    """

    def __init__(self, session: Session, like: Call) -> None:
        self._session = session
        self._like = like
        self._pending: dict[Rows, list[Row]] = {rows: [] for rows in (CONTACTS, INVOICES, SUBSCRIPTIONS, FIGURES)}
        self._contacts: set[str] = set()
        self._emails: set[str] = set()
        self._bought: dict[Rows, set[str]] = {INVOICES: set(), SUBSCRIPTIONS: set()}
        self._ads: set[str] = set()
        self._figures: set[tuple[str, str]] = set()
        self._named_products: set[str] = set()
        self._tags: dict[Any, str] = {}
        self._fast: Mapping[str, Callable[[Body], bool]] = {
            "upsert_contact": self._contact,
            "upsert_invoice": self._invoice,
            "upsert_subscription": self._subscription,
            "record_ad_performance": self._day,
        }

    def carry_out(self, operation: str, body: Body) -> None:
        """Raises ApiError where the handler does."""
        fast = self._fast.get(operation)
        if fast is None or not fast(body):
            self.flush()
            self._learn(operation, body, self.by_handler(operation, body))

    def by_handler(self, operation: str, body: Body) -> Answer:
        """The slow way, which every call of the API takes."""
        return HANDLERS[operation](self._like._replace(operation=operation, body=body), self._session)

    def flush(self) -> None:
        for rows in self._pending:
            self._write(rows)

    def _contact(self, body: Body) -> bool:
        id, email = body.get("contact_id"), body.get("email")
        key = None if email is None else email_key(email)
        if id is None or id in self._contacts or key in self._emails:
            return False
        row = {
            **body,
            "email_key": key,
            "date_created": body.get("date_created", self._like.received_at),
            "status": body.get("status") or "active",
            "custom_fields": {k: v for k, v in body.get("custom_fields", {}).items() if v is not None},
            "tags": self._dated(body["tags"]) if "tags" in body else {},
        }
        self._contacts.add(id)
        if key is not None:
            self._emails.add(key)
        return self._add(CONTACTS, row)

    def _invoice(self, body: Body) -> bool:
        if not self._is_new_purchase(INVOICES, body):
            return False
        order = body["id"]
        items = [_BLANK_ITEM | {"id": f"{order}-{place}"} | item for place, item in enumerate(body["items"], start=1)]
        for item in items:
            self._learn_product(item["product_id"], item["name"])
        return self._add(INVOICES, {**body, "items": items})

    def _subscription(self, body: Body) -> bool:
        if not self._is_new_purchase(SUBSCRIPTIONS, body):
            return False
        self._learn_product(body["product_id"], body.get("name"))
        return self._add(SUBSCRIPTIONS, {**body})

    def _is_new_purchase(self, rows: Rows, body: Body) -> bool:
        buyer, known = body.get("contact_id"), self._bought[rows]
        if body["id"] in known or (buyer is not None and buyer not in self._contacts):
            return False
        known.add(body["id"])
        return True

    def _day(self, body: Body) -> bool:
        ad = body["ad"]
        if "adset" in body or "adcampaign" in body or not isinstance(ad, str) or ad not in self._ads:
            return False
        if (ad, body["date"]) in self._figures:
            return False
        self._figures.add((ad, body["date"]))
        return self._add(FIGURES, {**body})

    def _learn(self, operation: str, body: Body, answer: Answer) -> None:
        """What a handler has made known."""
        match operation:
            case "upsert_contact" | "add_tags" | "remove_tags":
                contact = answer.body["contact"]
                self._contacts -= {before["contact_id"] for before in answer.before}
                self._contacts.add(contact["contact_id"])
                if contact["email"] is not None:
                    self._emails.add(email_key(contact["email"]))
                self._tags.clear()
            case "upsert_invoice":
                self._bought[INVOICES].add(body["id"])
            case "upsert_subscription":
                self._bought[SUBSCRIPTIONS].add(body["id"])
            case "record_ad_performance":
                figures = answer.body["ad_performance"]
                for figure in figures if isinstance(figures, list) else [figures]:
                    self._ads.add(figure["ad"])
                    self._figures.add((figure["ad"], figure["date"]))

    def _dated(self, tags: Iterable[Any]) -> dict[str, str]:
        """A contact's tags as `dated_tags` gives them; a form of a tag that was seen already keeps its number."""
        dated: dict[str, str] = {}
        for tag in tags:
            id, name, date = _parts(tag)
            number = self._tags.get((id, name))
            if number is None:
                number = self._number(tag, id, name)
            dated[number] = date or dated.get(number) or self._like.received_at
        return dated

    def _number(self, tag: Any, id: str | None, name: str | None) -> str:
        """Makes a tag known. One that brings an id may change what another form means, so these are forgotten."""
        (number,) = dated_tags(self._like._replace(body={"tags": [tag]}), self._session, {})
        if id is not None:
            self._tags.clear()
        elif name is not None and not name.isdigit():
            self._tags[id, name] = number
        return number

    def _learn_product(self, id: str, name: str | None) -> None:
        if id not in self._named_products:
            orders.learn_product(self._session, id, name)
            if name is not None:
                self._named_products.add(id)

    def _add(self, rows: Rows, row: Row) -> bool:
        pending = self._pending[rows]
        pending.append(row)
        if len(pending) >= _BATCH:
            self._write(rows)
        return True

    def _write(self, rows: Rows) -> None:
        if pending := self._pending[rows]:
            rows.add_many(self._session, pending)
            pending.clear()


def _parts(tag: Any) -> tuple[str | None, str | None, str | None]:
    """Id, name and date of a tag in any of its three forms; a text is taken for a name."""
    if isinstance(tag, dict):
        return tag.get("id"), tag.get("name"), tag.get("date")
    return (None, tag, None) if isinstance(tag, str) else (str(tag), None, None)
