"""What the checks assert of a response, and what a run may show of its key; without a server."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.api import Api, Credentials, is_loopback
from contracts.document import Document
from contracts.model import Outcome
from contracts.response_checks import bad_data_is_400
from contracts.result_checks import (
    added_tags_join_the_others,
    what_is_left_out_stays,
    what_was_sent_comes_back,
)
from contracts.run import Run, Step

DOCUMENT = Document()


def run_against(url: str) -> Run:
    api = Api(url, Credentials("demo", "payments", "sandbox-key"))
    return Run(DOCUMENT, api, seed=1, number=1)


def applied(name: str, body: dict[str, Any], result: dict[str, Any]) -> Step:
    """Return the step of an upsert that was answered with `result`."""
    operation = DOCUMENT.operations[name]
    # Tags are answered with their contact.
    shown = "contact" if operation.resource == "tags" else operation.resource
    content = json.dumps({"status": "success", shown: result}).encode()
    step = Step(run_against("http://127.0.0.1:1/api"), operation, requests.PreparedRequest(), 200, {}, content)
    step.applied, step.sent, step.body, step.outcome = True, body, body, Outcome(expected=body)
    return step


@pytest.mark.parametrize(
    ("operation", "name", "rule"),
    [
        ("upsert_contact", "affiliate_id", "stored-object-answered"),
        ("upsert_subscription", "product_id", "stored-object-answered"),
        ("upsert_product", "id", "other-objects-answered"),
    ],
)
def test_a_number_in_place_of_any_id_breaks_ids_are_strings(operation: str, name: str, rule: str) -> None:
    step = applied(operation, {name: "7", "name": "x"}, {name: 7, "name": "x"})

    assertions = [(one.rule, one.subject, one.held) for one in what_was_sent_comes_back(step)]

    assert assertions == [("ids-are-strings", name, False), (rule, "name", True)]


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        (["New Lead"], False),
        # The object renames the tag that the text named, and it is answered under its new name alone.
        (["New Lead", {"id": "3", "name": "Buyer"}], True),
    ],
)
def test_a_text_that_no_tag_is_named_after_breaks_a_rule_unless_the_call_renames_tags(
    sent: list[Any], held: bool
) -> None:
    tags = [{"id": "3", "name": "Buyer", "date": "2018-10-02T16:15:00+00:00"}]
    step = applied("add_tags", {"contact_id": "1", "tags": sent}, {"contact_id": "1", "tags": tags})
    step.outcome = Outcome(expected={"tags": []})

    assertions = [one for one in added_tags_join_the_others(step) if one.rule == "tag-text-is-name-or-id"]

    assert all(one.held for one in assertions) is held


@pytest.mark.parametrize(
    ("before", "answered", "held"),
    [
        ("Ada", {"first_name": "Ada"}, True),
        # A field that was answered before and no longer is was cleared, unless there is nothing in it to answer.
        ("Ada", {}, False),
        ("", {}, True),
    ],
)
def test_a_field_that_an_update_leaves_out_is_to_be_answered_as_before(
    before: str, answered: dict[str, str], held: bool
) -> None:
    step = applied("upsert_contact", {"contact_id": "1"}, {"contact_id": "1", **answered})
    contact = {"contact_id": "1", "first_name": before}
    step.outcome = Outcome(expected=contact, before=contact, matched_by="id")
    step.run.shown_fields["contact"] = {"contact_id", "first_name"}

    assert all(one.held for one in what_is_left_out_stays(step)) is held


@pytest.mark.parametrize(("size", "asserted"), [(1_048_576, True), (1_048_577, False)])
def test_bad_data_in_a_body_over_the_limit_need_not_be_400(size: int, asserted: bool) -> None:
    step = applied("upsert_product", {}, {})
    step.addressed, step.request.headers = True, requests.structures.CaseInsensitiveDict({"Content-Length": str(size)})

    assert bool(list(bad_data_is_400(step))) is asserted


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("api.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.evil.example", False),
        ("evillocalhost", False),
        ("[::1:2]", False),
        ("10.0.0.1", False),
        ("import.segmetrics.io", False),
    ],
)
def test_only_loopback_counts_as_this_machine(host: str, local: bool) -> None:
    assert is_loopback(f"http://{host}:8642/api") is local
    assert run_against(f"http://{host}:8642/api").is_local is local


def test_the_instants_are_those_of_the_document(tmp_path: Path) -> None:
    changed = Document()
    changed.raw["components"]["schemas"]["ProductInput"]["properties"]["released"] = {
        "$ref": "#/components/schemas/Instant"
    }
    path = tmp_path / "openapi.yaml"
    path.write_text(json.dumps(changed.raw), "utf-8")

    assert Document(path).instants == DOCUMENT.instants | {"released"}
    assert {"date_created", "trial_end_date"} < DOCUMENT.instants
    assert "date" not in DOCUMENT.instants  # a day
