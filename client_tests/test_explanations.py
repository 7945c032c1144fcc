"""Each finding is explained, and the calls that explain it have it, or do not have it."""

import re
from typing import Any

import pytest

from client_tests.sandbox import Sandbox
from mock_server.explanations import EXPLANATIONS
from mock_server.findings import CATALOGUE
from mock_server.spec import Contract

LINE = re.compile(
    r"(?P<method>[A-Z]+) (?:(?P<url>https://\S+)|/(?P<integration>\w+)/(?P<path>\S+))"
    r"(?: (?P<body>\{.*\}))?(?: with (?P<name>[\w-]+): ?(?P<value>.*?))?(?: -> (?P<status>\d+)(?:, (?P<header>.+))?)?"
)
# What no line of an example can say: another size or account, plain http, a bug of the fake, a client that leaves.
WITHOUT_EXAMPLE = {"body-too-large", "unknown-account", "insecure-scheme", "bad-answer", "answer-abandoned"}
# Their remedy is time, or that there is no call at all.
WITHOUT_REMEDY = WITHOUT_EXAMPLE | {"not-played", "not-found", "retry-without-pause", "retry-after-ignored"}


def codes_after(sandbox: Sandbox, lines: tuple[str, ...]) -> set[str]:
    """Send the calls of an example; return the codes of what was found."""
    parsed = [match for line in lines if (match := LINE.fullmatch(line))]
    assert len(parsed) == len(lines), lines
    rules: list[dict[str, Any]] = []
    for number, call in enumerate(parsed, 1):
        if call["status"]:
            headers = dict([call["header"].split(": ")]) if call["header"] else {}
            rules.append({"nth": [number], "fault": {"status": int(call["status"]), "headers": headers}})
    if rules:
        assert sandbox.admin("PUT", "/faults", json={"rules": rules}).status_code == 200
    for call in parsed:
        if call["url"]:
            headers = {"Authorization": sandbox.api_key}
            sandbox.http.request(call["method"], played(sandbox, call["url"]), headers=headers)
            continue
        headers = {"Content-Type": "application/json"} if call["body"] else {}
        if call["name"]:
            headers[call["name"]] = call["value"].replace("API_KEY", sandbox.api_key)
        if call["name"] == "Authorization" and not call["value"]:
            url = sandbox.url(call["path"], call["integration"])
            sandbox.http.request(call["method"], url, headers=headers, content=call["body"])
        else:
            sandbox.send(
                call["method"], call["path"], integration=call["integration"], headers=headers, content=call["body"]
            )
    return {finding["code"] for finding in sandbox.admin("GET", "/report").json()["findings"]}


def played(sandbox: Sandbox, url: str) -> str:
    """Return where the fake plays a URL of production."""
    api = next(one for one in Contract.load().apis.values() if url.startswith(one.server))
    return url.replace(api.server, sandbox.origin + api.mount).replace("ACCOUNT", sandbox.account_id)


def test_every_finding_is_explained() -> None:
    assert list(EXPLANATIONS) == list(CATALOGUE)
    assert {code for code, one in EXPLANATIONS.items() if not one.example} == WITHOUT_EXAMPLE
    assert {code for code, one in EXPLANATIONS.items() if not one.instead} == WITHOUT_REMEDY


@pytest.mark.parametrize("code", [code for code, one in EXPLANATIONS.items() if one.example])
def test_the_example_has_the_finding(sandbox: Sandbox, code: str) -> None:
    assert code in codes_after(sandbox, EXPLANATIONS[code].example)


@pytest.mark.parametrize("code", [code for code, one in EXPLANATIONS.items() if one.instead])
def test_what_to_send_instead_has_nothing_of_its_kind(sandbox: Sandbox, code: str) -> None:
    found = codes_after(sandbox, EXPLANATIONS[code].instead)

    assert code not in found
    assert {one for one in found if CATALOGUE[one].severity == "violation"} <= {"missing-field"}


def test_the_dashboard_leads_from_a_finding_to_its_explanation(sandbox: Sandbox) -> None:
    sandbox.post("product", {"id": 3})
    pages = f"{sandbox.origin}/__admin/ui/{sandbox.account_id}"

    exchange, contract = (sandbox.http.get(f"{pages}/{path}").text for path in ("requests/1", "contract"))

    assert EXPLANATIONS["missing-field"].why in exchange
    assert f'href="/__admin/ui/{sandbox.account_id}/contract#missing-field"' in exchange
    assert 'id="missing-field"' in contract
    assert EXPLANATIONS["missing-field"].why in contract
