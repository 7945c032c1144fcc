"""Contacts: found by id before email, merged, re-keyed, deleted."""

from client_tests.sandbox import Sandbox, errors_of


def test_a_contact_given_by_email_alone_gets_an_id(sandbox: Sandbox) -> None:
    contact = sandbox.stored("contact", {"email": "ada@example.org"})["contact"]

    assert contact["contact_id"]
    assert [row["contact_id"] for row in sandbox.state()["contacts"]] == [contact["contact_id"]]


def test_a_known_email_with_a_new_id_gives_that_contact_the_new_id(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org", "first_name": "Ada"})

    sandbox.stored("contact", {"contact_id": 2, "email": "ada@example.org"})

    (contact,) = sandbox.state()["contacts"]
    assert (contact["contact_id"], contact["first_name"]) == ("2", "Ada")


def test_deletion_by_email_takes_all_contacts_that_share_it(sandbox: Sandbox) -> None:
    for contact_id in (1, 2):
        sandbox.stored("contact", {"contact_id": contact_id})
        sandbox.stored("contact", {"contact_id": contact_id, "email": "both@example.org"})

    answer = sandbox.delete("contact", "both@example.org")

    assert answer.json() == {"id": "both@example.org", "status": "success", "object": "contact", "deleted": True}
    assert sandbox.state()["contacts"] == []
    assert "both@example.org" in errors_of(sandbox.delete("contact", "both@example.org"))[0]
