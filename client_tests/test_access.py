"""Who may call: keys and accounts on the API, hosts and sites everywhere, the token on the admin side."""

import base64
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.routing import Mount, Route

from client_tests.sandbox import JSON_HEADERS, Sandbox, errors_of
from client_tests.serving import Served, served
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.store.database import open_database
from mock_server.web.app import build_app

CONTACT = {"email": "ada@example.org"}
STATE = "/__admin/sandboxes/{account_id}/state"
# Holds what a link must encode.
TOKEN = "a+b&c%d#e"


def routes_of(app: Any) -> Iterator[Route]:
    for route in app.routes:
        if isinstance(route, Mount):
            yield from routes_of(route)
        elif isinstance(route, Route):
            yield route


def admin_calls() -> list[tuple[str, str]]:
    """Return method and path of all that the application has below `/__admin`."""
    with closing(open_database()) as database:
        app: Any = build_app(Contract.load(), database, ServeSettings()).app
    return [
        (method, route.path)
        for route in routes_of(app.default)
        for method in sorted((route.methods or set()) - {"HEAD"})
        if route.path.startswith("/__admin")
    ]


HEALTH = "/__admin/health"
ADMIN_CALLS = [call for call in admin_calls() if call[1] != HEALTH]
every_admin_call = pytest.mark.parametrize(("method", "path"), ADMIN_CALLS)


def on_admin(sandbox: Sandbox, method: str, path: str, **headers: str) -> httpx.Response:
    """Send the admin call for this sandbox, with a JSON body if it changes something."""
    url = sandbox.origin + re.sub(r"\{.*?\}", sandbox.account_id, path)
    if method in ("GET", "DELETE"):
        return sandbox.http.request(method, url, headers=headers)
    return sandbox.http.request(method, url, headers={**JSON_HEADERS, **headers}, content=b"{}")


def port_of(sandbox: Sandbox) -> str:
    return str(urlsplit(sandbox.origin).port)


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


@every_admin_call
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
