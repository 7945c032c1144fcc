"""The report as a page: what it highlights, that it is complete in itself, and that nothing in it is executed."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest

from client_tests.bodies import ORDER, SUBSCRIPTION
from client_tests.pages import Element, finding, marks, read
from client_tests.sandbox import Sandbox
from mock_server.check.html import html_report
from mock_server.findings import CATALOGUE
from mock_server.journal import ShownExchange
from mock_server.spec import Contract
from mock_server.verdict.report import report_on
from mock_server.verdict.verdict import Run

LUKE = {"email": "luke@example.org"}
ITEM = ORDER["items"][0]
JSON = {"Content-Type": "application/json"}
HOSTILE = """</script></pre><img src=x onerror="window.owned=1">'"`{{ 7 * 7 }}"""
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files"),
    *("--enable-logging=stderr", "--virtual-time-budget=5000"),
]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract.load()


def page_of(sandbox: Sandbox, contract: Contract, command: str = "client", **foreign_hosts: int) -> str:
    """Return the page for all requests to the sandbox."""
    document = sandbox.http.get(f"{sandbox.origin}/__admin/sandboxes/{sandbox.account_id}/report").json()
    document["foreign_hosts"] = [
        {"host": host, "port": 443, "address": "", "count": count} for host, count in foreign_hosts.items()
    ]
    exchanges = {entry["number"]: cast(ShownExchange, entry) for entry in sandbox.requests()}
    return html_report(document, exchanges, contract, command=command)


@pytest.mark.parametrize(
    ("path", "body", "pointer", "marked"),
    [
        ("invoice", {**ORDER, **LUKE, "amount": 12.5}, "/body/amount", "12.5"),
        ("invoice", {**ORDER, **LUKE, "items": [ITEM, {**ITEM, "amount": "ten"}]}, "/body/items/1/amount", '"ten"'),
        ("invoice", {**ORDER, **LUKE, "items": []}, "/body/items", "[]"),
        ("invoice", {**ORDER, **LUKE, "a/b~c": "ä"}, "/body/a~1b~0c", '"ä"'),
        ("contact", {**LUKE, "tags": [1, {"id": {}}]}, "/body/tags/1/id", "{}"),
        ("contact", {**LUKE, "custom_fields": {"0": 1}, "0": {"1": None}}, "/body/0", '{\n    "1": null\n  }'),
        ("subscription", {**SUBSCRIPTION, **LUKE}, "/body/email", '"luke@example.org"'),
    ],
)
def test_the_offending_value_is_marked_and_nothing_else(
    sandbox: Sandbox, contract: Contract, path: str, body: Any, pointer: str, marked: str
) -> None:
    sandbox.post(path, body)

    page = page_of(sandbox, contract)

    assert marks(page, pointer) == [marked]


def test_values_stand_as_they_were_sent(sandbox: Sandbox, contract: Contract) -> None:
    sandbox.send("POST", "product", content=b'{"id":1.50e0,"name":"\\u0041","id2":[ 1.0 ]}', headers=JSON)

    page = page_of(sandbox, contract)

    assert marks(page, "/body/id") == ["1.50e0"]
    assert '{\n  "id": 1.50e0,\n  "name": "\\u0041",\n  "id2": [\n    1.0\n  ]\n}' in finding(page, "/body/id").text


def test_the_object_that_lacks_a_field_is_marked(sandbox: Sandbox, contract: Contract) -> None:
    item = {"name": "Course", "product_id": "course"}
    sandbox.post("invoice", {**ORDER, **LUKE, "items": [ITEM, item]})

    shown = finding(page_of(sandbox, contract), "/body/items/1/amount")

    assert [json.loads(mark.text) for mark in shown.all("mark")] == [item]
    assert "The highlighted object has no amount." in shown.text


def test_broken_json_is_shown_raw_and_marked_where_it_breaks(sandbox: Sandbox, contract: Contract) -> None:
    sandbox.send("POST", "product", content=b'{"id":  tru, "name": "x"}', headers=JSON)

    page = page_of(sandbox, contract)

    assert marks(page, "/body") == ["tru"]
    assert '{"id":  tru, "name": "x"}' in finding(page, "/body").text


