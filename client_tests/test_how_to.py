"""The examples of docs/python.md and docs/javascript.md, run exactly as they are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from client_tests.checked import CHECKOUT
from client_tests.checked.suites import Suite

pytest_plugins = ["pytester"]

CLIENT = Path(__file__).parent / "checked" / "buyers.py"
SHOWN_ORIGIN = "http://127.0.0.1:8642"


def examples(page: str, language: str) -> list[str]:
    """Return the blocks of code of a page of the documentation."""
    text = (CHECKOUT / "docs" / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_tests_with_the_fixture_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = Suite(pytester, monkeypatch)

    result = suite.run_with(CLIENT.read_text("utf-8"), "\n".join(examples("python.md", "python")))

    result.assert_outcomes(passed=2)


@pytest.mark.slow
def test_the_tests_with_a_sandbox_each_pass_side_by_side(origin: str, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node is not installed: the example for it was not run")
    (tmp_path / "shop.test.mjs").write_text(examples("javascript.md", "js")[-1].replace(SHOWN_ORIGIN, origin), "utf-8")

    ended = subprocess.run(
        ["node", "--test", str(tmp_path / "shop.test.mjs")], capture_output=True, text=True, timeout=120
    )

    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^. pass 2$", ended.stdout, re.MULTILINE)
