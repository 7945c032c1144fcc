"""The suite finds all mutants of the fake but those that no call can show.

A sample is run each time, others by client_tests/test_contract_command.py. SEGMETRICS_ALL_MUTANTS=1 runs all of them,
some ten minutes, and writes MUTANTS.md.
"""

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import pytest

from contracts.mutants import MUTANTS, SURVIVORS
from contracts.serving import served
from mock_server.contract.command import run_suite
from mock_server.contract.completion import completed
from mock_server.contract.options import ContractOptions

TABLE = Path(__file__).with_name("MUTANTS.md")
SOURCES = sorted(Path(__file__).with_name("mutants").glob("*.py"))
SAMPLE = ("deletion_is_pretended", "item_ids_count_from_zero", "keys_are_mixed")
TRIED = list(MUTANTS if os.environ.get("SEGMETRICS_ALL_MUTANTS") else SAMPLE)
SEED = 1


@dataclass(frozen=True, slots=True)
class MutantResult:
    """`found`: the checks that failed in the first operation with a finding, with their rules."""

    name: str
    found: tuple[str, ...]
    rules: tuple[str, ...]
    seconds: float


def run_against(name: str, folder: Path) -> MutantResult:
    """Run the quick suite against a mutant until something is found."""
    started = time.monotonic()
    with served(name) as url:
        key = "sandbox-key-0123456789"
        options = ContractOptions(url, "demo", "payments", "ads", key, SEED, "quick", fail_fast=True)
        with completed(options) as whole:
            report, code, output = run_suite(whole, folder)
    assert report.end is not None, output
    assert bool(report.failures) == bool(code), output
    found = tuple(dict.fromkeys(failure["check"] for failure in report.failures))
    rules = tuple(dict.fromkeys(failure["rule"] for failure in report.failures))
    return MutantResult(name, found, rules, time.monotonic() - started)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[MutantResult]]:
    """The results of this process. When those of all processes are complete, they are written to the table."""
    done: list[MutantResult] = []
    yield done
    worker, folder = os.environ.get("PYTEST_XDIST_WORKER"), tmp_path_factory.getbasetemp()
    shared = folder.parent if worker else folder
    unfinished = folder / "results"
    unfinished.write_bytes(orjson.dumps([asdict(result) for result in done]))
    unfinished.rename(shared / f"{worker}.results")
    written = [row for file in shared.glob("*.results") for row in orjson.loads(file.read_bytes())]
    if len(written) == len(MUTANTS):
        by_name = {row["name"]: MutantResult(**row) for row in written}
        TABLE.write_text(_table([by_name[name] for name in MUTANTS]), "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_a_mutant_is_found(name: str, results: list[MutantResult], tmp_path: Path) -> None:
    result = run_against(name, tmp_path)
    results.append(result)

    if name in SURVIVORS:
        assert not result.found, "the suite finds it: remove it from the survivors"
    else:
        assert result.found


def test_each_mutant_can_be_applied() -> None:
    """Those outside the sample too: none of them is out of date."""
    script = "from contracts.mutants import MUTANTS\nfor apply in MUTANTS.values(): apply()"

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_a_mutant_uses_public_names_alone(file: Path) -> None:
    assert _private_names(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("tags._store(contact)", ["_store"]),
        ("from mock_server.operations.tags import _store", ["_store"]),
        ("from mock_server._resources import tags", ["_resources"]),
        ("import mock_server._resources as resources", ["_resources"]),
        ("patch(tags, '_store', None)", ["_store"]),
        ("_own(call._replace(body={}), act.__name__)", []),
    ],
)
def test_a_private_name_is_found(source: str, found: list[str]) -> None:
    assert _private_names(source) == found


def test_at_most_one_mutant_of_twenty_survives() -> None:
    assert len(SURVIVORS) * 20 <= len(MUTANTS)


def _private_names(source: str) -> list[str]:
    """Return the private names of other modules: in attributes, imports, and strings that `patch` could get."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name):
                found.append(name)
            case ast.ImportFrom(module=module, names=names):
                found += [*(module or "").split("."), *(alias.name for alias in names)]
            case ast.Import(names=names):
                found += [step for alias in names for step in alias.name.split(".")]
            case ast.Constant(value=str(text)):
                found.append(text)
    # `_replace` is public: the standard library gives named tuples a method of this name.
    return [name for name in found if re.fullmatch(r"_[a-zA-Z]\w*", name) and name != "_replace"]


def _table(results: list[MutantResult]) -> str:
    found = [result for result in results if result.found]
    lines = [
        "# The mutants",
        "",
        f"Written by `SEGMETRICS_ALL_MUTANTS=1 pytest contracts/test_mutants.py`: the quick suite, seed {SEED}, until",
        f"the first operation in which something is found. {len(found)} of {len(results)} are found.",
        "",
        "| mutant | what is broken | found by | rules | seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in results:
        checks = "<br>".join(result.found) or f"**survives**: {SURVIVORS.get(result.name, 'unexplained')}"
        rules = ", ".join(result.rules)
        text = (MUTANTS[result.name].__doc__ or "").strip()
        lines.append(f"| `{result.name}` | {text} | {checks} | {rules} | {result.seconds:.0f} |")
    return "\n".join(lines) + "\n"
