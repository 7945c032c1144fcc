"""The dashboard in a real browser: calls as they arrive, hostile data as text, keyboard, axe, phones.

Needs Debian's `chromium` and Playwright for Python; axe-core comes from npm into pytest's cache folder.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.sandbox import Sandbox
from client_tests.serving import served

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is missing: pip install it")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
AXE_VERSION = "4.14.1"
HOSTILE = "</script></pre><img src=x onerror=\"document.title='owned';alert(1)\">"
LUKE = {"contact_id": "7", "email": "luke@example.org", "first_name": "<script>alert(1)</script>"}
# Every page, and one that does not exist.
PAGES = {
    "sandboxes": "/__admin/ui?all=1",
    "overview": "/__admin/ui/{account}",
    "requests": "/__admin/ui/{account}/requests",
    "exchange": "/__admin/ui/{account}/requests/{exchange}",
    "contacts": "/__admin/ui/{account}/contacts",
    "contact": "/__admin/ui/{account}/contacts/{contact}",
    "orders": "/__admin/ui/{account}/orders",
    "order": "/__admin/ui/{account}/orders/{order}",
    "subscriptions": "/__admin/ui/{account}/subscriptions",
    "products": "/__admin/ui/{account}/products",
    "visitors": "/__admin/ui/{account}/visitors",
    "ads": "/__admin/ui/{account}/ads",
    "coverage": "/__admin/ui/{account}/coverage",
    "faults": "/__admin/ui/{account}/faults",
    "contract": "/__admin/ui/{account}/contract",
    "reference": "/__admin/docs/{account}",
    "not-found": "/__admin/ui/{account}/contacts/0",
}


@dataclass(slots=True)
class Window:
    """A page of the browser. `alarms`: dialogs that opened, and errors on the console."""

    page: Any
    origin: str
    paths: dict[str, str]
    alarms: list[str] = field(default_factory=list)

    def open(self, name: str) -> Any:
        self.page.goto(self.origin + self.paths[name])
        if name == "reference":
            self.page.wait_for_selector(".opblock")
        return self.page


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Serve over SQLite alone: the other tests of the dashboard read its pages over each database."""
    with served("--check-answers") as server:
        yield server.origin


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe(request: pytest.FixtureRequest) -> str:
    """Return the script of axe-core, which is installed once."""
    if shutil.which("npm") is None:
        pytest.skip("npm is missing, so axe-core cannot be installed")
    folder: Path = request.config.cache.mkdir("axe-core")
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
        ended = subprocess.run([*command, f"axe-core@{AXE_VERSION}"], capture_output=True, text=True, timeout=120)
        if ended.returncode:
            pytest.skip(f"axe-core cannot be installed from npm: {ended.stderr[-300:]}")
    return script.read_text("utf-8")


@pytest.fixture
def living(sandbox: Sandbox) -> dict[str, str]:
    """Fill a sandbox so that every page shows something, most of it hostile; return the paths of its pages."""
    sandbox.stored("contact", {**LUKE, "tags": [HOSTILE], "custom_fields": {HOSTILE: HOSTILE}, "utm_campaign": "c-1"})
    sandbox.stored("invoice", {**ORDER, "id": HOSTILE, "contact_id": "7", "paid": 1999, "date_created": "2026-01-04"})
    sandbox.stored("subscription", {**SUBSCRIPTION, "contact_id": "7", "name": HOSTILE})
    sandbox.stored("product", {"id": HOSTILE, "name": HOSTILE})
    ad = {"ad": "ad-1", "adcampaign": {"id": "c-1", "name": HOSTILE}, "date": "2026-01-05", "spend": 4500, "clicks": 9}
    sandbox.stored("ad/performance", ad, integration="ads")
    sandbox.post("contact", {"email": [HOSTILE], "custom_fields": {"pad": "x" * 60_000 + HOSTILE}, HOSTILE: 1})
    plan = {"rules": [{"operation": "upsert_product", "rate": 0.5, "fault": {"status": 500, "body": HOSTILE}}]}
    admin = f"{sandbox.origin}/__admin"
    sandbox.http.put(f"{admin}/sandboxes/{sandbox.account_id}/faults", json=plan).raise_for_status()
    ui = f"{admin}/ui/{sandbox.account_id}"
    found = {
        name: sandbox.http.get(f"{ui}/{name}s").text.split(f"/{name}s/")[1].split('"')[0]
        for name in ("contact", "order")
    }
    exchange = str(sandbox.requests()[-1]["number"])
    return {name: path.format(account=sandbox.account_id, exchange=exchange, **found) for name, path in PAGES.items()}


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=lambda it: f"{it[0]}-{it[1]}")
def appearance(request: pytest.FixtureRequest) -> tuple[str, int]:
    """Return colour scheme and width."""
    found: tuple[str, int] = request.param
    return found


