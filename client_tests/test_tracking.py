"""Tracking: who the visitor of a session is."""

from typing import Any

import pytest

from client_tests.sandbox import Sandbox, errors_of

ADA = "ada@example.org"


def identifications(sandbox: Sandbox) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = sandbox.state(resource="identifications")["identifications"]
    return rows


def findings(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(one["code"], one["pointer"]) for entry in sandbox.requests() for one in entry["findings"]]


def test_a_visitor_is_stored_without_a_key(sandbox: Sandbox) -> None:
    answer = sandbox.identify(uid="s1", e=ADA, cid="7")

    assert (answer.status_code, answer.json()) == (200, {"status": "success"})
    assert identifications(sandbox) == [{"integration_id": None, "uid": "s1", "e": ADA, "cid": "7"}]
    assert findings(sandbox) == []


def test_a_later_call_adds_to_the_session_or_replaces_what_was_sent(sandbox: Sandbox) -> None:
    for sent in ({"e": ADA}, {"cid": "7"}, {"cid": "8"}):
        assert sandbox.identify(uid="s1", **sent).status_code == 200

    assert identifications(sandbox) == [{"integration_id": None, "uid": "s1", "e": ADA, "cid": "8"}]


def test_the_session_is_made_from_the_contact_or_else_from_the_email(sandbox: Sandbox) -> None:
    for sent in ({"e": ADA}, {"e": ADA}, {"cid": "7", "e": ADA}, {"cid": "7"}):
        assert sandbox.identify(**sent).status_code == 200

    by_email, by_contact = identifications(sandbox)
    assert (by_email["e"], by_email["cid"]) == (ADA, None)
    assert (by_contact["e"], by_contact["cid"]) == (ADA, "7")
    assert all([by_email["uid"], by_contact["uid"]])
    assert by_email["uid"] != by_contact["uid"]


@pytest.mark.parametrize(
    ("parameters", "missing"),
    [("a={account}", {"/query/e"}), ("e=ada@example.org", {"/query/a"}), ("", {"/query/a", "/query/e"})],
)
def test_account_and_one_of_email_and_contact_are_needed(sandbox: Sandbox, parameters: str, missing: set[str]) -> None:
    query = parameters.replace("{account}", sandbox.account_id)

    answer = sandbox.http.get(f"{sandbox.origin}/tracking/identify?{query}")

    assert answer.status_code == 400
    assert all(f"missing '{pointer[7:]}'" in errors_of(answer)[0] for pointer in missing)
    assert identifications(sandbox) == []
    if "a={" in parameters:
        assert findings(sandbox) == [("missing-field", pointer) for pointer in missing]


def test_an_unknown_account_is_404_and_judged_in_the_run(sandbox: Sandbox) -> None:
    answer = sandbox.identify(a="nobody", e=ADA)

    assert answer.status_code == 404
    assert "there is no account 'nobody'" in errors_of(answer)[0]


def test_the_former_names_are_taken_with_a_warning(sandbox: Sandbox) -> None:
    url = f"{sandbox.origin}/tracking/identify"
    former = {"account_id": sandbox.account_id, "seg_uid": "s1", "email": ADA}

    assert sandbox.http.get(url, params=former).status_code == 200

    assert identifications(sandbox) == [{"integration_id": None, "uid": "s1", "e": ADA, "cid": None}]
    assert findings(sandbox) == [("former-name", f"/query/{name}") for name in former]


def test_of_both_names_the_present_one_counts(sandbox: Sandbox) -> None:
    assert sandbox.identify(e=ADA, email="other@example.org", uid="s1").status_code == 200

    assert identifications(sandbox)[0]["e"] == ADA


@pytest.mark.parametrize(
    ("sent", "code", "pointer"),
    [
        ({"e": "ada at example.org"}, "bad-value", "/query/e"),
        ({"e": ""}, "bad-value", "/query/e"),
        ({"cid": "7\x00"}, "bad-value", "/query/cid"),
        ({"cid": "7\u200b"}, "invisible-character", "/query/cid"),
        ({"e": ADA, "utm": "x"}, "unknown-field", "/query/utm"),
        ({"e": ["x", ADA]}, "repeated-parameter", "/query/e"),
    ],
)
def test_a_parameter_is_judged_as_a_field_is(sandbox: Sandbox, sent: dict[str, Any], code: str, pointer: str) -> None:
    refused = code == "bad-value"

    assert sandbox.identify(**sent).status_code == (400 if refused else 200)

    assert findings(sandbox) == [(code, pointer)]
    assert bool(identifications(sandbox)) != refused


@pytest.mark.parametrize(
    "query", ["e=%FF", "e=%ED%A0%80", "&".join("e" for _ in range(1_200)), "a=1;b", "%00", "e=%00"]
)
def test_no_query_is_a_5xx_and_nothing_of_it_is_stored(sandbox: Sandbox, query: str) -> None:
    answer = sandbox.http.get(f"{sandbox.origin}/tracking/identify?a={sandbox.account_id}&{query}")

    assert answer.status_code == 400
    assert errors_of(answer)
    assert identifications(sandbox) == []


def test_what_was_sent_to_tracking_goes_with_a_reset(sandbox: Sandbox, neighbour: Sandbox) -> None:
    sandbox.identify(e=ADA)
    neighbour.identify(e=ADA)

    sandbox.admin("POST", "/reset", json={}).raise_for_status()

    assert identifications(sandbox) == []
    assert len(identifications(neighbour)) == 1