def test_headers_are_marked_and_keys_are_masked(sandbox: Sandbox, contract: Contract) -> None:
    sandbox.send("POST", "product", json={"id": 1, "name": "x"}, headers={"Authorization": f"Bearer {sandbox.api_key}"})
    sandbox.send("POST", "contact", json=LUKE, headers={"Authorization": "", "X-Api-Key": sandbox.api_key})
    sandbox.http.post(sandbox.url("invoice"), json={}, headers={"Cookie": sandbox.api_key})
    sandbox.send("POST", "subscription", content=b"id=1", headers={"Content-Type": "text/plain"})

    page = page_of(sandbox, contract)

    assert marks(page, "/headers/authorization", "key-prefix") == [f"Bearer …{sandbox.api_key[-4:]}"]
    assert marks(page, "/headers/content-type") == ["text/plain"]
    assert sandbox.api_key not in page


def test_a_header_that_was_not_sent_is_marked_as_such(sandbox: Sandbox, contract: Contract) -> None:
    sandbox.http.post(sandbox.url("product"), json={})

    page = page_of(sandbox, contract)

    assert marks(page, "/headers/authorization") == ["not sent"]


def test_the_path_or_its_part_or_the_method_is_marked(sandbox: Sandbox, contract: Contract) -> None:
    sandbox.send("POST", "contact?a=/b/c", integration="nope", json=LUKE)
    sandbox.send("POST", "contacts")
    sandbox.send("PUT", "contact")

    page = page_of(sandbox, contract)

    assert marks(page, "/path/integration_id") == ["nope"]
    assert marks(page, "/path") == [f"/api/v1/{sandbox.account_id}/payments/contacts"]
    assert marks(page, "/method") == ["PUT"]


def test_the_contract_is_quoted_beside_a_finding(sandbox: Sandbox, contract: Contract) -> None:
    sandbox.post("invoice", {**ORDER, "contact_id": "ghost"})
    sandbox.post("invoice", {**ORDER, **LUKE, "items": [{**ITEM, "amount": "ten"}]})

    page = page_of(sandbox, contract)

    (amount,) = finding(page, "/body/items/0/amount").all(class_="clause")
    assert "What the contract says about /body/items/*/amount" in amount.text
    assert "Money is whole cents: 12.50 is sent as 1250." in amount.text
    assert "type: integer\nformat: int64\nx-value: money\nminimum: -9007199254740991\n" in amount.text
    assert "documented The unit; the bounds are those of a JSON integer." in amount.text
    (contact,) = finding(page, "/body/contact_id").all(class_="rules")
    assert "invoice-contact-must-exist A contact_id, if given, must exist in SegMetrics." in contact.text
    assert "subscription-contact-must-exist" not in contact.text


def test_the_rules_named_for_findings_stand_in_the_contract(contract: Contract) -> None:
    rules = list(contract.document["x-rules"])
    for item in contract.document["paths"].values():
        for operation in item.values():
            rules += operation.get("x-rules", ()) if isinstance(operation, dict) else ()

    assert {name for kind in CATALOGUE.values() for name in kind.rules} <= {rule["name"] for rule in rules}


def test_findings_are_grouped_gravest_first_and_those_of_no_operation_last(
    sandbox: Sandbox, contract: Contract
) -> None:
    for number in range(7):
        sandbox.post("product", {"id": number, "name": 1, "colour": "blue"})
    sandbox.post("contact", {**LUKE, "group": 1})
    sandbox.send("POST", "nowhere")

    page = read(page_of(sandbox, contract))

    numbers = [str(entry["number"]) for entry in sandbox.requests()]
    groups = list(page.all("article", class_="group"))
    assert [next(group.all("h3")).text for group in groups] == ["upsert_product", "upsert_contact", "No operation"]
    assert " ".join(next(groups[0].all(class_="tally")).text.split()) == "7 violations"
    (shown,) = groups[0].all("details", class_="finding")
    assert [next(example.all("b")).text for example in shown.all(class_="example")] == [
        f"Request {number}" for number in numbers[:3]
    ]
    assert next(shown.all("dd", class_="number")).text == f"{numbers[3]}–{numbers[6]}"


def test_coverage_has_a_row_for_each_operation(sandbox: Sandbox, contract: Contract) -> None:
    for number in range(3):
        sandbox.stored("contact", {"contact_id": number, "status": "active"})
    sandbox.post("contact", {})

    rows = {next(row.all(class_="name")).text: row for row in read(page_of(sandbox, contract)).all(class_="row")}

    assert list(rows) == list(contract.operations)
    contact = rows["upsert_contact"]
    assert [one.text.split()[0] for one in contact.all(class_="met")] == ["200", "400"]
    assert [one.text.split()[0] for one in contact.all(class_="status")][2:] == ["401", "404", "413", "415", "500"]
    found, unmet = ([one.text for one in next(contact.all(class_=it)).all("li")] for it in ("found", "unmet"))
    assert "/body/status=active ×\u202f3" in found
    assert "/body/status=inactive" in unmet
    assert next(contact.all(class_="share")).text == f"{len(found)} of {len(found) + len(unmet)}"


