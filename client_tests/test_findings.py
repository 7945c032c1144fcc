"""Every finding of the catalogue is provoked over HTTP, and documented."""

import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from client_tests.bodies import ORDER
from client_tests.sandbox import Sandbox, errors_of
from mock_server.findings import CATALOGUE
from mock_server.http.listener import listening
from mock_server.http.server import running
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.database import open_database
from mock_server.web.app import build_app

ADA: dict[str, Any] = {"contact_id": 1, "email": "ada@example.org"}
FIGURES = {"ad": 1, "spend": 5, "date": "2021-12-18"}
JSON = {"Content-Type": "application/json"}


def rekey(sandbox: Sandbox) -> None:
    sandbox.stored("contact", ADA)
    sandbox.stored("contact", {**ADA, "contact_id": 2})


def drop_tags(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {**ADA, "tags": ["New Lead", "Buyer"]})
    sandbox.stored("contact", {**ADA, "tags": ["Buyer"]})


def delete_shared_email(sandbox: Sandbox) -> None:
    for contact_id in (1, 2):
        sandbox.stored("contact", {"contact_id": contact_id})
        sandbox.stored("contact", {**ADA, "contact_id": contact_id})
    sandbox.delete("contact", ADA["email"])


def share_email(sandbox: Sandbox) -> None:
    sandbox.stored("contact", ADA)
    sandbox.stored("contact", {"contact_id": 2})
    sandbox.stored("contact", {**ADA, "contact_id": 2})


def order(sandbox: Sandbox, **fields: Any) -> None:
    sandbox.stored("contact", ADA)
    sandbox.post("invoice", {**ORDER, "contact_id": 1, **fields})


