"""Mutants of contacts and their tags."""

from typing import Any

from contracts.mutants.patches import handle, mutant, patch, with_defaults, with_fields, without
from mock_server.errors import ApiError
from mock_server.operations import contacts, purchases, tags
from mock_server.operations.table import OPERATIONS, Handler
from mock_server.operations.tags import dated_tags, existing_contact, id_and_name, reference, removed_tags, store_tags
from mock_server.spec import Answer, Call
from mock_server.store import contacts as stored_contacts
from mock_server.store.contacts import CONTACTS
from mock_server.store.orders import INVOICES
from mock_server.store.rows import Row, Rows
from mock_server.store.session import Session

# Contacts.


@mutant
def email_goes_before_id() -> None:
    """A contact is looked up by email first."""
    original = stored_contacts.find

    def find(session: Session, contact_id: str | None, email: str | None) -> Row | None:
        return original(session, None, email) or original(session, contact_id, None)

    patch(stored_contacts, "find", find)


@mutant
def new_id_makes_a_contact() -> None:
    """A known email with a new id creates another contact."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        contact_id = call.body.get("contact_id")
        if contact_id is not None and CONTACTS.find(session, contact_id) is None:
            original(without(call, "email"), session)
        return original(call, session)

    handle("upsert_contact", around)


@mutant
def new_id_is_ignored() -> None:
    """A contact found by email keeps its old id."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = CONTACTS.find(session, call.body.get("contact_id") or "")
        found = stored_contacts.with_email(session, call.body.get("email") or "")
        return original(without(call, "contact_id") if known is None and found else call, session)

    handle("upsert_contact", around)


@mutant
def youngest_is_taken() -> None:
    """The newest of the contacts that share an email is taken."""
    original = stored_contacts.find

    def find(session: Session, contact_id: str | None, email: str | None) -> Row | None:
        found = original(session, contact_id, None)
        return found or next(reversed(stored_contacts.with_email(session, email or "")), None)

    patch(stored_contacts, "find", find)


@mutant
def emails_need_their_case() -> None:
    """Emails are case-sensitive."""
    for module in (stored_contacts, purchases):
        patch(module, "email_key", lambda email: email)


@mutant
def generated_id_is_empty() -> None:
    """A contact without an id gets an empty one in the response."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        answer = original(call, session)
        if "contact_id" in call.body:
            return answer
        return answer._replace(body={**answer.body, "contact": answer.body["contact"] | {"contact_id": ""}})

    handle("upsert_contact", around)


@mutant
def tags_join_on_update() -> None:
    """`tags` of an update are added to the existing ones."""
    patch(contacts, "dated_tags", lambda call, session, existing: existing | dated_tags(call, session, existing))


@mutant
def kept_tag_gets_a_new_date() -> None:
    """A tag that stays gets the date of the call."""
    patch(contacts, "dated_tags", lambda call, session, existing: dated_tags(call, session, {}))


@mutant
def custom_fields_are_replaced() -> None:
    """Custom fields replace the existing ones."""
    original = contacts.merged
    patch(contacts, "merged", lambda existing, sent: original({}, sent or existing))


@mutant
def null_is_kept() -> None:
    """A custom field of null is stored."""
    patch(contacts, "merged", lambda existing, sent: {**existing, **sent})


@mutant
def null_says_nothing() -> None:
    """A custom field of null leaves the old value."""
    original = contacts.merged
    patch(contacts, "merged", lambda existing, sent: {**existing, **original({}, sent)})


@mutant
def left_out_is_cleared() -> None:
    """Fields that an update leaves out are cleared."""
    cleared = dict.fromkeys(("first_name", "last_name", "utm_source", "geo_lat"))
    handle("upsert_contact", lambda original, call, session: original(with_defaults(call, **cleared), session))


@mutant
def left_out_status_is_active() -> None:
    """An update without a status makes the contact active."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        return original(with_fields(call, status=call.body.get("status") or "active"), session)

    handle("upsert_contact", around)


@mutant
def deletion_is_pretended() -> None:
    """A deletion deletes nothing."""
    patch(Rows, "delete", lambda self, session, rows: None)


@mutant
def unknown_deletion_succeeds() -> None:
    """Deleting an unknown contact or invoice is a success."""

    def deleting(kind: str, parameter: str) -> None:
        def around(original: Handler, call: Call, session: Session) -> Answer:
            try:
                return original(call, session)
            except ApiError:
                return Answer.deleted(kind, call.path[parameter])

        handle(f"delete_{kind}", around)

    deleting("contact", "contact_id_or_email")
    deleting("invoice", "id")