def window(chromium: Any, origin: str, paths: dict[str, str], **options: Any) -> Window:
    context = chromium.new_context(**options)
    opened = Window(context.new_page(), origin, paths)

    def note_error(message: Any) -> None:
        if message.type == "error" and "404" not in message.text:
            opened.alarms.append(f"{opened.page.url}: {message.text}")

    def refuse(dialog: Any) -> None:
        opened.alarms.append(f"{opened.page.url}: a dialog: {dialog.message}")
        dialog.dismiss()

    opened.page.on("console", note_error)
    opened.page.on("pageerror", lambda error: opened.alarms.append(f"{opened.page.url}: {error}"))
    opened.page.on("dialog", refuse)
    return opened


@pytest.fixture
def here(chromium: Any, origin: str, living: dict[str, str]) -> Iterator[Window]:
    opened = window(chromium, origin, living, viewport={"width": 1280, "height": 900})
    yield opened
    opened.page.context.close()


def test_a_curl_call_appears_within_a_second_red_and_with_the_pointer(here: Window, sandbox: Sandbox) -> None:
    with here.page.expect_response("**/events?*"):
        page = here.open("requests")
    body = json.dumps({**ORDER, "email": "ada@example.org", "amount": "12.50"})
    headers = ["-H", f"Authorization: {sandbox.api_key}", "-H", "Content-Type: application/json"]

    subprocess.run(["curl", "-s", sandbox.url("invoice"), *headers, "-d", body], capture_output=True, check=True)

    row = page.wait_for_selector(".exchange.new", timeout=1000)
    assert "/body/amount" in row.inner_text()
    assert "violation" in row.get_attribute("class")
    edge = row.evaluate("it => getComputedStyle(it).borderLeftColor")
    red, green, blue = (int(part) for part in edge.removeprefix("rgb(").removesuffix(")").split(","))
    assert red > 2 * max(green, blue)
    row.query_selector("a").click()
    assert page.inner_text("mark") == '"12.50"'


def test_a_paused_list_stays_as_it_is_and_goes_on_with_what_it_missed(here: Window, sandbox: Sandbox) -> None:
    page = here.open("requests")
    page.click("#pause")
    sandbox.post("contact", {"email": "while-paused@example.org"})
    count = page.locator("#exchanges > li").count()

    page.click("#pause")

    page.wait_for_selector(".exchange.new", timeout=2000)
    assert page.locator("#exchanges > li").count() == count + 1


def test_the_list_says_whether_it_is_live_and_empties_on_a_reset(here: Window, sandbox: Sandbox) -> None:
    page = here.open("requests")
    page.wait_for_selector("#live[data-state=live]")
    page.click("#pause")
    assert page.inner_text("#live") == "Paused"
    page.click("#pause")
    page.wait_for_selector("#live[data-state=live]")
    assert page.locator("#exchanges > li").count() > 0

    sandbox.admin("POST", "/reset", json={}).raise_for_status()

    page.wait_for_selector("#reset-note:not([hidden])")
    assert "The sandbox was reset at " in page.inner_text("#reset-note")
    assert page.locator("#exchanges > li").count() == 0
    sandbox.post("contact", {"email": "after-reset@example.org"})
    page.wait_for_selector(".exchange.new")


def test_the_list_says_when_the_server_is_not_there_and_when_it_is_again(chromium: Any, http: httpx.Client) -> None:
    with served() as server:
        sandbox = Sandbox.default(server.origin, http)
        sandbox.post("contact", LUKE)
        opened = window(chromium, server.origin, {"requests": "/__admin/ui/demo/requests"})
        page = opened.open("requests")
        page.wait_for_selector("#live[data-state=live]")
    page.wait_for_selector("#live[data-state=lost]")
    assert page.inner_text("#live") == "Connection lost, trying again"

    with served("--port", server.origin.rpartition(":")[2]):
        page.wait_for_selector("#live[data-state=live]")
        page.wait_for_selector("#reset-note:not([hidden])")
        sandbox.post("contact", LUKE)
        page.wait_for_selector(".exchange.new")
    page.context.close()


def test_hostile_data_is_shown_as_text_and_nothing_fails(here: Window) -> None:
    for name in PAGES:
        page = here.open(name)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")

        assert here.alarms == []
        assert page.locator("img").count() == 0, name
        assert page.title() != "owned", name


