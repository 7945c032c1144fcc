"""A baseline: what is known of a client does not fail its run, what is new does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from client_tests.bodies import ORDER
from client_tests.checked import Checked, checked, client
from client_tests.checked import run as run_check
from client_tests.test_check_verdict import BROKEN, GOOD, NOTICED, WARNED, run

ITEM = ORDER["items"][0]


def entries(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))["findings"]
    return found


def change(file: Path, **fields: str) -> None:
    """Give each entry of a baseline these fields."""
    document = yaml.safe_load(file.read_text("utf-8"))
    document["findings"] = [{**entry, **fields} for entry in document["findings"]]
    file.write_text(yaml.safe_dump(document), "utf-8")


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    return tmp_path / "segmetrics.baseline.yaml"


def check(folder: Path, calls: list[list[Any]], baseline: Path, *options: str) -> Checked:
    return run(folder, calls, "--baseline", baseline, *options)


@pytest.mark.slow
def test_a_known_finding_is_known_by_its_place_whatever_was_sent(tmp_path: Path, baseline: Path) -> None:
    def order(*amounts: Any) -> list[Any]:
        items = [{**ITEM, "id": place, "amount": amount} for place, amount in enumerate(amounts)]
        return ["POST", "invoice", {**ORDER, "contact_id": 249, "items": items}]

    contact = ["POST", "contact", {"contact_id": 249}]

    check(tmp_path, [contact, order("one")], baseline)
    again = check(tmp_path, [contact, order(1, 2, "three")], baseline)
    elsewhere = check(tmp_path, [contact, ["POST", "invoice", {**ORDER, "contact_id": 249, "amount": "4"}]], baseline)

    assert [entry["pointer"] for entry in entries(baseline)] == ["/body/items/*/amount"]
    assert [finding["known"] for finding in again.report["findings"] if finding["code"] == "bad-value"] == [True]
    assert elsewhere.code == 1


@pytest.mark.slow
def test_an_expired_entry_fails_by_name(tmp_path: Path, baseline: Path) -> None:
    check(tmp_path, [GOOD, NOTICED], baseline)

    change(baseline, expires="2999-12-31", reason="an old exporter", ticket="SHOP-12")
    accepted = check(tmp_path, [GOOD, NOTICED], baseline)
    change(baseline, expires="2020-01-31")
    expired = check(tmp_path, [GOOD, NOTICED], baseline)
    updated = check(tmp_path, [GOOD, NOTICED], baseline, "--baseline-update")

    assert accepted.code == 0
    assert (expired.code, updated.code) == (1, 1)
    assert "the baseline's entry unknown-field at upsert_product /body/colour expired on 2020-01-31" in expired.stdout
    assert [(entry["reason"], entry["ticket"], entry["expires"]) for entry in entries(baseline)] == [
        ("an old exporter", "SHOP-12", "2020-01-31")
    ]


@pytest.mark.slow
def test_an_update_adds_and_pruning_drops_only_what_the_run_could_have_met(tmp_path: Path, baseline: Path) -> None:
    check(tmp_path, [GOOD, NOTICED, WARNED], baseline)

    check(tmp_path, [GOOD, BROKEN], baseline, "--baseline-update")
    added = [entry["code"] for entry in entries(baseline)]
    pruned = check(tmp_path, [GOOD, BROKEN], baseline, "--baseline-prune")

    assert sorted(added) == ["missing-field", "not-found", "unknown-field"]
    assert pruned.code == 0
    # The order was not deleted in that run, so its 404 could not be met.
    assert sorted(entry["code"] for entry in entries(baseline)) == ["missing-field", "not-found"]


def test_coverage_may_only_rise(tmp_path: Path, baseline: Path) -> None:
    full = ["POST", "contact", {"contact_id": 1, "utm_source": "news", "last_name": "Lovelace"}]
    less = ["POST", "contact", {"contact_id": 1, "last_name": "Lovelace"}]

    check(tmp_path, [full], baseline)
    fallen = check(tmp_path, [less], baseline)
    risen = check(tmp_path, [full, GOOD], baseline)

    assert fallen.code == 1
    now, before = fallen.report["baseline"]["coverage_percent"], fallen.report["baseline"]["coverage_was"]
    assert now == fallen.report["coverage"]["percent"] < before
    assert f"- coverage {now}, was {before}: upsert_contact lost /body/utm_source\n" in fallen.stdout
    assert risen.code == 0


@pytest.mark.slow
def test_a_run_that_fails_or_calls_nothing_writes_no_baseline(tmp_path: Path, baseline: Path) -> None:
    nothing = checked(tmp_path, ["true"], "--baseline", baseline)
    failing = checked(tmp_path, ["sh", "-c", f"{' '.join(client('shop'))}; exit 3"], "--baseline", baseline)

    assert (nothing.code, failing.code) == (1, 3)
    assert not baseline.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("findings: []", "version"),
        ("version: 1\nfindings:\n  - {code: naive-date}", "findings/0"),
        ("version: 1\nfindings:\n  - {code: a, operation: null, pointer: /, expires: soon}", "findings/0/expires"),
        ("version: 2\nfindings: []", "version"),
        ("version: 1\nfindings: [", "is not YAML"),
        ("- 1", "the file"),
    ],
)
def test_a_file_that_is_not_a_baseline_is_named_before_the_command_runs(
    tmp_path: Path, baseline: Path, text: str, why: str
) -> None:
    baseline.write_text(text, "utf-8")

    ended = run_check("--baseline", baseline, command=["touch", str(tmp_path / "ran")])

    assert ended.returncode == 2
    assert f"the baseline {baseline}" in ended.stderr.decode()
    assert why in ended.stderr.decode()
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--baseline-update", "--baseline-prune"])
def test_a_change_of_a_baseline_needs_its_file(option: str) -> None:
    ended = run_check(option, command=["true"])

    assert ended.returncode == 2
    assert "--baseline FILE" in ended.stderr.decode()