@pytest.mark.parametrize(
    ("bodies", "run", "headline"),
    [
        ([], Run(), "Nothing was captured"),
        ([{"id": 1}], Run(), "The contract is broken"),
        ([{"id": 1, "name": "Course"}], Run(command_code=7), "The command failed with exit code 7"),
        (
            [{"id": 1, "name": "Course"}],
            Run(foreign_hosts=[{"host": "example.org", "port": 443, "address": "", "count": 1}]),
            "The run failed",
        ),
        ([{"id": 1, "name": "Course"}], Run(), "The contract holds"),
    ],
)
def test_the_verdict_is_the_headline(
    sandbox: Sandbox, contract: Contract, bodies: list[dict[str, Any]], run: Run, headline: str
) -> None:
    for body in bodies:
        sandbox.post("product", body)
    document = report_on(contract, cast(list[ShownExchange], sandbox.requests()), run)

    page = read(html_report(document, {}, contract, command="npm test"))

    assert next(page.all("h1")).text == headline
    assert [one.text for one in page.all("p", class_="causes")] == document["verdict"]["reasons"]
    assert next(page.all("pre", class_="command")).text == "$ npm test"


def test_what_is_no_longer_in_the_journal_is_said_to_be_so(sandbox: Sandbox, contract: Contract) -> None:
    sandbox.post("product", {})
    document = report_on(contract, cast(list[ShownExchange], sandbox.requests()))

    page = html_report(document, {}, contract, command="client")

    assert "The request is no longer in the journal." in finding(page, "/body/id").text


def send_hostile(sandbox: Sandbox) -> None:
    body = {**ORDER, **LUKE, "amount": HOSTILE, HOSTILE: HOSTILE, "items": [{**ITEM, "amount": HOSTILE}]}
    sandbox.send("POST", "invoice", json=body, headers={"X-Client": HOSTILE})
    sandbox.send("POST", "product", content=HOSTILE, headers=JSON)
    sandbox.send("GET", "<img src=x onerror=alert(1)>")


def test_hostile_texts_are_texts(sandbox: Sandbox, contract: Contract) -> None:
    send_hostile(sandbox)

    page = page_of(sandbox, contract, HOSTILE, **{HOSTILE: 3})

    tree = read(page)
    assert [one.tag for one in tree.all() if one.tag in ("img", "iframe", "link", "base", "form", "object")] == []
    assert len(list(tree.all("script"))) == len(list(tree.all("style"))) == 1
    assert tree.text.count(HOSTILE) >= 5
    assert marks(page, "/body/amount") == [json.dumps(HOSTILE)]


def test_characters_that_cannot_be_seen_are_shown(contract: Contract, sandbox: Sandbox) -> None:
    sandbox.send("POST", "product", content='{"id": "a\u202eb\u007fc\x1b'.encode(), headers=JSON)

    page = page_of(sandbox, contract, command="echo '\x1b[31m\udc80\u2066'")

    assert r'{"id": "a\u202eb\u007fc\u001b' in finding(page, "/body").text
    assert r"echo '\u001b[31m\udc80\u2066'" in read(page).text
    assert not set(page) & set("\x1b\x7f\u202e\u2066\udc80")


def test_the_page_is_complete_in_itself_and_runs_nothing_but_its_own(sandbox: Sandbox, contract: Contract) -> None:
    send_hostile(sandbox)

    page = read(page_of(sandbox, contract))

    links = [str(one.attributes[name]) for one in page.all() for name in ("src", "href") if name in one.attributes]
    assert [link for link in links if not link.startswith("#")] == []
    assert [one for one in page.all() if any(name == "style" or name[:2] == "on" for name in one.attributes)] == []
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src '{digest(page, 'style')}'; script-src '{digest(page, 'script')}';"
        " base-uri 'none'; form-action 'none'"
    )


def digest(page: Element, tag: str) -> str:
    (element,) = page.all(tag)
    return f"sha256-{base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()}"