def test_hostile_texts_can_be_read(here: Window) -> None:
    assert LUKE["first_name"] in here.open("contacts").inner_text("main")
    assert LUKE["first_name"] in here.open("contact").inner_text("main")
    assert HOSTILE[:30] in here.open("exchange").inner_text("main")
    assert HOSTILE[:30] in here.open("requests").inner_text("main")


def test_hostile_calls_that_arrive_live_are_text(here: Window, sandbox: Sandbox) -> None:
    page = here.open("requests")

    sandbox.post("contact", {"email": [HOSTILE], "pad": "x" * 60_000 + HOSTILE})

    assert HOSTILE[:30] in page.wait_for_selector(".exchange.new").inner_text()
    assert page.locator("img").count() == 0
    assert here.alarms == []


def test_everything_is_reached_by_keyboard(here: Window) -> None:
    page = here.open("requests")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 40)"))

    assert reached[0] == "Skip to the content"
    for wanted in ("Overview", "Contract", "API reference", "Pause", "Filter"):
        assert wanted in reached
    assert any("upsert_contact" in text for text in reached)


def test_the_link_that_skips_leads_to_the_content(here: Window) -> None:
    page = here.open("contacts")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def test_a_fault_plan_is_set_and_cleared_from_the_page(here: Window, sandbox: Sandbox) -> None:
    faults = f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/faults"
    page = here.open("faults")

    page.click("text=Responses take two seconds")
    with page.expect_navigation():
        page.click("text=Set the plan")
    assert sandbox.http.get(faults).json()["rules"] == [{"fault": {"delay_seconds": 2}}]
    with page.expect_navigation():
        page.click("#clear")
    assert sandbox.http.get(faults).json()["rules"] == []


def test_the_page_shows_what_is_wrong_with_a_plan(here: Window) -> None:
    page = here.open("faults")

    page.fill("#rules", '{"rules": [{"operation": "no_such", "fault": {"status": 500}}]}')
    page.click("text=Set the plan")

    page.locator("#outcome", has_text="rules/0/operation").wait_for()


def test_copy_as_curl_puts_the_command_on_the_clipboard(here: Window, sandbox: Sandbox) -> None:
    here.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = here.open("exchange")

    page.click("text=Copy as curl")

    page.wait_for_selector("text=Copied")
    assert sandbox.api_key in page.evaluate("navigator.clipboard.readText()")


def test_try_it_out_works_with_what_is_filled_in(here: Window, sandbox: Sandbox) -> None:
    sandbox.http.request("DELETE", f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/faults", json={})
    page = here.open("reference")

    before = len(sandbox.requests())
    for name in ("Ads-record_ad_performance", "Reading-read_contact", "Tracking-identify"):
        page.click(f"#operations-{name} .opblock-summary-control")
        page.click(f"#operations-{name} .execute")
        page.wait_for_selector(f"#operations-{name} .live-responses-table .response")

    own, read, identified = sandbox.requests()[before:]
    assert [one["operation"] for one in (own, read, identified)] == [
        "record_ad_performance",
        "read_contact",
        "identify",
    ]
    assert own["answer"]["status"] == identified["answer"]["status"] == 200
    assert own["request"]["path"].endswith("/ads/ad/performance")
    assert read["request"]["path"].endswith("?extend=tags,orders")
    assert read["findings"] == [] or read["answer"]["status"] == 404
    assert here.alarms == []


def test_axe_finds_nothing_serious_on_any_page(
    chromium: Any, origin: str, living: dict[str, str], appearance: tuple[str, int], axe: str
) -> None:
    scheme, width = appearance
    viewport = {"width": width, "height": 900}
    opened = window(chromium, origin, living, viewport=viewport, color_scheme=scheme, bypass_csp=True)
    grave = []

    for name in PAGES:
        page = opened.open(name)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        page.evaluate(axe)
        for found in page.evaluate("axe.run()")["violations"]:
            if found["impact"] in ("serious", "critical"):
                grave += [f"{name}: {found['id']}: {node['html'][:200]}" for node in found["nodes"]]
    opened.page.context.close()

    assert grave == []


def test_no_page_is_wider_than_a_phone(chromium: Any, origin: str, living: dict[str, str]) -> None:
    opened = window(chromium, origin, living, viewport={"width": 390, "height": 844}, has_touch=True)
    wide = []

    for name in PAGES:
        page = opened.open(name)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
            wide.append(f"{name}: {width}")
    opened.page.context.close()

    assert wide == []
