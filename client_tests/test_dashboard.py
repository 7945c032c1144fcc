"""The dashboard over HTTP: what each page shows, that it stays harmless, and that it goes page by page."""

import re
import subprocess
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import yaml

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.dashboard import AD, LUKE, curl_in, get, page
from client_tests.sandbox import Sandbox
from client_tests.serving import served

PAGES = [
    *(
        "",
        "/requests",
        "/contacts",
        "/orders",
        "/subscriptions",
        "/products",
        "/visitors",
        "/ads",
        "/coverage",
        "/faults",
    ),
    "/contract",
]
EMPTY = {
    "": "No request has been received yet",
    "/requests": "No request has been received yet",
    "/contacts": "No contact is stored yet",
    "/orders": "No order is stored yet",
    "/subscriptions": "No subscription is stored yet",
    "/products": "No product is stored yet",
    "/visitors": "No visitor is identified yet",
    "/ads": "No ad figures are stored yet",
    "/coverage": "No request has been received yet",
    "/faults": "No faults are injected",
}
HOSTILE = """</script><img src=x onerror="alert(1)">'"{{ 7 * 7 }}\x1b\u202e"""
# As hostile as an id or a tag can be: control characters are refused there.
NAME = HOSTILE.replace("\x1b", "")

# For an exchange to arrive in a stream of events: less than its keep-alive comments are apart.
PATIENCE_SECONDS = 10


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/requests/999999", "/../static/base.css"])
def test_every_page_allows_no_inline_script_and_no_other_server(sandbox: Sandbox, path: str) -> None:
    answer = get(sandbox, path)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not re.search(
        r"""<script(?! src="/__admin/ui/static/)|<style|\sstyle=|\son\w+=|//[a-z]+\.[a-z]""", answer.text
    )


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_page_says_what_to_do_next_with_a_curl_line_that_works(sandbox: Sandbox, path: str) -> None:
    text = page(sandbox, path)
    before = sandbox.state()

    ended = subprocess.run(["sh", "-c", f"{curl_in(text)} -fsS"], capture_output=True, text=True, timeout=30)

    assert EMPTY[path] in text
    assert ended.returncode == 0, ended.stderr
    assert EMPTY[path] not in page(sandbox, path)
    assert path == "/faults" or sandbox.state() != before


def test_a_call_that_broke_the_contract_is_listed_with_pointer_and_text(sandbox: Sandbox) -> None:
    sandbox.post("invoice", {**ORDER, **LUKE, "amount": "12.50"})

    text = page(sandbox, "/requests")

    assert 'class="exchange violation"' in text
    assert '<code class="pointer">/body/amount</code>' in text


def test_a_call_shows_request_and_answer_with_the_spot_marked_and_its_evidence(sandbox: Sandbox) -> None:
    sandbox.post("invoice", {**ORDER, "amount": "12.50"})

    text = page(sandbox, f"/requests/{sandbox.requests()[0]['number']}")

    assert "<mark>&#34;12.50&#34;</mark>" in text
    assert ">documented</span>" in text
    assert "Bad data, or a required field is missing." in text


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [2, 1, 0]),
        ("operation=upsert_contact", [1, 0]),
        ("status=400", [2]),
        ("severity=violation", [2]),
        ("severity=none-such", [2, 1, 0]),
        ("status=500", []),
    ],
)
def test_calls_are_filtered(sandbox: Sandbox, query: str, numbers: list[int]) -> None:
    sandbox.post("contact", LUKE)
    sandbox.post("contact", LUKE)
    sandbox.post("invoice", {})
    all = [entry["number"] for entry in sandbox.requests()]

    text = page(sandbox, f"/requests?{query}")

    assert re.findall('data-number="([0-9]+)"', text) == [str(all[place]) for place in numbers]


@pytest.mark.parametrize(
    "body", ['{"email": "luke@example.org"}', """{"first_name": "O'Neill\\n$(id) `id`", "email": "@x"}""", "not json"]
)
def test_the_curl_of_a_call_sends_the_same_call_again(sandbox: Sandbox, body: str) -> None:
    sandbox.send("POST", "contact", content=body, headers={"Content-Type": "application/json"})
    text = page(sandbox, f"/requests/{sandbox.requests()[0]['number']}")

    subprocess.run(["sh", "-c", curl_in(text)], capture_output=True, check=True, timeout=30)

    first, again = sandbox.requests()
    assert again["request"]["body"] == first["request"]["body"] == body
    assert again["request"]["path"] == first["request"]["path"]
    assert again["answer"]["status"] == first["answer"]["status"]


