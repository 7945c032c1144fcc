"""The token of the admin side, and the address of a server behind a proxy."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from client_tests.admin_calls import ADMIN_CALLS, HEALTH, STATE, on_admin
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import Served, served

CONTACT = {"email": "ada@example.org"}
# Holds what a link must encode.
TOKEN = "a+b&c%d#e"


@pytest.fixture(scope="module", params=[("--host", "0.0.0.0"), ("--admin-token", TOKEN)], ids=["open", "token"])
def guarded(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Serve a fake whose admin side asks for its token, on loopback."""
    with served(*request.param) as server:
        yield replace(server, origin=f"http://127.0.0.1:{urlsplit(server.origin).port}")


@pytest.fixture
def demo(guarded: Served, http: httpx.Client) -> Sandbox:
    """Return the default sandbox of that server, for a client that is not logged in."""
    return Sandbox.default(guarded.origin, http)


@pytest.fixture
def browser(demo: Sandbox) -> Iterator[Sandbox]:
    """Return the same for a client that keeps cookies and follows redirects."""
    with httpx.Client(trust_env=False, follow_redirects=True) as client:
        yield replace(demo, http=client)


def link_of(server: Served) -> str:
    return next(line.split()[-1] for line in server.banner.splitlines() if line.startswith("Admin link"))


@pytest.fixture
def token(guarded: Served) -> str:
    """Return the token that was given, or the one in the link."""
    return TOKEN if TOKEN in guarded.process.args else link_of(guarded).partition("token=")[2]  # type: ignore[operator]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("method", "path"), ADMIN_CALLS)
@pytest.mark.parametrize("sent", ["nothing", "empty", "wrong", "api-key", "cookie"])
def test_without_the_token_no_admin_call_is_answered(
    demo: Sandbox, token: str, method: str, path: str, sent: str
) -> None:
    state_url = f"{demo.origin}/__admin/sandboxes/demo/state"
    before = demo.http.get(state_url, headers=bearer(token)).json()
    headers = {
        "nothing": {},
        "empty": {"Authorization": "Bearer", "Cookie": "segmetrics_mock_admin="},
        "wrong": bearer(f"{token}x"),
        "api-key": bearer(demo.api_key),
        "cookie": {"Cookie": "segmetrics_mock_admin=wrong; session=wrong"},
    }[sent]

    answer = on_admin(demo, method, path, **headers)

    assert answer.status_code == 401
    assert "token" in errors_of(answer)[0]
    assert demo.http.get(state_url, headers=bearer(token)).json() == before


@pytest.mark.parametrize("path", [path for method, path in ADMIN_CALLS if method == "GET"])
def test_with_the_token_admin_calls_are_answered(demo: Sandbox, token: str, path: str) -> None:
    assert on_admin(demo, "GET", path, **bearer(token)).status_code == 200


def test_the_printed_link_logs_a_browser_in(guarded: Served, browser: Sandbox) -> None:
    link = urlsplit(link_of(guarded))

    browser.http.get(f"{browser.origin}{link.path}?{link.query}")

    assert [cookie.has_nonstandard_attr("HttpOnly") for cookie in browser.http.cookies.jar] == [True]
    assert [cookie.path for cookie in browser.http.cookies.jar] == ["/__admin"]
    for path in [path for method, path in ADMIN_CALLS if method == "GET"]:
        assert on_admin(browser, "GET", path).status_code == 200


def test_the_link_works_as_printed(guarded: Served, browser: Sandbox) -> None:
    answer = browser.http.get(link_of(guarded))

    assert answer.status_code == 200, answer.text


def test_a_login_with_a_wrong_token_is_401_and_sets_no_cookie(guarded: Served, demo: Sandbox) -> None:
    for query in ("", "?token=", "?token=wrong", "?token=wrong&token=wrong"):
        answer = demo.http.get(f"{guarded.origin}/__admin/login{query}")

        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


def test_the_api_itself_asks_for_no_token(demo: Sandbox) -> None:
    assert demo.post("contact", CONTACT).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example"}, {"Host": ""}, {"Origin": "null"}], ids=str)
def test_health_is_open_to_anyone(guarded: Served, http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.get(f"{guarded.origin}{HEALTH}", headers=headers)

    assert answer.status_code == 200
    assert answer.json().keys() == {"status", "version"}
    assert http.get(f"{guarded.origin}{HEALTH}/x", headers=headers).status_code in (401, 403)


@pytest.mark.parametrize(("sent", "scheme"), [("https", "https"), ("HTTPS , http", "https"), ("ftp", "http")])
def test_behind_tls_the_base_url_has_the_scheme_that_the_proxy_names(sandbox: Sandbox, sent: str, scheme: str) -> None:
    headers = {"X-Forwarded-Proto": sent, "Host": "segmetrics-mock"}

    created = on_admin(sandbox, "POST", "/__admin/sandboxes", **headers)

    assert created.json()["base_url"] == f"{scheme}://segmetrics-mock/api"


@pytest.fixture(scope="module")
def behind_a_proxy() -> Iterator[Served]:
    options = ("--public-url", "https://fake.example.org:443/", "--admin-token", TOKEN)
    with served(*options) as server:
        (address,) = re.findall(r"^Listening at (\S+),", server.banner, re.MULTILINE)
        yield replace(server, origin=address)


def test_the_public_url_is_in_all_links(behind_a_proxy: Served, http: httpx.Client) -> None:
    sandbox = Sandbox.default(behind_a_proxy.origin, http)

    created = on_admin(sandbox, "POST", "/__admin/sandboxes", **bearer(TOKEN)).json()
    document = on_admin(sandbox, "GET", "/__admin/docs/{account_id}/openapi.json", **bearer(TOKEN)).json()

    assert created["base_url"] == "https://fake.example.org/api"
    assert document["servers"][0]["url"] == "https://fake.example.org/api"
    assert "Base URL     https://fake.example.org/api" in behind_a_proxy.banner
    assert link_of(behind_a_proxy).startswith("https://fake.example.org/__admin/login?")


@pytest.mark.parametrize("host", ["fake.example.org", "backend:8642"])
def test_pages_at_the_public_url_may_call(behind_a_proxy: Served, http: httpx.Client, host: str) -> None:
    sandbox = Sandbox.default(behind_a_proxy.origin, http)
    own = {"Host": host, "Origin": "https://fake.example.org", "Sec-Fetch-Site": "same-origin"}

    answer = on_admin(sandbox, "POST", "/__admin/sandboxes/{account_id}/reset", **bearer(TOKEN), **own)

    assert answer.status_code == 200
    refused = on_admin(sandbox, "GET", STATE, **bearer(TOKEN), **own | {"Origin": "https://other.example.org"})
    assert refused.status_code == 403


def test_behind_tls_the_token_travels_in_a_secure_cookie(behind_a_proxy: Served, http: httpx.Client) -> None:
    link = urlsplit(link_of(behind_a_proxy))
    headers = {"Host": "fake.example.org", "X-Forwarded-Proto": "https"}

    answer = http.get(f"{behind_a_proxy.origin}{link.path}?{link.query}", headers=headers)

    assert answer.status_code == 303
    assert "; Secure" in answer.headers["set-cookie"]
