"""The README's how-to examples, run exactly as they are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from client_tests.checked import CHECKOUT
from client_tests.checked.suites import Suite

pytest_plugins = ["pytester"]

README = (CHECKOUT / "README.md").read_text("utf-8")
CLIENT = Path(__file__).parent / "checked" / "buyers.py"
README_ORIGIN = "http://127.0.0.1:8642"


def example(heading: str, language: str) -> str:
    """Return the only block of code under a heading of the README."""
    found = re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no heading '### {heading}'"
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", found[1], re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.mark.slow
@pytest.mark.parametrize("heading", ["Test a Python client", "Rehearse a failure"])
def test_the_tests_with_the_fixture_pass(
    heading: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = Suite(pytester, monkeypatch)

    result = suite.run_with(CLIENT.read_text("utf-8"), example(heading, "python"))

    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_the_tests_with_a_sandbox_each_pass_side_by_side(origin: str, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node is not installed: the README's example for it was not run")
    (tmp_path / "shop.test.mjs").write_text(
        example("Give each test a sandbox, in any language", "js").replace(README_ORIGIN, origin), "utf-8"
    )

    ended = subprocess.run(
        ["node", "--test", str(tmp_path / "shop.test.mjs")], capture_output=True, text=True, timeout=120
    )

    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^. pass 2$", ended.stdout, re.MULTILINE)
