"""A project of 200 calls with 12 kinds of findings adopts a baseline, adds a mistake, mends two: `check` and pytest."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from client_tests.bodies import ORDER
from client_tests.checked import Checked
from client_tests.checked.suites import SHOP, Suite
from client_tests.test_check_verdict import headline, run

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

Call = list[Any]
ITEM = ORDER["items"][0]
AMOUNT = ITEM["amount"]
BY_EMAIL = {**ORDER, "email": "nobody@example.org", "date_created": "2018-10-02T16:15:00Z"}
CONTACT = {"contact_id": 1, "last_name": "Lovelace"}
# A call for each kind, by the code of its finding.
MISTAKES: dict[str, Call] = {
    "missing-field": ["POST", "product", {"id": 1}],
    "unknown-field": ["POST", "product", {"id": 1, "name": "Course", "colour": "red"}],
    "not-found": ["DELETE", "invoice/7"],
    "bad-value": ["POST", "contact", {**CONTACT, "status": "sleeping"}],
    "naive-date": ["POST", "contact", {**CONTACT, "date_created": "2018-10-02 16:15:00"}],
    "misspelled-field": ["POST", "contact", {**CONTACT, "first_nam": "Ada"}],
    "duplicate-tag": ["POST", "contact", {**CONTACT, "tags": ["VIP", "vip"]}],
    "unknown-contact": ["POST", "invoice", {**ORDER, "id": 2, "contact_id": 99}],
    "unmatched-email": ["POST", "invoice", {**BY_EMAIL, "id": 3}],
    "items-amount-mismatch": ["POST", "invoice", {**BY_EMAIL, "id": 4, "amount": AMOUNT + 1}],
    "paid-exceeds-amount": ["POST", "invoice", {**BY_EMAIL, "id": 5, "paid": AMOUNT + 1}],
    "decimal-money": ["POST", "invoice", {**BY_EMAIL, "id": 6, "amount": float(AMOUNT)}],
}
GOOD: Call = ["POST", "product", {"id": 1, "name": "Course"}]
NEW: Call = ["POST", "product", {"name": "Course"}]
MENDED = ("missing-field", "unknown-field")
ROUNDS = 8


def round_of(mistakes: dict[str, Call]) -> list[Call]:
    """Return 25 calls, the rest of them without a mistake."""
    return [*mistakes.values(), *[GOOD] * (25 - len(mistakes))]


BEFORE = round_of(MISTAKES)
AFTER = round_of({code: call for code, call in MISTAKES.items() if code not in MENDED})


def entries(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))["findings"]
    return found


def places(known: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["code"], entry["pointer"]) for entry in known]


def test_a_project_adopts_a_baseline_by_check(tmp_path: Path) -> None:
    baseline = tmp_path / "known.yaml"

    def check(calls: list[Call], *options: str) -> Checked:
        return run(tmp_path, calls, "--baseline", baseline, *options)

    adopted = check(BEFORE * ROUNDS)
    known = entries(baseline)
    worse = check([*BEFORE * ROUNDS, NEW])
    mended = check(AFTER * ROUNDS)
    unchanged = entries(baseline)
    pruned = check(AFTER * ROUNDS, "--baseline-prune")
    relapsed = check(BEFORE * ROUNDS)

    assert adopted.report["summary"]["requests"] == 200
    assert {entry["code"] for entry in known} >= set(MISTAKES)
    assert adopted.code == 0
    assert headline(adopted) == f"nothing new beside {len(known)} known findings"

    assert worse.code == 1
    assert headline(worse) == "the contract is broken"
    assert "- the contract was broken once\n" in worse.stdout
    (new,) = [finding for finding in worse.report["findings"] if not finding["known"]]
    assert (new["code"], new["pointer"], new["count"]) == ("missing-field", "/body/id", 1)

    removed = [("missing-field", "/body/name"), ("unknown-field", "/body/colour")]
    assert mended.code == 0
    assert headline(mended) == f"nothing new beside {len(known) - 2} known findings"
    assert places(mended.report["baseline"]["not_met"]) == removed
    assert unchanged == known

    assert pruned.code == 0
    assert places(entries(baseline)) == [place for place in places(known) if place not in removed]
    assert relapsed.code == 1
    found = [finding for finding in relapsed.report["findings"] if not finding["known"]]
    assert [(finding["code"], finding["pointer"]) for finding in found] == removed


CLIENT = f"""{SHOP}

def send(sandbox, method, path, *body):
    base = urlsplit(sandbox.base_url)
    connection = HTTPConnection(base.netloc, timeout=30)
    headers = {{"Authorization": sandbox.api_key, "Content-Type": "application/json"}}
    target = f"{{base.path}}/v1/{{sandbox.account_id}}/payments/{{path}}"
    connection.request(method, target, json.dumps(body[0]) if body else None, headers)
    connection.getresponse().read()
    connection.close()
"""


def suite_of(round: list[Call], *more: Call) -> str:
    """Return tests that send the calls of a round each, and one that sends `more`."""
    return f"""
import pytest
from shop import send

@pytest.mark.parametrize("number", range({ROUNDS}))
def test_round(segmetrics, number):
    for call in {round!r}:
        send(segmetrics, *call)

def test_more(segmetrics):
    for call in {more!r}:
        send(segmetrics, *call)
"""


def test_a_project_adopts_a_baseline_by_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process and two workers take turns, so each reads what the other has written."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    suite, baseline = Suite(pytester, monkeypatch), pytester.path / "known.yaml"

    two = ("-p", "xdist", "-n", "2")

    def session(tests: str, *options: str) -> pytest.RunResult:
        return suite.run_with(CLIENT, tests, *options, ini="segmetrics_baseline = known.yaml")

    adopted = session(suite_of(BEFORE))
    known = entries(baseline)
    worse = session(suite_of(BEFORE, NEW), *two)
    mended = session(suite_of(AFTER))
    unchanged = entries(baseline)
    pruned = session(suite_of(AFTER), *two, "--segmetrics-baseline-prune")
    relapsed = session(suite_of(AFTER, MISTAKES["missing-field"]))

    assert {entry["code"] for entry in known} == set(MISTAKES)
    adopted.assert_outcomes(passed=ROUNDS + 1)
    adopted.stdout.fnmatch_lines(["known.yaml is written", f"known.yaml: {len(known)} known findings"])

    worse.assert_outcomes(passed=ROUNDS + 1, errors=1)
    worse.stdout.fnmatch_lines(["*ERROR at teardown of test_more*", "  upsert_product /body/id: *[[]missing-field[]]"])
    worse.stdout.fnmatch_lines([f"known.yaml: {len(known)} known findings, 1 new *"])

    mended.assert_outcomes(passed=ROUNDS + 1)
    mended.stdout.fnmatch_lines([f"known.yaml: {len(known) - 2} known findings, 2 not met any more *"])
    assert unchanged == known

    pruned.assert_outcomes(passed=ROUNDS + 1)
    removed = [("missing-field", "/body/name"), ("unknown-field", "/body/colour")]
    assert places(entries(baseline)) == [place for place in places(known) if place not in removed]
    relapsed.assert_outcomes(passed=ROUNDS + 1, errors=1)
    relapsed.stdout.fnmatch_lines(["  upsert_product /body/name: *[[]missing-field[]]"])
