"""Clients that make the mistakes of public ones, each with the verdict that it deserves.

They are written for these tests; what they have of the public clients is which calls they make, and with what in them.
"""

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from client_tests.checked import Checked, checked

pytestmark = pytest.mark.slow
CLIENTS = Path(__file__).parent / "public_clients"
REFERENCE = ("--account", "A42", "--integration", "i7", "--api-key", "reference-key-0123456789")


def run(folder: Path, interpreter: str, file: str, *words: str, options: tuple[str, ...] = ()) -> Checked:
    if shutil.which(interpreter) is None:
        pytest.skip(f"there is no {interpreter} on this machine")
    return checked(folder, [interpreter, str(CLIENTS / file), *words], *options)


def found(ended: Checked, code: str) -> list[dict[str, Any]]:
    return [finding for finding in ended.report["findings"] if finding["code"] == code]


def pointers(ended: Checked, code: str) -> set[str]:
    return {finding["pointer"] for finding in found(ended, code)}


def statuses(ended: Checked, count: int) -> list[str]:
    """The status of each call, which the client prints first in a line."""
    return [line.split()[0] for line in ended.stdout.splitlines()[:count]]


def test_the_calls_of_the_reference_in_its_order_are_mostly_not_found(tmp_path: Path) -> None:
    ended = run(tmp_path, "sh", "reference.sh", options=REFERENCE)

    assert Counter(statuses(ended, 12)) == {"404": 9, "400": 2, "200": 1}
    assert sum(finding["count"] for finding in found(ended, "not-found")) == 9
    assert {(one["operation"], one["count"]) for one in found(ended, "broken-json")} == {
        ("upsert_contact", 1),
        ("upsert_invoice", 1),
    }
    assert ended.code == 1
    assert "the contract holds" not in ended.stdout


def test_texts_for_amounts_and_null_for_an_empty_field_are_found_with_their_evidence(tmp_path: Path) -> None:
    ended = run(tmp_path, "node", "components.mjs")

    assert statuses(ended, 3) == ["200", "400", "400"]
    assert pointers(ended, "bad-value") == {"/body/last_name", "/body/amount", "/body/paid"}
    texts = {one["pointer"]: (one["message"], one["evidence"]) for one in found(ended, "bad-value")}
    assert "null" in texts["/body/last_name"][0]
    assert '"4500"' in texts["/body/amount"][0]
    assert "text" in texts["/body/amount"][0]
    assert {evidence for _, evidence in texts.values()} == {"assumed"}
    assert ended.code == 1


def test_fields_by_other_names_are_named_with_those_of_the_api(tmp_path: Path) -> None:
    ended = run(tmp_path, "node", "integration.mjs")

    assert statuses(ended, 2) == ["200", "200"]
    near = {finding["pointer"]: finding["message"] for finding in found(ended, "misspelled-field")}
    assert near.keys() == {"/body/product_name", "/body/trial_end", "/body/cancellation_date"}
    for pointer, name in (
        ("product_name", "name"),
        ("trial_end", "trial_end_date"),
        ("cancellation_date", "canceled_date"),
    ):
        assert f"'{name}'" in near[f"/body/{pointer}"]
    assert ended.report["summary"]["warnings"] == 3


def test_numbers_for_coordinates_are_refused_as_an_assumption(tmp_path: Path) -> None:
    ended = run(tmp_path, "node", "integration.mjs", "located")

    assert statuses(ended, 1) == ["400"]
    assert pointers(ended, "bad-value") == {"/body/geo_lat", "/body/geo_lon"}
    assert {finding["evidence"] for finding in found(ended, "bad-value")} == {"assumed"}
    assert ended.code == 1


def test_prices_times_100_are_found_in_each_of_their_fields(tmp_path: Path) -> None:
    if (
        shutil.which("php") is None
        or subprocess.run(["php", "-r", "exit(extension_loaded('curl') ? 0 : 1);"]).returncode
    ):
        pytest.skip("there is no php with curl on this machine")

    ended = run(tmp_path, "php", "store.php")

    assert pointers(ended, "bad-value") == {
        "/body/amount",
        "/body/paid",
        "/body/items/0/amount",
        "/body/items/0/total_paid",
    }
    assert all("1998.9999999999998" in finding["message"] for finding in found(ended, "bad-value"))
    assert pointers(ended, "unknown-field") == {"/body/group_id"}
    assert ended.code == 1
    if ended.report["isolation"] != "none":
        # Through a proxy the first status that the header callback sees is the proxy's own.
        assert statuses(ended, 2) == ["200", "400"]
