"""The reference model: what this run has stored and deleted, and what the server must answer next.

It mirrors the rules of openapi.yaml for one integration: it says which valid call is refused, applies a successful
one, and returns the object that the response must show. What only the server can know (the ids that it generates,
what an ad had before) is ANY at first and copied from the response.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.document import Document, Operation
from contracts.tags import Tag, Tags

ANY = "<anything>"
NOW = "<the time of the call>"
# As the rules json-limits-400 and body-limit-413 state them.
MAX_DEPTH = 64
MAX_BODY_BYTES = 1_048_576
_INTEGERS = range(-(2**63), 2**64)

# What a new row has where the call leaves it out.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "invoice": {"is_refunded": False, "discount": 0, "tax": 0, "shipping": 0},
    "subscription": {"quantity": 1},
    "product": {},
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExpectedError:
    """The status of a valid call that must not succeed, and the rule that says so."""

    status: int
    rule: str


@dataclass(slots=True)
class Outcome:
    """What the response to a successful call must show.

    `matched_by`: what the object was found by, "id" or "email", or "new". `before`: the object until then.
    """

    expected: Any = None
    matched_by: str = "new"
    before: Row = field(default_factory=dict)


class ReferenceModel:
    """One integration as this run has filled it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        # By id, the oldest first. A contact's `tags` are pairs of a Tag and its date.
        self.contacts: dict[str, Row] = {}
        self.tags = Tags()
        self.stored: dict[str, dict[str, Row]] = {"invoice": {}, "subscription": {}, "product": {}}
        # The kinds of purchase whose responses show whose they are.
        self.shows_contact: set[str] = set()
        self.figures: dict[tuple[str, str], Row] = {}
        self._apply: Mapping[str, Callable[[Row, Any], Outcome]] = {
            "upsert_contact": self._upsert_contact,
            "add_tags": self._add_tags,
            "remove_tags": self._remove_tags,
            "upsert_invoice": lambda body, response: self._upsert("invoice", body, response),
            "upsert_subscription": lambda body, response: self._upsert("subscription", body, response),
            "upsert_product": lambda body, response: self._upsert("product", body, response),
            "record_ad_performance": lambda body, _: self._record(body),
        }

    def find(self, contact_id: Any, email: str | None) -> Row | None:
        """Find a contact by id first, then by email; the oldest of those that share it."""
        return self.contacts.get(contact_id) or next(iter(self.with_email(email)), None)

    def with_email(self, email: str | None) -> list[Row]:
        key = None if email is None else email.lower()
        return [] if key is None else [one for one in self.contacts.values() if one["key"] == key]

    def forget(self, named: set[str]) -> set[str]:
        """Remove objects, named such as `invoice 7` and `email ada@example.org`, and return all that is unknown now."""
        unknown = set(named)
        for id, contact in list(self.contacts.items()):
            if {f"contact {id}".lower(), f"email {contact['key']}"} & named:
                unknown |= {f"contact {id}".lower(), f"email {contact['key']}"}
                del self.contacts[id]
        for kind, rows in self.stored.items():
            for id in [id for id in rows if f"{kind} {id}".lower() in named]:
                del rows[id]
        return unknown

    def expected_error(self, operation: Operation, path_id: str, body: Any) -> ExpectedError | None:
        """Return why a valid call must be refused, or None. `path_id`: the id or email of the path, decoded."""
        if operation.method == "DELETE":
            if operation.resource == "contact":
                exists = bool(self._contacts_of_path(path_id))
            else:
                exists = path_id in self.stored[operation.resource]
            return None if exists else ExpectedError(404, f"unknown-{operation.resource}-404")
        if exceeds_limits(body):
            return ExpectedError(400, "json-limits-400")
        read = self._document.normalize(operation, body)
        if operation.resource == "tags" and self.find(read.get("contact_id"), read.get("email")) is None:
            return ExpectedError(404, "tags-need-contact" if operation.name == "add_tags" else "removal-needs-contact")
        purchase = operation.resource in ("invoice", "subscription")
        if purchase and "contact_id" in read and read["contact_id"] not in self.contacts:
            return ExpectedError(400, f"{operation.resource}-unknown-contact-400")
        return None

    def apply(self, operation: Operation, path_id: str, body: Any, response: Any) -> Outcome:
        """Apply a successful call; `response` is its JSON."""
        if operation.method == "POST":
            return self._apply[operation.name](self._document.normalize(operation, body), response)
        if operation.resource != "contact":
            return Outcome(before=self.stored[operation.resource].pop(path_id))
        deleted = self._contacts_of_path(path_id)
        matched_by = "id" if path_id in self.contacts else "email"
        for contact in deleted:
            del self.contacts[contact["contact_id"]]
            self._reassign(contact["contact_id"], None)
        return Outcome(matched_by=matched_by, before={"contacts": deleted})

    def _contacts_of_path(self, path_id: str) -> list[Row]:
        by_id = self.contacts.get(path_id)
        return [by_id] if by_id else self.with_email(path_id)

    def _upsert_contact(self, body: Row, response: Any) -> Outcome:
        by_id = self.contacts.get(body.get("contact_id", ""))
        known = by_id or self.find(None, body.get("email"))
        before = known or {"contact_id": ANY, "date_created": NOW, "status": "active", "custom_fields": {}, "tags": []}
        after = before | {
            name: value for name, value in body.items() if name not in ("status", "custom_fields", "tags")
        }
        after["status"] = body.get("status") or before["status"]
        merged = before["custom_fields"] | body.get("custom_fields", {})
        after["custom_fields"] = {name: value for name, value in merged.items() if value is not None}
        if "tags" in body:
            after["tags"] = self._dated(body["tags"], before["tags"])
        self._keep_contact(known, after, response)
        return Outcome(after, "id" if by_id else "email" if known else "new", dict(known or {}))

    def _add_tags(self, body: Row, response: Any) -> Outcome:
        known = self.find(body.get("contact_id"), body.get("email"))
        assert known is not None
        added = self._dated(body["tags"], known["tags"])
        new = [tag for tag, _ in added]
        kept = [(tag, date) for tag, date in known["tags"] if not _has(new, tag)]
        return self._retag(known, kept + added, response)

    def _remove_tags(self, body: Row, response: Any) -> Outcome:
        known = self.find(body.get("contact_id"), body.get("email"))
        assert known is not None
        removed = [found for tag in body["tags"] for found in self.tags.find(tag)]
        return self._retag(known, [(tag, date) for tag, date in known["tags"] if not _has(removed, tag)], response)

    def _retag(self, known: Row, tags: list[tuple[Tag, str]], response: Any) -> Outcome:
        before, after = dict(known), known | {"tags": tags}
        self._keep_contact(known, after, response)
        return Outcome(after, "id", before)

    def _dated(self, sent: list[Any], stored: list[tuple[Tag, str]]) -> list[tuple[Tag, str]]:
        """Return the tags sent, each with the date that it must have; one that is sent twice may have either."""
        dated: list[tuple[Tag, str]] = []
        for entry in sent:
            tag = self.tags.ensure(entry)
            given = entry.get("date") if isinstance(entry, dict) else None
            kept = next((date for one, date in stored if one is tag), NOW)
            twice = _has([one for one, _ in dated], tag)
            dated = [(one, date) for one, date in dated if one is not tag]
            dated.append((tag, ANY if twice else given or kept))
        return dated

    def _keep_contact(self, known: Row | None, after: Row, response: Any) -> None:
        """Keep the contact as the response shows it, else as it must be; a new id keeps its place in the order."""
        shown = response.get("contact") if isinstance(response, dict) else None
        shown = shown if isinstance(shown, dict) else {}
        kept = after | {name: value for name, value in shown.items() if name != "tags"}
        kept["key"] = kept["email"].lower() if isinstance(kept.get("email"), str) else None
        kept["tags"] = [(tag, self._tag_date(tag, date, shown.get("tags"))) for tag, date in after["tags"]]
        if known is None:
            self.contacts[kept["contact_id"]] = kept
        else:
            old = known["contact_id"]
            self._reassign(old, kept["contact_id"])
            pairs = self.contacts.items()
            self.contacts = {
                (kept["contact_id"] if id == old else id): (kept if id == old else one) for id, one in pairs
            }
        if known is None or kept["key"] != known["key"]:
            self._join(kept)

    def _reassign(self, old_id: str, new_id: str | None) -> None:
        """Give the orders and subscriptions of one contact to another, or to nobody."""
        for row in self._purchases():
            if row.get("contact_id") == old_id:
                row["contact_id"] = new_id

    def _join(self, contact: Row) -> None:
        """Give a contact the orders and subscriptions that have its email and no contact."""
        for row in self._purchases():
            if row.get("contact_id") is None and row["key"] is not None and row["key"] == contact["key"]:
                row["contact_id"] = contact["contact_id"]

    def _purchases(self) -> list[Row]:
        return [row for kind in ("invoice", "subscription") for row in self.stored[kind].values()]

    def _tag_date(self, tag: Tag, date: str, shown: Any) -> str:
        """Return the date that the response shows for the tag; its id is copied when the server generated it."""
        for one in shown if isinstance(shown, list) else []:
            if one["id"] == tag.id or (
                tag.id is None and one.get("name") == tag.name and not self.tags.with_id(one["id"])
            ):
                if tag.id is None:
                    self.tags.assign_id(tag, one["id"])
                return str(one["date"])
        return date

    def _upsert(self, resource: str, body: Row, response: Any) -> Outcome:
        """Store an invoice, a subscription or a product; what is left out stays, but the contact is always replaced."""
        rows = self.stored[resource]
        before = rows.get(body["id"], _DEFAULTS[resource])
        after = {**before, **body}
        if resource != "product":
            email = body.get("email")
            after["key"] = None if email is None else email.lower()
            after["email"] = ANY if email is None else email
            stays = "contact_id" not in body and before.get("contact_id") and before["key"] == after["key"]
            if not stays:
                contact = self.find(body.get("contact_id"), email)
                after["contact_id"] = contact and contact["contact_id"]
        if resource == "invoice":
            numbered = enumerate(body["items"], start=1)
            after["items"] = [{"id": f"{body['id']}-{number}"} | item for number, item in numbered]
        shown = response.get(resource) if isinstance(response, dict) else None
        if isinstance(shown, dict) and "contact_id" in shown:
            self.shows_contact.add(resource)
        matched_by = "id" if body["id"] in rows else "new"
        rows[body["id"]] = after | (shown if isinstance(shown, dict) else {})
        return Outcome(after, matched_by, dict(before))

    def _record(self, body: Row) -> Outcome:
        """Store figures for each ad; `matched_by` is "id" where all were known for that day."""
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
    """Return whether JSON nests too deep or holds an integer of more than 64 bits."""
    level, depth = [body], 0
    while level := [entry for entry in level if isinstance(entry, list | dict)]:
        depth += 1
        level = [child for entry in level for child in (entry.values() if isinstance(entry, dict) else entry)]
        if any(isinstance(child, int) and child not in _INTEGERS for child in level):
            return True
    return depth > MAX_DEPTH


def dumps(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _has(tags: list[Tag], tag: Tag) -> bool:
    return any(one is tag for one in tags)
