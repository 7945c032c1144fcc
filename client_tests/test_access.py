"""Who may call the API: keys, accounts, integrations. Hosts and sites are those of test_guard.py."""

import base64
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import served

CONTACT = {"email": "ada@example.org"}


def test_without_a_key_a_call_is_401(sandbox: Sandbox) -> None:
    answer = sandbox.http.post(sandbox.url("contact"), json=CONTACT)

    assert answer.status_code == 401
    assert "Authorization" in errors_of(answer)[0]
    assert sandbox.state()["contacts"] == []


@pytest.mark.parametrize(
    "key", ["", "unknown", "sandbox-key-012345678", "SANDBOX-KEY-0123456789", "Bearer", "Bearer unknown"]
)
def test_an_unknown_key_is_401(sandbox: Sandbox, key: str) -> None:
    answer = sandbox.send("POST", "contact", json=CONTACT, headers={"Authorization": key})

    assert answer.status_code == 401
    assert "Authorization" in errors_of(answer)[0]
    assert sandbox.state()["contacts"] == []


def test_the_key_of_another_account_is_401(sandbox: Sandbox, neighbour: Sandbox) -> None:
    intruder = replace(sandbox, api_key=neighbour.api_key)

    answer = intruder.post("contact", CONTACT)

    assert answer.status_code == 401
    assert sandbox.account_id in errors_of(answer)[0]
    assert sandbox.state()["contacts"] == neighbour.state()["contacts"] == []


def test_an_unknown_account_is_404(sandbox: Sandbox) -> None:
    answer = replace(sandbox, account_id="nobody").post("contact", CONTACT)

    assert answer.status_code == 404
    assert "'nobody'" in errors_of(answer)[0]


def test_an_unknown_integration_is_404(sandbox: Sandbox) -> None:
    answer = sandbox.post("contact", CONTACT, integration="nothing")

    assert answer.status_code == 404
    assert "'nothing'" in errors_of(answer)[0]
    assert sandbox.state()["contacts"] == []


WRAPPED = {
    "Bearer": "Bearer {key}",
    "in capitals with blanks": "BEARER   {key}",
    "Token": "Token {key}",
    "Token of Django": "Token token={key}",
    "ApiKey": "ApiKey {key}",
    "a header in the header": "Authorization: {key}",
    "quotes": '"{key}"',
    "Bearer and quotes": "Bearer '{key}'",
    "Basic, as the user": "Basic {user}",
    "Basic, as the password": "Basic {password}",
}


def wrapped(form: str, key: str) -> str:
    user, password = (base64.b64encode(pair.encode()).decode() for pair in (f"{key}:", f"api:{key}"))
    return form.format(key=key, user=user, password=password)


@pytest.mark.parametrize("form", WRAPPED.values(), ids=WRAPPED)
def test_a_key_with_something_around_it_is_401_in_strict_mode(sandbox: Sandbox, form: str) -> None:
    headers = {"Authorization": wrapped(form, sandbox.api_key)}

    answer = sandbox.send("POST", "contact", json=CONTACT, headers=headers)

    assert answer.status_code == 401
    assert "bare key" in errors_of(answer)[0]
    assert sandbox.state()["contacts"] == []
    (finding,) = sandbox.requests()[-1]["findings"]
    assert (finding["code"], finding["severity"]) == ("key-prefix", "violation")
    assert (finding["pointer"], finding["evidence"]) == ("/headers/authorization", "documented")
    assert sandbox.api_key not in str(sandbox.requests())


@pytest.mark.parametrize("form", WRAPPED.values(), ids=WRAPPED)
def test_lenient_mode_reads_the_key_and_keeps_the_violation(http: httpx.Client, lenient: str, form: str) -> None:
    sandbox = Sandbox.default(lenient, http)
    headers = {"Authorization": wrapped(form, sandbox.api_key)}

    answer = sandbox.send("POST", "contact", json=CONTACT, headers=headers)

    assert answer.status_code == 200
    (finding,) = sandbox.requests()[-1]["findings"]
    assert (finding["code"], finding["severity"]) == ("key-prefix", "violation")


@pytest.fixture(scope="module")
def lenient() -> Iterator[str]:
    with served("--mode", "lenient") as server:
        yield server.origin
