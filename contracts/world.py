"""What this run has stored and deleted, and what the server must answer next.

The world mirrors the rules of openapi.yaml for one integration: it says which valid call is refused, carries an
answered one out, and gives the object that the answer must show. What only the server can know (the ids that it
makes, what an ad had before) is ANY at first and learnt from the answer.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from contracts.document import Document, Operation

ANY = "<anything>"
NOW = "<the time of the call>"
MAX_DEPTH = 64
_INTEGERS = range(-(2**63), 2**64)
_SPAN = 10_000_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A valid call that must not succeed, and the rule that says so."""

    status: int
    rule: str


@dataclass(slots=True, eq=False)
class Tag:
    """A tag of the integration. `id`: None until the server says which it made."""

    number: int
    minted: bool
    id: str | None = None
    name: Any = None


@dataclass(slots=True)
class Outcome:
    """What an answered call must show.

    `how`: by what the object was found, "id", "email", or "new". `before`: the object until then.
    """

    expected: Any = None
    how: str = "new"
    before: Row = field(default_factory=dict)


class Names:
    """Turns each id and email into one of this run; only what carries `prefix` is touched.

    On loopback integers stay integers, in a range of the run's own; elsewhere they become texts with the prefix.
    """

    def __init__(self, document: Document, prefix: str, *, integers: bool) -> None:
        self._document = document
        self.prefix = prefix
        self._first = 10**12 + zlib.crc32(prefix.encode()) % 10**5 * _SPAN if integers else None

    def body(self, operation: Operation, body: Any) -> Any:
        return body if operation.body is None else self._document.visit(operation.body, body, self._own)

    def path(self, encoded: str) -> str:
        """A percent-encoded id or email of a path; it stays short enough to be valid as it is written."""
        own = self._own("email" if "@" in unquote(encoded) else "id", unquote(encoded))
        while len(quote(own, safe="")) > 255:
            own = own[:-1]
        return quote(own, safe="")

    def is_own(self, value: Any) -> bool:
        """Whether an id or email is one of this run."""
        if isinstance(value, str) and value.startswith(self.prefix):
            return True
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
        return self._first is not None and isinstance(number, int | float) and 0 <= number - self._first < _SPAN

    def _own(self, kind: str, value: Any) -> Any:
        if kind not in ("id", "email", "tag"):
            return value
        if not isinstance(value, str):
            if self._first is not None:
                return type(value)(self._first + int(value) % _SPAN)
            return {"id": f"{self.prefix}{int(value)}"} if kind == "tag" else f"{self.prefix}{int(value)}"
        if value.startswith(self.prefix):
            return value
        if kind == "email" and len(self.prefix + value) > 254:
            name, _, host = value.partition("@")
            return f"{self.prefix}{name[:100]}@{host[:100].strip('.')}"
        return (self.prefix + value)[:255]


