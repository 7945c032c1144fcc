"""`contract --baseline`: what is known of a server does not fail its run, what is new does."""

import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from client_tests.checked import client, environment
from client_tests.checked import run as run_check
from client_tests.serving import COMMAND
from contracts.serving import served

pytestmark = pytest.mark.slow

Ended = subprocess.CompletedProcess[str]
KNOWN = ["record_ad_performance", "upsert_contact", "upsert_invoice", "upsert_subscription"]
READABLE = {"code": "contract/readable-values-refused", "pointer": "/"}
ADOPTED = [{**READABLE, "operation": operation} for operation in KNOWN]


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    return tmp_path / "segmetrics.baseline.yaml"


def contract(url: str, baseline: Path, *options: str) -> Ended:
    command = [*COMMAND, "contract", url, "--quick", "--baseline", str(baseline), *options]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300, encoding="utf-8")


def document_of(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return found


def write(file: Path, *entries: dict[str, Any], commands: tuple[str, ...] = ("contract",)) -> None:
    file.write_text(yaml.safe_dump({"version": 1, "commands": list(commands), "findings": list(entries)}), "utf-8")


def test_one_file_serves_check_and_contract_each_with_a_first_run_of_its_own(tmp_path: Path, baseline: Path) -> None:
    """A run with another seed finds nothing else, and what one command prunes is its own alone."""
    junit = tmp_path / "junit.xml"

    def check(*options: str) -> int:
        ended = run_check("--baseline", baseline, *options, command=client("mistaken", "values"))
        return ended.returncode

    checked = check()
    by_check = document_of(baseline)
    with served("nulls_are_ignored") as url:
        adopted = contract(url, baseline, "--seed", "1", "--fail-fast")
        by_both = document_of(baseline)
        write(baseline, *by_check["findings"], *ADOPTED[1:], commands=("check", "contract"))
        updated = contract(url, baseline, "--seed", "2", "--report-junit", str(junit), "--baseline-update")
    by_update = document_of(baseline)
    baseline.write_text(yaml.safe_dump(by_both), "utf-8")
    pruned = check("--baseline-prune")

    assert (checked, pruned) == (0, 0)
    assert by_check["commands"] == ["check"]
    assert by_both == {**by_check, "commands": ["check", "contract"], "findings": [*by_check["findings"], *ADOPTED]}
    assert by_update["findings"] == by_both["findings"]
    assert document_of(baseline) == by_both
    for ended in (adopted, updated):
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "\nKNOWN: nothing new beside " in ended.stdout
        assert "\nassumption " not in ended.stdout
    assert f"\nbaseline: {len(KNOWN)} known findings\n" in adopted.stdout
    (failed,) = ElementTree.parse(junit).getroot().iterfind(".//testcase[failure]")
    assert failed.attrib["name"].endswith("/ad/performance")  # that of KNOWN[0]


def test_what_is_new_fails_and_a_run_that_stops_early_passes_what_is_known(baseline: Path) -> None:
    # The server ignores null in four operations; of the two that are tested first it is known.
    write(baseline, *ADOPTED[1:])

    with served("nulls_are_ignored") as url:
        ended = contract(url, baseline, "--seed", "1", "--fail-fast")

    assert ended.returncode == 1
    assert "\nDIFFERENT: every documented rule that was reached held, 1 assumption does not hold; " in ended.stdout
    seen = re.findall(r"^assumption readable-values-refused: (.+)$", ended.stdout, re.MULTILINE)
    assert seen == KNOWN[:1]
    assert document_of(baseline)["findings"] == ADOPTED[1:]


def test_an_expired_entry_fails_by_name(baseline: Path) -> None:
    write(baseline, *[{**entry, "expires": "2020-01-31", "reason": "an old proxy"} for entry in ADOPTED])

    with served("nulls_are_ignored") as url:
        ended = contract(url, baseline, "--seed", "1", "--fail-fast")

    assert ended.returncode == 1
    (found,) = re.findall(r"^assumption readable-values-refused: (.+)$", ended.stdout, re.MULTILINE)
    assert f"- the baseline's entry contract/readable-values-refused at {found} / expired on 2020-01-31" in ended.stdout


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("version: 1\nfindings: [", (), "is not YAML"),
        ("version: 1\ncommands: [serve]\nfindings: []", (), "commands/0"),
        (None, ("--baseline", ""), ""),
        (None, ("--baseline", "", "--baseline-prune"), "name the baseline to change: --baseline FILE"),
    ],
)
def test_a_file_that_is_not_a_baseline_is_named_before_the_first_call(
    baseline: Path, text: str | None, options: tuple[str, ...], why: str
) -> None:
    if text is not None:
        baseline.write_text(text, "utf-8")

    ended = contract("http://127.0.0.1:1/api", baseline, *options)

    assert ended.returncode == 2
    assert (why or "out of reach") in ended.stderr