def test_a_wrong_key_stays_masked(sandbox: Sandbox) -> None:
    sandbox.send("POST", "contact", json=LUKE, headers={"Authorization": "secret-of-somebody-else"})

    text = page(sandbox, f"/requests/{sandbox.requests()[0]['number']}")

    assert "secret-of-somebody" not in text
    assert "authorization: …else" in curl_in(text)


def test_requests_for_no_account_have_a_page(sandbox: Sandbox) -> None:
    key = {"Authorization": "unknown-key-unknown-key"}
    sandbox.http.post(f"{sandbox.origin}/api/v1/of-nobody/payments/contact", json={}, headers=key)

    listed = sandbox.http.get(f"{sandbox.origin}/__admin/ui?all=1").text
    text = sandbox.http.get(f"{sandbox.origin}/__admin/ui/~/requests").text

    assert "Requests for no existing account" in listed
    assert "/api/v1/of-nobody/payments/contact" in text


def test_coverage_shows_what_was_exercised_and_what_was_not(sandbox: Sandbox) -> None:
    sandbox.stored("product", {"id": "sku", "name": "Lightsaber"})

    text = page(sandbox, "/coverage")

    assert '<li class="met">/body/name' in text
    assert "not exercised: </span>/body/custom_fields" in text


def test_a_fault_plan_is_shown_with_how_often_its_rules_matched(sandbox: Sandbox) -> None:
    plan = {"rules": [{"operation": "upsert_product", "nth": [1], "fault": {"status": 503}}]}
    sandbox.http.put(f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/faults", json=plan).raise_for_status()
    sandbox.post("product", {"id": "sku", "name": "Lightsaber"})

    text = page(sandbox, "/faults")

    assert "1 rule in force" in text
    assert "matched 1 call" in text


def test_the_contract_is_shown_with_its_evidence(sandbox: Sandbox) -> None:
    every, assumed = page(sandbox, "/contract"), page(sandbox, "/contract?evidence=assumed")

    assert "tags-replaced" in every
    assert "key-checked" in every
    assert "tags-replaced" not in assumed
    assert "key-checked" in assumed


def test_what_clients_sent_is_escaped_and_visible_on_every_page(sandbox: Sandbox) -> None:
    sandbox.stored("contact", {**LUKE, "first_name": HOSTILE, "tags": [NAME], "custom_fields": {HOSTILE: HOSTILE}})
    sandbox.stored("invoice", {**ORDER, "id": NAME, "contact_id": "7"})
    sandbox.stored("subscription", {**SUBSCRIPTION, "contact_id": "7", "name": HOSTILE})
    sandbox.stored("product", {"id": NAME, "name": HOSTILE})
    sandbox.stored("ad/performance", {**AD, "adcampaign": {"id": "c", "name": HOSTILE}}, integration="ads")
    sandbox.post("contact", {"email": [HOSTILE], HOSTILE: 1})
    sandbox.send("GET", quote(HOSTILE), headers={"X-Odd": "<b>odd</b>"})
    calls = [f"/requests/{entry['number']}" for entry in sandbox.requests()]
    links = {link for path in ("/contacts", "/orders") for link in re.findall(f"{path}/[0-9]+", page(sandbox, path))}

    for path in [*PAGES, *calls, *links, f"/contacts?search={quote(HOSTILE)}"]:
        text = page(sandbox, path)
        assert "<img" not in text, path
        assert "<b>odd" not in text, path
        assert "\x1b" not in text, path
        assert "\u202e" not in text, path


def test_unknown_sandboxes_and_rows_are_pages_with_404(sandbox: Sandbox) -> None:
    elsewhere = f"{sandbox.origin}/__admin/ui/%3Cb%3Enone"

    assert sandbox.http.get(elsewhere).status_code == 404
    assert "<b>none" not in sandbox.http.get(elsewhere).text
    assert get(sandbox, "/contacts/1").status_code == 404
    assert get(sandbox, "/requests/1").status_code == 404
    assert sandbox.http.get(f"{elsewhere}/events").status_code == 404


def test_rows_of_another_sandbox_cannot_be_opened(sandbox: Sandbox, neighbour: Sandbox) -> None:
    neighbour.stored("contact", LUKE)
    neighbour.stored("invoice", {**ORDER, "contact_id": "7"})
    call = neighbour.requests()[0]["number"]
    paths = [re.findall(f"{path}/[0-9]+", page(neighbour, path))[0] for path in ("/contacts", "/orders")]

    assert [get(sandbox, path).status_code for path in [*paths, f"/requests/{call}"]] == [404, 404, 404]


@pytest.mark.parametrize("name", ["base.css", "dashboard.css", "page.js", "swagger-ui-bundle.js", "icon.svg"])
def test_styles_and_scripts_come_from_this_server(sandbox: Sandbox, name: str) -> None:
    answer = sandbox.http.get(f"{sandbox.origin}/__admin/ui/static/{name}")

    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["pages.py", "..%2Ftheme.py", "%2e%2e/theme.py", "base.css%00"])