class Tags:
    """The tags that the integration knows, the oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[str, Tag] = {}
        self._by_name: dict[str, list[Tag]] = {}
        self._made = 0

    def with_id(self, id: str | None) -> Tag | None:
        return None if id is None else self._by_id.get(id)

    def meant(self, tag: Any) -> list[Tag]:
        """Those that a removal names: one by id, all by name."""
        id, name = (tag.get("id"), tag.get("name")) if isinstance(tag, dict) else (str(tag), tag)
        known = self.with_id(id)
        return [known] if known else self._named(name)

    def learn(self, tag: Any) -> Tag:
        """The tag of any of the three forms, made known; a text is an id only where it is known as one."""
        if isinstance(tag, dict):
            id, name = tag.get("id"), tag.get("name")
        else:
            id, name = (str(tag), None) if isinstance(tag, int) or tag in self._by_id else (None, tag)
        named = self._named(name)
        known = self.with_id(id)
        if known is None:
            known = next((one for one in named if id is None or one.minted), None)
        if known is None:
            self._made += 1
            known = Tag(self._made, minted=id is None)
        if id is not None:
            self.give_id(known, id)
            known.minted = False
        if name is not None and name != known.name:
            if known.name is not None:
                self._by_name[known.name].remove(known)
            known.name = name
            self._by_name[name] = sorted([*named, known], key=lambda one: one.number)
        return known

    def _named(self, name: Any) -> list[Tag]:
        return list(self._by_name.get(name, ())) if isinstance(name, str) else []

    def give_id(self, tag: Tag, id: str) -> None:
        self._by_id.pop(tag.id or "", None)
        tag.id = id
        self._by_id[id] = tag


class World:
    """One integration as this run has made it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.contacts: dict[str, Row] = {}
        """By id, the oldest first. A contact's `tags` are pairs of a Tag and its date."""
        self.tags = Tags()
        self.stored: dict[str, dict[str, Row]] = {"invoice": {}, "subscription": {}, "product": {}}
        self.figures: dict[tuple[str, str], Row] = {}
        self._carry_out: Mapping[str, Callable[[Row, Any], Outcome]] = {
            "upsert_contact": self._upsert_contact,
            "add_tags": self._add_tags,
            "remove_tags": self._remove_tags,
            "upsert_invoice": lambda body, answer: self._upsert("invoice", body, answer),
            "upsert_subscription": lambda body, answer: self._upsert("subscription", body, answer),
            "upsert_product": lambda body, answer: self._upsert("product", body, answer),
            "record_ad_performance": lambda body, _: self._record(body),
        }

    def find(self, contact_id: Any, email: str | None) -> Row | None:
        """By id first, then by email; the oldest of those that share it."""
        return self.contacts.get(contact_id) or next(iter(self.with_email(email)), None)

    def with_email(self, email: str | None) -> list[Row]:
        key = None if email is None else email.lower()
        return [] if key is None else [one for one in self.contacts.values() if one["key"] == key]

    def refusal(self, operation: Operation, named: str, body: Any) -> Refusal | None:
        """Why a valid call must be refused, or None. `named`: what the path names, decoded."""
        if operation.method == "DELETE":
            there = self._named_contacts(named) if operation.resource == "contact" else self.stored[operation.resource]
            return None if there and (operation.resource == "contact" or named in there) else _unknown(operation)
        if exceeds_limits(body):
            return Refusal(400, "json-limits-400")
        read = self._document.read(operation, body)
        if operation.resource == "tags" and self.find(read.get("contact_id"), read.get("email")) is None:
            return Refusal(404, "tags-need-contact" if operation.name == "add_tags" else "removal-needs-contact")
        purchase = operation.resource in ("invoice", "subscription")
        if purchase and "contact_id" in read and read["contact_id"] not in self.contacts:
            return Refusal(400, f"{operation.resource}-contact-must-exist")
        return None

    def carry_out(self, operation: Operation, named: str, body: Any, answer: Any) -> Outcome:
        """Takes an answered call as done; `answer` is its JSON."""
        if operation.method == "POST":
            return self._carry_out[operation.name](self._document.read(operation, body), answer)
        if operation.resource != "contact":
            return Outcome(before=self.stored[operation.resource].pop(named))
        gone = self._named_contacts(named)
        how = "id" if named in self.contacts else "email"
        for contact in gone:
            del self.contacts[contact["contact_id"]]
        return Outcome(how=how, before={"contacts": gone})

    def _named_contacts(self, named: str) -> list[Row]:
        by_id = self.contacts.get(named)
        return [by_id] if by_id else self.with_email(named)

    def _upsert_contact(self, body: Row, answer: Any) -> Outcome:
        by_id = self.contacts.get(body.get("contact_id", ""))
        known = by_id or self.find(None, body.get("email"))
        before = known or {"contact_id": ANY, "status": "active", "custom_fields": {}, "tags": []}
        after = before | {
            name: value for name, value in body.items() if name not in ("status", "custom_fields", "tags")
        }
        after["status"] = body.get("status") or before["status"]
        merged = before["custom_fields"] | body.get("custom_fields", {})
        after["custom_fields"] = {name: value for name, value in merged.items() if value is not None}
        if "tags" in body:
            after["tags"] = self._dated(body["tags"], before["tags"])
        self._keep_contact(known, after, answer)
        return Outcome(after, "id" if by_id else "email" if known else "new", dict(known or {}))

    def _add_tags(self, body: Row, answer: Any) -> Outcome:
        known = self.find(body.get("contact_id"), body.get("email"))
        assert known is not None
        added = self._dated(body["tags"], known["tags"])
        new = [tag for tag, _ in added]
        kept = [(tag, date) for tag, date in known["tags"] if not _has(new, tag)]
        return self._retag(known, kept + added, answer)

    def _remove_tags(self, body: Row, answer: Any) -> Outcome:
        known = self.find(body.get("contact_id"), body.get("email"))
        assert known is not None
        gone = [meant for tag in body["tags"] for meant in self.tags.meant(tag)]
        return self._retag(known, [(tag, date) for tag, date in known["tags"] if not _has(gone, tag)], answer)

    def _retag(self, known: Row, tags: list[tuple[Tag, str]], answer: Any) -> Outcome:
        before, after = dict(known), known | {"tags": tags}
        self._keep_contact(known, after, answer)
        return Outcome(after, "id", before)

    def _dated(self, sent: list[Any], there: list[tuple[Tag, str]]) -> list[tuple[Tag, str]]:
        """The tags sent, each with the date that it must have; one that is sent twice may have either."""
        dated: list[tuple[Tag, str]] = []
        for entry in sent:
            tag = self.tags.learn(entry)
            given = entry.get("date") if isinstance(entry, dict) else None
            kept = next((date for one, date in there if one is tag), NOW)
            twice = _has([one for one, _ in dated], tag)
            dated = [(one, date) for one, date in dated if one is not tag]
            dated.append((tag, ANY if twice else given or kept))
        return dated

    def _keep_contact(self, known: Row | None, after: Row, answer: Any) -> None:
        """Remembers the contact as the answer shows it, else as it must be; a new id keeps its place in the order."""
        shown = answer.get("contact") if isinstance(answer, dict) else None
        shown = shown if isinstance(shown, dict) else {}
        kept = after | {name: value for name, value in shown.items() if name != "tags"}
        kept["key"] = kept["email"].lower() if isinstance(kept.get("email"), str) else None
        kept["tags"] = [(tag, self._learn_tag(tag, date, shown.get("tags"))) for tag, date in after["tags"]]
        if known is None:
            self.contacts[kept["contact_id"]] = kept
        else:
            old = known["contact_id"]
            pairs = self.contacts.items()
            self.contacts = {
                (kept["contact_id"] if id == old else id): (kept if id == old else one) for id, one in pairs
            }

    def _learn_tag(self, tag: Tag, date: str, shown: Any) -> str:
        """The date that the answer shows for the tag; its id is learnt when the server made it."""
        for one in shown if isinstance(shown, list) else []:
            if one["id"] == tag.id or (tag.id is None and one["name"] == tag.name and not self.tags.with_id(one["id"])):
                if tag.id is None:
                    self.tags.give_id(tag, one["id"])
                return str(one["date"])
        return date

    def _upsert(self, resource: str, body: Row, answer: Any) -> Outcome:
        """An invoice, a subscription or a product: what is left out stays, whose it is is said anew."""
        rows = self.stored[resource]
        before = rows.get(body["id"], {"quantity": 1} if resource == "subscription" else {})
        after = before | body
        if resource != "product":
            contact = self.find(body.get("contact_id"), body.get("email"))
            after["contact_id"] = contact and contact["contact_id"]
            after["email"] = body.get("email", ANY)
        if resource == "invoice":
            places = enumerate(body["items"], start=1)
            after["items"] = [{"id": f"{body['id']}-{place}"} | item for place, item in places]
        shown = answer.get(resource) if isinstance(answer, dict) else None
        how = "id" if body["id"] in rows else "new"
        rows[body["id"]] = after | (shown if isinstance(shown, dict) else {})
        return Outcome(after, how, dict(before))

    def _record(self, body: Row) -> Outcome:
        """Figures for each ad; `how` is "id" where all were known for that day."""
        sent = body["ad"] if isinstance(body["ad"], list) else [body["ad"]]
        ads = list(dict.fromkeys(ad["id"] if isinstance(ad, dict) else ad for ad in sent))
        figures = {name: body[name] for name in ("spend", "clicks", "impressions") if name in body}
        known = all((ad, body["date"]) in self.figures for ad in ads)
        expected = []
        for ad in ads:
            before = self.figures.get((ad, body["date"]), {})
            self.figures[ad, body["date"]] = before | figures
            expected.append(before | {"ad": ad, "date": body["date"]} | figures)
        return Outcome(expected if isinstance(body["ad"], list) else expected[0], "id" if known else "new")


def exceeds_limits(body: Any) -> bool:
    """Whether JSON nests too deep or holds an integer of more than 64 bits."""
    level, depth = [body], 0
    while level := [entry for entry in level if isinstance(entry, list | dict)]:
        depth += 1
        level = [child for entry in level for child in (entry.values() if isinstance(entry, dict) else entry)]
        if any(isinstance(child, int) and child not in _INTEGERS for child in level):
            return True
    return depth > MAX_DEPTH


def dumps(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _unknown(operation: Operation) -> Refusal:
    return Refusal(404, f"unknown-{operation.resource}-404")


def _has(tags: list[Tag], tag: Tag) -> bool:
    return any(one is tag for one in tags)
