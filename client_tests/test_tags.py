"""Tags in their three forms: added, removed, replaced; ids and dates that stay."""

from datetime import UTC, datetime
from typing import Any

import pytest

from client_tests.sandbox import Sandbox, errors_of

OLD = "2018-10-02T16:15:00+00:00"
BUYER = {"id": "9", "name": "Buyer", "date": OLD}


@pytest.fixture(autouse=True)
def _contact(sandbox: Sandbox) -> None:
    """Store contact 1 with an old tag for every test."""
    sandbox.stored("contact", {"contact_id": 1, "email": "ada@example.org", "tags": [BUYER]})


def tags_of(sandbox: Sandbox, contact_id: str = "1") -> list[dict[str, Any]]:
    (found,) = [row for row in sandbox.state()["contacts"] if row["contact_id"] == contact_id]
    tags: list[dict[str, Any]] = found["tags"]
    return tags


def names_of(sandbox: Sandbox, contact_id: str = "1") -> list[str | None]:
    return [tag["name"] for tag in tags_of(sandbox, contact_id)]


def test_tags_in_an_update_replace_the_old_ones(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1, "tags": ["VIP", 3]})

    assert [tag["id"] for tag in tags_of(sandbox)][1:] == ["3"]
    assert names_of(sandbox) == ["VIP", None]


def test_an_empty_list_of_tags_takes_all_and_no_list_takes_none(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 1})
    kept = tags_of(sandbox)

    sandbox.stored("contact", {"contact_id": 1, "tags": []})

    assert (kept, tags_of(sandbox)) == ([BUYER], [])


@pytest.mark.parametrize("again", [9, "9", "Buyer", {"id": 9}, {"name": "Buyer"}, {"id": "9", "name": "Buyer"}])
@pytest.mark.parametrize("path", ["contact", "tags/add"])
def test_a_tag_that_is_given_again_keeps_its_date(sandbox: Sandbox, path: str, again: Any) -> None:
    sandbox.stored(path, {"contact_id": 1, "tags": [again]})

    assert tags_of(sandbox) == [BUYER]


@pytest.mark.parametrize("path", ["contact", "tags/add"])
def test_a_tag_that_is_given_again_takes_a_new_date(sandbox: Sandbox, path: str) -> None:
    sandbox.stored(path, {"contact_id": 1, "tags": [{"id": 9, "date": "2020-01-01 12:00:00"}]})

    assert tags_of(sandbox) == [{**BUYER, "date": "2020-01-01T12:00:00+00:00"}]


@pytest.mark.parametrize("whom", [{"contact_id": 1}, {"contact_id": "1"}, {"email": "ada@example.org"}])
def test_added_tags_join_those_that_are_there(sandbox: Sandbox, whom: dict[str, Any]) -> None:
    answer = sandbox.stored("tags/add", {**whom, "tags": [3, "New Lead", {"id": "x/1", "name": "VIP", "date": OLD}]})

    first, by_id, by_name, by_object = tags_of(sandbox)
    assert first == BUYER
    assert (by_id["id"], by_id["name"], by_name["name"]) == ("3", None, "New Lead")
    assert by_object == {"id": "x/1", "name": "VIP", "date": OLD}
    shown = [{name: value for name, value in tag.items() if value is not None} for tag in tags_of(sandbox)]
    assert answer["contact"]["tags"] == shown


@pytest.mark.parametrize("tag", [3, "3", "New Lead", {"id": 3}, {"name": "New Lead"}, {"id": 3, "name": "New Lead"}])
def test_a_tag_that_is_added_twice_is_there_once(sandbox: Sandbox, tag: Any) -> None:
    sandbox.stored("tags/add", {"contact_id": 1, "tags": [tag, tag]})
    once = sandbox.state()

    sandbox.stored("tags/add", {"contact_id": 1, "tags": [tag]})

    assert len(tags_of(sandbox)) == 2
    assert sandbox.state() == once


@pytest.mark.parametrize("path", ["contact", "tags/add"])
@pytest.mark.parametrize("tag", [3, "New Lead", {"id": 3, "name": "New Lead"}])
def test_a_tag_without_a_date_gets_the_time_of_the_call(sandbox: Sandbox, path: str, tag: Any) -> None:
    started = datetime.now(UTC).replace(microsecond=0)

    sandbox.stored(path, {"contact_id": 1, "tags": [tag]})

    assert started <= datetime.fromisoformat(tags_of(sandbox)[-1]["date"]) <= datetime.now(UTC)


def test_a_text_is_an_id_where_one_is_known_by_it(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 2, "tags": ["9", "10"]})

    known, unknown = tags_of(sandbox, "2")
    assert (known["id"], known["name"]) == ("9", "Buyer")
    assert unknown["id"] != "10"
    assert unknown["name"] == "10"


def test_a_number_is_an_id_even_where_a_tag_has_that_name(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 2, "tags": ["10"]})

    sandbox.stored("contact", {"contact_id": 1, "tags": [10]})

    assert [(tag["id"], tag["name"]) for tag in tags_of(sandbox)] == [("10", None)]