@mutant
def one_goes_by_email() -> None:
    """Only the oldest contact with an email is deleted by it."""
    original = stored_contacts.with_email
    patch(stored_contacts, "with_email", lambda session, email: original(session, email)[:1])


@mutant
def orders_go_with_their_contact() -> None:
    """A contact's orders are deleted with it."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        named = call.path["contact_id_or_email"]
        rows = INVOICES.page(session, call.integration_id, 0, 10_000)
        INVOICES.delete(session, [row for row in rows if row["contact_id"] == named])
        return original(call, session)

    handle("delete_contact", around)


@mutant
def path_email_goes_before_id() -> None:
    """The text in a path is taken for an email first."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        named = call.path["contact_id_or_email"]
        if found := stored_contacts.with_email(session, named):
            CONTACTS.delete(session, found)
            return Answer.deleted("contact", named)
        return original(call, session)

    handle("delete_contact", around)


# Tags.


@mutant
def added_tags_replace() -> None:
    """Adding tags replaces the existing ones."""

    def around(_: Handler, call: Call, session: Session) -> Answer:
        contact = existing_contact(call, session)
        return store_tags(session, contact, dated_tags(call, session, contact["tags"]))

    handle("add_tags", around)


@mutant
def added_twice_is_two() -> None:
    """A tag that is added is there twice."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        contact = original(call, session).body["contact"]
        return Answer.success(contact=contact | {"tags": contact["tags"] * 2})

    handle("add_tags", around)


@mutant
def number_is_a_name() -> None:
    """A number is taken for a tag's name."""
    patch(tags, "reference", lambda tag: (None, str(tag)) if isinstance(tag, int) else reference(tag))


@mutant
def text_is_always_an_id() -> None:
    """A text is taken for a tag's id."""
    patch(tags, "reference", lambda tag: (tag, None) if isinstance(tag, str) else reference(tag))


@mutant
def tag_date_is_ignored() -> None:
    """The date of a tag's object is ignored."""

    def undated(tag: Any) -> Any:
        return {name: value for name, value in tag.items() if name != "date"} if isinstance(tag, dict) else tag

    def around(original: Handler, call: Call, session: Session) -> Answer:
        return original(with_fields(call, tags=[undated(tag) for tag in call.body["tags"]]), session)

    handle("add_tags", around)


@mutant
def removal_takes_all() -> None:
    """Removing a tag removes all."""
    handle("remove_tags", lambda _, call, session: store_tags(session, existing_contact(call, session), {}))


@mutant
def removal_by_name_fails() -> None:
    """A tag can only be removed by its id."""
    patch(tags, "id_and_name", lambda tag: (id_and_name(tag)[0], None))


@mutant
def absent_tag_is_an_error() -> None:
    """Removing a tag that the contact does not have is 404."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        if not removed_tags(call, session, existing_contact(call, session)["tags"]):
            raise ApiError(404, "the contact does not have the tag")
        return original(call, session)

    handle("remove_tags", around)


@mutant
def tags_make_their_contact() -> None:
    """Adding tags to an unknown contact creates it."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        OPERATIONS["upsert_contact"].handler(without(call, "tags"), session)
        return original(call, session)

    handle("add_tags", around)


@mutant
def deletion_by_email_answers_an_id() -> None:
    """A deletion by email is answered with the id of a contact."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        answer = original(call, session)
        return answer._replace(body={**answer.body, "id": answer.before[0]["contact_id"]})

    handle("delete_contact", around)


@mutant
def shared_email_merges_contacts() -> None:
    """A known contact that gets the email of another takes its place."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = CONTACTS.find(session, call.body.get("contact_id") or "")
        others = stored_contacts.with_email(session, call.body.get("email") or "") if known else []
        answer = original(call, session)
        CONTACTS.delete(session, [other for other in others if known and other["number"] != known["number"]])
        return answer

    handle("upsert_contact", around)


@mutant
def new_contacts_are_of_1970() -> None:
    """A new contact without a `date_created` is dated 1970."""

    def around(original: Handler, call: Call, session: Session) -> Answer:
        known = stored_contacts.find(session, call.body.get("contact_id"), call.body.get("email"))
        dated = with_defaults(call, date_created="1970-01-01T00:00:00+00:00")
        return original(call if known else dated, session)

    handle("upsert_contact", around)
