"""Mutants of contacts and tags."""

from typing import Any

from contracts.mutants.patches import answers, changed, handler, mutant, patch, without
from mock_server.errors import ApiError
from mock_server.handlers import HANDLERS, Handler, contacts, tags
from mock_server.journal import Entry
from mock_server.spec import Answer, Call
from mock_server.store import contacts as stored_contacts
from mock_server.store.contacts import CONTACTS
from mock_server.store.database import Session
from mock_server.store.orders import INVOICES
from mock_server.web.request import Request

# Contacts.


@mutant
def email_goes_before_id() -> None:
    """A contact is looked for by email first."""
    original = stored_contacts.find
    patch(stored_contacts, "find", lambda session, contact_id, email: original(session, None, email)
         or original(session, contact_id, None))  # fmt: skip


@mutant
def new_id_makes_a_contact() -> None:
    """A known email with a new id makes another contact."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        contact_id = call.body.get("contact_id")
        if contact_id is not None and CONTACTS.find(session, contact_id) is None:
            original(without(call, "email"), session)
        return original(call, session)

    handler("upsert_contact", around)


@mutant
def new_id_is_ignored() -> None:
    """A contact found by email keeps its old id."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = CONTACTS.find(session, call.body.get("contact_id") or "")
        found = stored_contacts.with_email(session, call.body.get("email") or "")
        return original(without(call, "contact_id") if known is None and found else call, session)

    handler("upsert_contact", around)


@mutant
def youngest_is_taken() -> None:
    """The youngest of the contacts that share an email is taken."""
    original = stored_contacts.find

    def find(session: Session, contact_id: str | None, email: str | None) -> Any:
        found = original(session, contact_id, None)
        return found or next(reversed(stored_contacts.with_email(session, email or "")), None)

    patch(stored_contacts, "find", find)


@mutant
def emails_need_their_case() -> None:
    """Emails are compared letter by letter."""
    patch(stored_contacts, "email_key", lambda email: email)


@mutant
def minted_id_is_empty() -> None:
    """A contact without an id is answered with an empty one."""

    def change(request: Request, entry: Entry, body: dict[str, Any]) -> dict[str, Any] | None:
        minted = entry.operation == "upsert_contact" and b"contact_id" not in (request.body or b"")
        return body | {"contact": body["contact"] | {"contact_id": ""}} if minted and entry.status == 200 else None

    answers(change)


@mutant
def tags_join_on_update() -> None:
    """`tags` of an update join those that are there."""
    original = vars(contacts)["dated_tags"]
    patch(contacts, "dated_tags", lambda call, session, there: there | original(call, session, there))


@mutant
def kept_tag_gets_a_new_date() -> None:
    """A tag that stays gets the date of the call."""
    original = vars(contacts)["dated_tags"]
    patch(contacts, "dated_tags", lambda call, session, there: original(
        call._replace(received_at="2001-01-01T00:00:00+00:00"), session, {}))  # fmt: skip


@mutant
def custom_fields_are_replaced() -> None:
    """Custom fields replace those that are there."""
    patch(
        contacts,
        "_merge",
        lambda there, sent: {name: value for name, value in (sent or there).items() if value is not None},
    )


@mutant
def null_is_kept() -> None:
    """A custom field of null is stored."""
    patch(contacts, "_merge", lambda there, sent: {**there, **sent})


@mutant
def null_says_nothing() -> None:
    """A custom field of null leaves the old value."""
    patch(
        contacts,
        "_merge",
        lambda there, sent: there | {name: value for name, value in sent.items() if value is not None},
    )


@mutant
def left_out_is_cleared() -> None:
    """Fields that an update leaves out are cleared."""
    blank = dict.fromkeys(("first_name", "last_name", "utm_source", "geo_lat"))
    handler(
        "upsert_contact", lambda original, call, session: original(changed(call, **blank | dict(call.body)), session)
    )


@mutant
def left_out_status_is_active() -> None:
    """An update without a status makes the contact active."""
    handler("upsert_contact", lambda original, call, session: original(
        changed(call, status=call.body.get("status") or "active"), session))  # fmt: skip