def test_no_other_file_is_served(sandbox: Sandbox, name: str) -> None:
    assert sandbox.http.get(f"{sandbox.origin}/__admin/ui/static/{name}").status_code == 404


def test_events_bring_new_calls_as_they_arrive(sandbox: Sandbox) -> None:
    url = f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/events?severity=violation"
    with sandbox.http.stream("GET", url) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        sandbox.post("contact", LUKE)
        sandbox.post("contact", {"email": ["<img>"]})
        data = next(line for line in lines if line.startswith("data:"))

    assert "/body/email" in data
    assert "<img>" not in data
    assert stream.headers["content-type"].startswith("text/event-stream")


def test_events_go_on_after_a_reset(sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.post("contact", LUKE)
    url = f"{sandbox.origin}/__admin/ui/{sandbox.account_id}/events"
    with sandbox.http.stream("GET", url, timeout=PATIENCE_SECONDS) as stream:
        lines = stream.iter_lines()
        next(lines)
        sandbox.admin("POST", "/reset", json={}).raise_for_status()
        sandbox.post("product", {"id": 1, "name": "Course"})

        assert next(line for line in lines if line.startswith("data:") and "upsert_product" in line)


def test_a_server_with_one_sandbox_leads_straight_to_it_and_its_banner_there(http: httpx.Client) -> None:
    with served() as server:
        answer = http.get(f"{server.origin}/__admin/ui")

        assert f"Dashboard    {server.origin}/__admin/ui\n" in server.banner
        assert answer.headers["location"] == "/__admin/ui/demo"


@pytest.mark.slow
def test_two_processes_over_one_file_see_each_others_calls(tmp_path: Path, http: httpx.Client) -> None:
    database = str(tmp_path / "shared.db")
    with served("--database", database) as one, served("--database", database) as other:
        with http.stream("GET", f"{other.origin}/__admin/ui/demo/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            Sandbox.default(one.origin, http).post("contact", LUKE)

            assert "upsert_contact" in next(line for line in lines if line.startswith("data:"))


def test_with_a_token_pages_files_and_events_ask_for_it_and_the_login_leads_to_them(http: httpx.Client) -> None:
    with served("--admin-token", "open-sesame") as server:
        paths = ["/__admin/ui", "/__admin/ui/demo/events", "/__admin/ui/static/base.css", "/__admin/docs/demo"]

        assert [http.get(server.origin + path).status_code for path in paths] == [401] * 4
        assert http.get(f"{server.origin}/__admin/login?token=open-sesame").headers["location"] == "/__admin/ui"
    http.cookies.clear()


def test_the_reference_is_filled_in_with_the_sandbox_and_this_server(sandbox: Sandbox) -> None:
    docs = f"{sandbox.origin}/__admin/docs/{sandbox.account_id}"

    text = sandbox.http.get(docs).text
    document = sandbox.http.get(f"{docs}/openapi.json").json()
    served = sandbox.http.get(f"{sandbox.origin}/openapi.json").json()

    assert f'data-key="{sandbox.api_key}"' in text
    assert [server["url"] for server in document["servers"]] == [f"{sandbox.origin}/api"]
    assert document["components"]["parameters"]["AccountId"]["example"] == sandbox.account_id
    assert [server["url"] for server in served["servers"]] == [
        f"{sandbox.origin}/api",
        "https://import.segmetrics.io/api",
    ]
    assert yaml.safe_load(sandbox.http.get(f"{sandbox.origin}/openapi.yaml").text) == served


def test_an_open_page_does_not_hold_up_the_end_of_the_server(http: httpx.Client) -> None:
    with served(stderr=subprocess.STDOUT) as server:
        with http.stream("GET", f"{server.origin}/__admin/ui/demo/events") as stream:
            next(stream.iter_lines())

            server.process.terminate()

            assert server.process.wait(timeout=5) == 0
        assert server.process.stdout
        assert server.process.stdout.read().strip() == ""