def test_the_same_name_is_the_same_tag_for_every_contact(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 2, "tags": ["VIP", "Buyer"]})
    sandbox.stored("contact", {"contact_id": 3, "tags": ["VIP"]})

    assert [tag["id"] for tag in tags_of(sandbox, "2")] == [tags_of(sandbox, "3")[0]["id"], "9"]
    assert len(sandbox.state()["tags"]) == 2


def test_a_tag_known_by_name_takes_the_id_that_comes_later(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 2, "tags": [{"name": "VIP", "date": OLD}]})

    sandbox.stored("tags/add", {"contact_id": 1, "tags": [{"id": 4, "name": "VIP"}]})

    assert tags_of(sandbox, "2") == [{"id": "4", "name": "VIP", "date": OLD}]
    assert [tag["id"] for tag in tags_of(sandbox)] == ["9", "4"]
    assert [tag["id"] for tag in sandbox.state()["tags"]] == ["9", "4"]


def test_a_tags_own_id_is_kept_when_another_id_comes_with_its_name(sandbox: Sandbox) -> None:
    sandbox.stored("tags/add", {"contact_id": 1, "tags": [{"id": 10, "name": "Buyer"}]})

    assert [(tag["id"], tag["name"]) for tag in tags_of(sandbox)] == [("9", "Buyer"), ("10", "Buyer")]


def test_a_nameless_tag_gets_its_name_from_an_object(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {"contact_id": 2, "tags": [3]})

    sandbox.stored("tags/add", {"contact_id": 1, "tags": [{"id": 3, "name": "New Lead"}]})

    assert names_of(sandbox, "2") == ["New Lead"]


@pytest.mark.parametrize("whom", [{"contact_id": 1}, {"email": "ada@example.org"}])
@pytest.mark.parametrize(
    "tag", [9, "9", "Buyer", {"id": 9}, {"name": "Buyer"}, {"id": 9, "name": "Buyer", "date": OLD}]
)
def test_removed_tags_go_and_the_others_stay(sandbox: Sandbox, whom: dict[str, Any], tag: Any) -> None:
    sandbox.stored("tags/add", {"contact_id": 1, "tags": [3, "VIP"]})
    sandbox.stored("contact", {"contact_id": 2, "tags": [9]})

    answer = sandbox.stored("tags/remove", {**whom, "tags": [tag]})

    assert [tag.get("name") for tag in answer["contact"]["tags"]] == [None, "VIP"]
    assert names_of(sandbox) == [None, "VIP"]
    assert names_of(sandbox, "2") == ["Buyer"]


def test_several_tags_are_removed_at_once_in_mixed_forms(sandbox: Sandbox) -> None:
    sandbox.stored("tags/add", {"contact_id": 1, "tags": [3, "VIP", "Lead"]})

    sandbox.stored("tags/remove", {"contact_id": 1, "tags": ["VIP", 3, {"id": 9}]})

    assert names_of(sandbox) == ["Lead"]


def test_a_tag_is_removed_by_the_id_that_the_server_made(sandbox: Sandbox) -> None:
    contact = sandbox.stored("tags/add", {"contact_id": 1, "tags": ["VIP"]})["contact"]

    sandbox.stored("tags/remove", {"contact_id": 1, "tags": [contact["tags"][-1]["id"]]})

    assert names_of(sandbox) == ["Buyer"]


@pytest.mark.parametrize("absent", [[3], ["VIP"], [{"id": 3, "name": "VIP"}], [], ["Known"]])
def test_removing_a_tag_that_is_not_there_changes_nothing(sandbox: Sandbox, absent: list[Any]) -> None:
    sandbox.stored("contact", {"contact_id": 2, "tags": ["Known"]})
    before = sandbox.state()

    sandbox.stored("tags/remove", {"contact_id": 1, "tags": absent})

    assert sandbox.state() == before


@pytest.mark.parametrize("path", ["tags/add", "tags/remove"])
@pytest.mark.parametrize("whom", [{"contact_id": 2}, {"email": "luke@example.org"}])
def test_tags_need_a_contact_that_is_known(sandbox: Sandbox, path: str, whom: dict[str, Any]) -> None:
    (error,) = sandbox.refused(404, path, {**whom, "tags": ["VIP", 9]})

    assert str(next(iter(whom.values()))) in error


@pytest.mark.parametrize("path", ["tags/add", "tags/remove"])
def test_a_contact_of_another_integration_or_account_cannot_be_tagged(
    sandbox: Sandbox, neighbour: Sandbox, path: str
) -> None:
    body = {"contact_id": 1, "tags": ["Buyer"]}
    before = sandbox.state()

    answers = [sandbox.post(path, body, "ads"), neighbour.post(path, body)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert all(errors_of(answer) for answer in answers)
    assert sandbox.state() == before
    assert neighbour.state()["tags"] == []