@pytest.mark.parametrize(("items", "product"), [(600, "1"), (1000, "x" * 30)], ids=["kept whole", "cut by the journal"])
def test_a_long_body_is_shown_around_the_spot(sandbox: Sandbox, contract: Contract, items: int, product: str) -> None:
    entries = [{"name": f"item {number}", "product_id": product, "amount": number} for number in range(items)]
    entries[500]["amount"] = "many"
    sandbox.post("invoice", {**ORDER, **LUKE, "items": entries})

    shown = finding(page_of(sandbox, contract), "/body/items/500/amount")

    assert [mark.text for mark in shown.all("mark")] == ['"many"']
    body = next(shown.all("pre"))
    before, after = (int(re.sub(r"\D", "", gap.text)) for gap in body.all(class_="gap"))
    assert '"name": "item 499"' in body.text
    assert '"name": "item 501"' in body.text
    assert 3900 < len(body.text) < 4200
    assert before > 30_000
    assert after > 1000
    assert ("the journal kept the first 65,536" in shown.text) == (items == 1000)


@pytest.mark.slow
def test_ten_thousand_requests_of_many_kinds_stay_under_five_megabytes(sandbox: Sandbox, contract: Contract) -> None:
    exchanges = cast(dict[int, ShownExchange], dict(enumerate(numerous(sandbox, 10_000), 1)))
    document = report_on(contract, list(exchanges.values()))

    page = html_report(document, exchanges, contract, command="client")

    tree = read(page)
    shown = len(list(tree.all("details", class_="finding")))
    left = sum(int(re.findall(r"[\d,]+", one.text)[0].replace(",", "")) for one in tree.all(class_="more"))
    assert document["summary"]["requests"] == 10_000
    assert len(document["findings"]) == shown + left > 9_000
    assert shown > 100
    assert len(page.encode()) < 5_000_000


def numerous(sandbox: Sandbox, count: int) -> Iterator[dict[str, Any]]:
    """Yield the exchanges of a large run: a few real ones, repeated, each with a finding at another pointer."""
    sandbox.post("invoice", {**ORDER, **LUKE, "note": "<'\"&>" * 12_000, "amount": "ten"})
    sandbox.post("contact", {**LUKE, "first_name": "<'\"&>" * 12_000, "group": 1})
    sandbox.send("GET", "nowhere/" + "<" * 3000)
    sent = sandbox.requests()
    for number in range(1, count + 1):
        entry = sent[number % len(sent)]
        found = [{**one, "pointer": f"{one['pointer']}/{number}"} for one in entry["findings"]]
        yield {**entry, "number": number, "findings": found}


HARNESS = """<!doctype html><iframe src="report.html" width="390" height="900"></iframe><pre></pre>
<script>
document.querySelector("iframe").onload = (event) => {
  const page = event.target.contentDocument, mark = page.querySelector("mark"), root = page.documentElement;
  mark.scrollIntoView({block: "center"});
  const box = mark.getClientRects()[0];
  const seen = page.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  page.querySelector("[data-open=no]").click();
  console.log("measured");
  document.querySelector("pre").textContent = JSON.stringify({
    marked: mark.textContent, is_seen: seen === mark, overflow: root.scrollWidth - root.clientWidth,
    owned: "owned" in event.target.contentWindow, still_open: page.querySelectorAll(".finding[open]").length,
    background: event.target.contentWindow.getComputedStyle(page.querySelector("header")).backgroundColor,
  });
};
</script>"""


@pytest.mark.slow
def test_a_browser_shows_the_spot_and_runs_nothing_else(sandbox: Sandbox, contract: Contract, tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: the page was not opened in a browser")
    send_hostile(sandbox)
    (tmp_path / "report.html").write_text(page_of(sandbox, contract, HOSTILE), "utf-8")
    (tmp_path / "harness.html").write_text(HARNESS, "utf-8")

    ended = subprocess.run(
        [CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", str(tmp_path / "harness.html")],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode == 0, ended.stderr
    console = [line for line in ended.stderr.splitlines() if "CONSOLE" in line]
    assert [re.sub(r'.*?"(.*?)".*', r"\1", line) for line in console] == ["measured"]
    measured = json.loads(unescape(ended.stdout.partition("<pre>")[2].partition("</pre>")[0]))
    assert measured.pop("background") == "rgb(255, 255, 255)", "the page's style did not apply"
    assert measured == {
        "marked": json.dumps(HOSTILE),
        "is_seen": True,
        "overflow": 0,
        "owned": False,
        "still_open": 0,
    }