@mutant
def deletion_is_pretended() -> None:
    """A deletion deletes nothing."""
    from mock_server.store.rows import Rows

    patch(Rows, "delete", lambda self, session, rows: None)


@mutant
def unknown_deletion_succeeds() -> None:
    """Deleting what is not there is a success."""
    for name, kind in (("delete_contact", "contact"), ("delete_invoice", "invoice")):

        def around(original: Handler, call: Call, session: Session, kind: str = kind) -> Answer:
            try:
                return original(call, session)
            except ApiError:
                return Answer.deleted(kind, list(call.path.values())[-1])

        handler(name, around)


@mutant
def one_goes_by_email() -> None:
    """By email only the oldest contact is deleted."""
    original = stored_contacts.with_email
    patch(stored_contacts, "with_email", lambda session, email: original(session, email)[:1])


@mutant
def orders_go_with_their_contact() -> None:
    """A contact's orders are deleted with it."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        named = call.path["contact_id_or_email"]
        rows = INVOICES.page(session, call.account_id, call.integration_id, 0, 10_000)
        INVOICES.delete(session, [row for row in rows if row["contact_id"] == named])
        return original(call, session)

    handler("delete_contact", around)


@mutant
def path_email_goes_before_id() -> None:
    """What a path names is taken as an email first."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        named = call.path["contact_id_or_email"]
        if found := stored_contacts.with_email(session, named):
            CONTACTS.delete(session, found)
            return Answer.deleted("contact", named)
        return original(call, session)

    handler("delete_contact", around)


# Tags.


@mutant
def added_tags_replace() -> None:
    """Adding tags replaces those that are there."""
    handler("add_tags", lambda original, call, session: tags._store(
        session, contact := tags._contact(call, session), tags.dated_tags(call, session, contact["tags"])))  # fmt: skip


@mutant
def added_twice_is_two() -> None:
    """A tag that is added twice is there twice."""

    def change(_: Request, entry: Entry, body: dict[str, Any]) -> dict[str, Any] | None:
        if entry.operation != "add_tags" or entry.status != 200:
            return None
        return body | {"contact": body["contact"] | {"tags": body["contact"]["tags"] * 2}}

    answers(change)


@mutant
def number_is_a_name() -> None:
    """A number is taken as a tag's name."""
    original = tags._named
    patch(tags, "_named", lambda tag: original(str(tag) if isinstance(tag, int) else tag))


@mutant
def text_is_always_an_id() -> None:
    """A text is taken as a tag's id."""
    original = tags._named
    patch(tags, "_named", lambda tag: original({"id": tag} if isinstance(tag, str) else tag))


@mutant
def tag_date_is_ignored() -> None:
    """The date of a tag's object is ignored."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        kept = [{key: value for key, value in tag.items() if key != "date"} if isinstance(tag, dict) else tag
                for tag in call.body["tags"]]  # fmt: skip
        return original(changed(call, tags=kept), session)

    handler("add_tags", around)


@mutant
def removal_takes_all() -> None:
    """Removing a tag removes all."""
    handler("remove_tags", lambda _, call, session: tags._store(session, tags._contact(call, session), {}))


@mutant
def removal_by_name_fails() -> None:
    """A tag can only be removed by its id."""
    original = tags._meant
    patch(tags, "_meant", lambda session, tag: set() if isinstance(tag, str) else original(session, tag))


@mutant
def absent_tag_is_an_error() -> None:
    """Removing a tag that is not there is 404."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        contact = tags._contact(call, session)
        meant = {number for tag in call.body["tags"] for number in tags._meant(session, tag)}
        if meant.isdisjoint(contact["tags"]):
            raise ApiError(404, "the contact does not have the tag")
        return original(call, session)

    handler("remove_tags", around)


@mutant
def tags_make_their_contact() -> None:
    """Adding tags to an unknown contact makes it."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        HANDLERS["upsert_contact"](without(call, "tags"), session)
        return original(call, session)

    handler("add_tags", around)
