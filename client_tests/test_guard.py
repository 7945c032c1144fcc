"""What is refused everywhere: foreign hosts, pages of other sites; changes of the admin side that are not JSON."""

from urllib.parse import urlsplit

import httpx
import pytest

from client_tests.admin_calls import ADMIN_CALLS, STATE, on_admin
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import served

CONTACT = {"email": "ada@example.org"}


def port_of(sandbox: Sandbox) -> str:
    return str(urlsplit(sandbox.origin).port)


def refused_headers(sandbox: Sandbox, headers: dict[str, str]) -> list[str]:
    """Send such headers to the API and to every admin call, which must refuse and change nothing; return the texts."""
    before = sandbox.state()
    answers = [sandbox.send("POST", "contact", json=CONTACT, headers=headers)]
    answers += [on_admin(sandbox, method, path, **headers) for method, path in ADMIN_CALLS]
    answers.append(sandbox.http.get(f"{sandbox.origin}/openapi.json", headers=headers))
    assert {answer.status_code for answer in answers} == {403}
    assert sandbox.state() == before
    return [errors_of(answer)[0] for answer in answers]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8642",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost/evil.example",
        "127.evil.example",
        "evil.example.",
        "evil%2eexample",
        "two names",
        "",
    ],
)
def test_a_host_that_is_not_ours_is_refused_everywhere(sandbox: Sandbox, host: str) -> None:
    texts = refused_headers(sandbox, {"Host": host})

    assert all("--allow-host-header" in text for text in texts)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.:1",
        "a.localhost",
        "127.0.0.1:{port}",
        "127.9.9.9",
        "[::1]:80",
        "[::ffff:127.0.0.1]",
        "192.0.2.7:8642",
        "[2001:db8::7]:8642",
        "segmetrics-mock:8642",
        "segmetrics_mock",
        "import.segmetrics.io",
    ],
)
def test_addresses_names_without_a_dot_and_the_vendors_host_are_ours(sandbox: Sandbox, host: str) -> None:
    headers = {"Host": host.format(port=port_of(sandbox))}

    answer = sandbox.send("POST", "contact", json=CONTACT, headers=headers)

    assert answer.status_code == 200, answer.text
    assert len(sandbox.state()["contacts"]) == 1
    assert on_admin(sandbox, "GET", STATE, **headers).status_code == 200


def test_further_hosts_can_be_allowed(http: httpx.Client) -> None:
    with served("--allow-host-header", "fake.test", "--allow-host-header", "Other.Test") as server:
        sandbox = Sandbox.create(server.origin, http)

        for host in ("fake.test", "other.test:8642", "localhost"):
            assert sandbox.send("POST", "contact", json=CONTACT, headers={"Host": host}).status_code == 200
            assert on_admin(sandbox, "GET", STATE, Host=host).status_code == 200
        refused_headers(sandbox, {"Host": "evil.fake.test"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1:1"),
        ("Origin", "http://[::1"),
        ("Origin", "http://127.0.0.1:{port}.evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "nonsense"),
    ],
)
def test_what_another_site_sends_is_refused_everywhere(sandbox: Sandbox, name: str, value: str) -> None:
    texts = refused_headers(sandbox, {name: value.format(port=port_of(sandbox))})

    assert all("another site" in text for text in texts)


def test_the_servers_own_pages_may_call(sandbox: Sandbox) -> None:
    headers = {"Origin": sandbox.origin, "Sec-Fetch-Site": "same-origin"}

    answer = on_admin(sandbox, "POST", "/__admin/sandboxes/{account_id}/reset", **headers)

    assert answer.status_code == 200
    assert sandbox.send("POST", "contact", json=CONTACT, headers=headers).status_code == 200


@pytest.mark.parametrize("origin_of_page", ["http://evil.example", "own"])
def test_no_answer_has_a_cors_header(sandbox: Sandbox, origin_of_page: str) -> None:
    page = sandbox.origin if origin_of_page == "own" else origin_of_page
    preflight = {"Origin": page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}

    answers = [
        sandbox.send(method, "contact", headers=preflight, json=CONTACT) for method in ("OPTIONS", "GET", "POST")
    ]
    answers += [on_admin(sandbox, "OPTIONS", path, **preflight) for _, path in ADMIN_CALLS]
    answers += [on_admin(sandbox, method, path, **preflight) for method, path in ADMIN_CALLS]

    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(("method", "path"), [call for call in ADMIN_CALLS if call[0] in ("POST", "PUT", "PATCH")])
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_an_admin_change_that_is_not_json_is_415(sandbox: Sandbox, method: str, path: str, media_type: str) -> None:
    sandbox.stored("contact", CONTACT)
    before = sandbox.state()

    answer = on_admin(sandbox, method, path, **{"Content-Type": media_type})

    assert answer.status_code == 415
    assert "application/json" in errors_of(answer)[0]
    assert sandbox.state() == before
