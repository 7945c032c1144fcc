"""What the fixture `segmetrics` costs a test: `python benchmarks/fixture.py`, in the checkout.

Two files of 200 tests are run by pytest, by turns, five times each: empty tests, and the same with the fixture, which
creates a sandbox, and at the end reads its report and deletes it. A test's time is that of its setup, call and teardown
as pytest measures them; the first test of a run is left out, as it starts the server. Of the five runs the median
counts. Prints one table: milliseconds a test, the difference, and how many times an empty test that is. Neither is a
client's call in it, nor the session's start.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
TESTS, RUNS = 200, 5
CASES = {"empty test": "", "with segmetrics": "segmetrics, "}
SOURCE = """
import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_it({fixture}number):
    pass
"""
RECORDER = """
import os

spent = {}


def pytest_runtest_logreport(report):
    spent[report.nodeid] = spent.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish():
    with open(os.environ["SPENT"], "w") as file:
        file.writelines(f"{seconds!r}\\n" for seconds in spent.values())
"""


def main() -> None:
    spent: dict[str, list[float]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory(prefix="fixture-benchmark-") as folder:
        for _ in range(RUNS):
            for name, fixture in CASES.items():
                spent[name].append(milliseconds_a_test(Path(folder), fixture))
    empty, used = (statistics.median(spent[name]) for name in CASES)
    print(f"{'':18}{'ms a test':>12}{'difference':>12}{'times empty':>14}")
    for name, median in zip(CASES, (empty, used), strict=True):
        print(f"{name:18}{median:12.3f}{median - empty:12.3f}{median / empty:14.1f}")


def milliseconds_a_test(folder: Path, fixture: str) -> float:
    """Return the mean of one run of pytest, without its first test."""
    (folder / "test_it.py").write_text(SOURCE.format(tests=TESTS, fixture=fixture), "utf-8")
    (folder / "conftest.py").write_text(RECORDER, "utf-8")
    plugins = ["-p", "mock_server.pytest_plugin", "-p", "no:cacheprovider"]
    variables = {"PYTHONPATH": str(CHECKOUT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "SPENT": str(folder / "spent")}
    command = [sys.executable, "-B", "-m", "pytest", "-q", *plugins, str(folder)]
    ended = subprocess.run(command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, timeout=300)
    if ended.returncode:
        sys.exit(ended.stdout + ended.stderr)
    _, *seconds = map(float, (folder / "spent").read_text("utf-8").split())
    return 1000 * statistics.fmean(seconds)


if __name__ == "__main__":
    main()