def repeat_after_400(sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.post("product", {"id": 1})


def give_up_after_500(sandbox: Sandbox) -> None:
    plan = {"rules": [{"operation": "upsert_product", "nth": [1], "fault": {"status": 500}}]}
    sandbox.http.put(f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/faults", json=plan)
    sandbox.post("product", {"id": 1, "name": "Course"})


# How each is provoked, and where it points.
PROVOKED: dict[str, tuple[str, Callable[[Sandbox], object]]] = {
    "missing-field": ("/body/name", lambda s: s.post("product", {"id": 1})),
    "bad-value": ("/body/items/0/amount", lambda s: order(s, items=[{**ORDER["items"][0], "amount": "ten"}])),
    "broken-json": ("/body", lambda s: s.send("POST", "product", headers=JSON, content=b'{"id": 1')),
    "wrong-media-type": ("/headers/content-type", lambda s: s.send("POST", "product", content=b"{}")),
    "body-too-large": ("/body", lambda s: s.post("product", {"id": 1, "name": "x" * 2_000_000})),
    "bad-path": ("/path", lambda s: s.send("DELETE", "invoice/%FF")),
    "not-played": ("/path", lambda s: s.http.get(f"{s.origin}/reading/{s.account_id}/report/leads")),
    "repeated-parameter": (
        "/query/uid",
        lambda s: s.http.get(f"{s.origin}/tracking/identify?a={s.account_id}&e=a@b.c&uid=1&uid=2"),
    ),
    "former-name": ("/query/email", lambda s: s.identify(email="ada@example.org")),
    "missing-key": ("/headers/authorization", lambda s: s.http.post(s.url("product"), json={})),
    "wrong-key": ("/headers/authorization", lambda s: s.send("POST", "product", headers={"Authorization": "x"})),
    "unknown-integration": ("/path/integration_id", lambda s: s.post("product", {}, "nowhere")),
    "unknown-path": ("/path", lambda s: s.post("contacts", {})),
    "unknown-method": ("/method", lambda s: s.send("GET", "contact")),
    "unknown-contact": ("/body/contact_id", lambda s: order(s, contact_id=7)),
    "key-prefix": (
        "/headers/authorization",
        lambda s: s.send("POST", "product", headers={"Authorization": f"Bearer {s.api_key}"}),
    ),
    "refused-by-guard": ("/headers/origin", lambda s: s.send("DELETE", "invoice/1", headers={"Origin": "null"})),
    "tags-dropped": ("/body/tags", drop_tags),
    "contact-rekeyed": ("/body/contact_id", rekey),
    "shared-email-deleted": ("/path/contact_id_or_email", delete_shared_email),
    "items-amount-mismatch": ("/body/amount", lambda s: order(s, amount=5)),
    "paid-exceeds-amount": ("/body/paid", lambda s: order(s, paid=2000)),
    "unmatched-email": ("/body/email", lambda s: s.post("invoice", {**ORDER, "email": "leia@example.org"})),
    "not-found": ("/path/id", lambda s: s.delete("subscription", "7")),
    "invisible-character": ("/body/email", lambda s: s.post("contact", {"email": "ada@example.org\u200b"})),
    "misspelled-field": ("/body/firstName", lambda s: s.post("contact", {**ADA, "firstName": "Ada"})),
    "decimal-money": ("/body/paid", lambda s: order(s, paid=49.0)),
    "missing-ad-field": (
        "/body/adcampaign/name",
        lambda s: s.post("ad/performance", {**FIGURES, "adcampaign": {"id": 7}}, "ads"),
    ),
    "duplicate-item-id": (
        "/body/items/1",
        lambda s: order(s, items=[{**ORDER["items"][0], "id": "a", "amount": amount} for amount in (1000, 999)]),
    ),
    "duplicate-tag": ("/body/tags/1", lambda s: s.post("contact", {**ADA, "tags": ["Buyer", "buyer "]})),
    "shared-email-made": ("/body/email", share_email),
    "digits-as-tag-name": ("/body/tags/0", lambda s: s.post("contact", {**ADA, "tags": ["12"]})),
    "integration-kind": (
        "/path/integration_id",
        lambda s: s.post("ad/performance", FIGURES),
    ),
    "retry-after-400": ("/body", repeat_after_400),
    "no-retry": ("/answer", give_up_after_500),
    "unknown-field": ("/body/colour", lambda s: s.post("product", {"id": 1, "name": "Course", "colour": "red"})),
    "naive-date": ("/body/date_created", lambda s: s.post("contact", {**ADA, "date_created": "2021-12-18 10:00:00"})),
}
# Provoked in tests of their own: the first two below, the others in test_faults.py, test_lost_answers.py and
# test_check_scope.py.
APART = {
    "unknown-account",
    "bad-answer",
    "not-converged",
    "retry-without-pause",
    "retry-after-ignored",
    "answer-abandoned",
    "insecure-scheme",
}


@pytest.mark.parametrize("code", PROVOKED)
def test_what_a_client_does_is_found_and_located(sandbox: Sandbox, code: str) -> None:
    pointer, provoke = PROVOKED[code]

    provoke(sandbox)

    (finding,) = [finding for finding in report_of(sandbox)["findings"] if finding["code"] == code]
    assert finding["pointer"] == pointer
    assert finding["severity"] == CATALOGUE[code].severity
    assert finding["message"]
    assert finding["count"] == len(finding["requests"]) == 1


def test_an_unknown_account_is_found_for_the_account_of_the_key(sandbox: Sandbox) -> None:
    stray = Sandbox(sandbox.origin, "elsewhere", sandbox.api_key, sandbox.http)

    stray.post("product", {"id": 1, "name": "Course"})

    assert [finding["code"] for finding in report_of(sandbox)["findings"]] == ["unknown-account"]


def test_an_answer_that_breaks_the_contract_is_a_500_with_a_finding(http: httpx.Client) -> None:
    document = copy.deepcopy(dict(Contract.load().document))
    document["components"]["schemas"]["Product"]["required"] = ["id", "colour"]
    app = build_app(Contract(document), open_database(), ServeSettings(check_answers=True))
    with listening("127.0.0.1", 0) as listener, running(app, listener):
        sandbox = Sandbox.create(f"http://127.0.0.1:{listener.getsockname()[1]}", http)

        answer = sandbox.post("product", {"id": 1, "name": "Course"})

        assert answer.status_code == 500
        assert "colour" in errors_of(answer)[0]
        assert sandbox.state()["products"] == []
        assert [finding["code"] for finding in report_of(sandbox)["findings"]] == ["bad-answer"]


def test_every_finding_is_provoked_here() -> None:
    assert PROVOKED.keys() | APART == CATALOGUE.keys()


def test_a_call_as_it_should_be_has_no_findings(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {**ADA, "date_created": "2021-12-18T10:00:00Z", "tags": ["New Lead"]})
    sandbox.stored("contact", {**ADA, "tags": ["New Lead", "Buyer"]})
    sandbox.stored("invoice", {**ORDER, "contact_id": 1, "tax": 100, "amount": 2099, "paid": 2099})
    sandbox.stored("ad/performance", FIGURES, "ads")

    assert report_of(sandbox)["findings"] == []


def report_of(sandbox: Sandbox) -> dict[str, Any]:
    answer = sandbox.http.get(f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/report")
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report
