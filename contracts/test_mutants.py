"""The suite bites: of the fake's mutants it finds all but those that no call can show.

A sample is run each time. SEGMETRICS_ALL_MUTANTS=1 runs all of them, some ten minutes, and writes MUTANTS.md.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.mutants import LIVING, MUTANTS
from contracts.serving import served
from mock_server.contract.command import Trial, neighbour, run_suite

TABLE = Path(__file__).with_name("MUTANTS.md")
SAMPLE = ("added_tags_replace", "deletion_is_pretended", "item_ids_count_from_zero", "keys_are_mixed")
SEED = 1


@dataclass(frozen=True, slots=True)
class Hunt:
    """`found`: the laws or checks of the first operation in which the mutant was found, with their rules."""

    name: str
    found: tuple[str, ...]
    rules: tuple[str, ...]
    seconds: float


def hunt(name: str, folder: Path) -> Hunt:
    """Runs the quick suite against a mutant until something is found."""
    started = time.monotonic()
    with served(name) as url:
        key = "sandbox-key-0123456789"
        trial = Trial(url, "demo", "payments", "ads", key, SEED, "quick", first_finding_alone=True)
        with neighbour(trial) as beside:
            report, code, output = run_suite(beside, folder)
    assert report.end is not None, output
    assert bool(report.failures) == bool(code), output
    found = tuple(dict.fromkeys(failure["check"] for failure in report.failures))
    rules = tuple(dict.fromkeys(rule for failure in report.failures for rule in failure["rules"]))
    return Hunt(name, found, rules, time.monotonic() - started)


@pytest.fixture(scope="module")
def hunts() -> Iterator[list[Hunt]]:
    """What was found so far; when all were hunted, it goes into the table."""
    done: list[Hunt] = []
    yield done
    if len(done) == len(MUTANTS):
        TABLE.write_text(_table(done), "utf-8")


@pytest.mark.parametrize("name", MUTANTS if os.environ.get("SEGMETRICS_ALL_MUTANTS") else SAMPLE)
def test_a_mutant_is_found(name: str, hunts: list[Hunt], tmp_path: Path) -> None:
    hunted = hunt(name, tmp_path)
    hunts.append(hunted)

    if name in LIVING:
        assert not hunted.found, "the suite finds it after all: take it out of LIVING"
    else:
        assert hunted.found


def test_each_mutant_finds_what_it_breaks() -> None:
    """Those outside the sample too: none of them is out of date."""
    script = "from contracts.mutants import MUTANTS\nfor act in MUTANTS.values(): act()"

    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")

    assert made.returncode == 0, made.stderr


def test_at_most_one_mutant_of_twenty_lives() -> None:
    assert len(LIVING) * 20 <= len(MUTANTS)


def _table(hunts: list[Hunt]) -> str:
    killed = [one for one in hunts if one.found]
    lines = [
        "# The mutants",
        "",
        f"Written by `SEGMETRICS_ALL_MUTANTS=1 pytest contracts/test_mutants.py`: the quick suite, seed {SEED}, until",
        f"the first operation in which something is found. {len(killed)} of {len(hunts)} are found.",
        "",
        "| mutant | what is broken | found by | rules | seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in hunts:
        found = "<br>".join(one.found) or f"**lives**: {LIVING.get(one.name, 'unexplained')}"
        rules = ", ".join(one.rules)
        text = (MUTANTS[one.name].__doc__ or "").strip()
        lines.append(f"| `{one.name}` | {text} | {found} | {rules} | {one.seconds:.0f} |")
    return "\n".join(lines) + "\n"
