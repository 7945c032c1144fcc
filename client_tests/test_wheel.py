"""The wheel as its users install it: in a new environment, outside the checkout."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

pytestmark = pytest.mark.slow
CHECKOUT = Path(__file__).parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"


def run(*command: str | Path, cwd: Path) -> str:
    ended = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def wheel(elsewhere: Path) -> Path:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", elsewhere / "dist", CHECKOUT, cwd=elsewhere)
    (built,) = (elsewhere / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(elsewhere: Path, wheel: Path) -> Path:
    """Return the commands of a new environment in which only the wheel was installed."""
    run(sys.executable, "-m", "venv", elsewhere / "venv", cwd=elsewhere)
    scripts = elsewhere / "venv" / SCRIPTS
    run(scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=elsewhere)
    return scripts


@pytest.fixture(scope="module")
def scripts_with_extra(elsewhere: Path, scripts: Path, wheel: Path) -> Path:
    """Return those of the same environment with the extra for the contract suite."""
    wanted = f"segmetrics-mock[contracts] @ {wheel.as_uri()}"
    run(scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted, cwd=elsewhere)
    return scripts


@pytest.fixture(scope="module")
def installed(elsewhere: Path, scripts: Path) -> Iterator[str]:
    """Serve with the installed command; yield its origin."""
    command = [str(scripts / "segmetrics-mock"), "serve", "--port", "0", "--check-answers"]
    with subprocess.Popen(command, cwd=elsewhere, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            lines = iter(process.stdout.readline, "")
            found = next(filter(None, (re.match(r"Base URL\s+(\S+)/api", line) for line in lines)), None)
            assert found
            yield found[1]
        finally:
            process.terminate()


def test_the_wheel_holds_one_package_and_its_resources(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mock_server"}
    assert len(tops) == 2
    assert "mock_server/_resources/openapi.yaml" in names
    assert not [name for name in names if name.endswith((".pyc", ".db")) or "client_tests" in name]


def test_the_whole_suite_is_shipped_but_not_its_own_tests(wheel: Path) -> None:
    suite = CHECKOUT / "contracts"
    expected = {file.relative_to(suite).as_posix() for file in suite.rglob("*.py") if not is_own_test(file)}

    folder = "mock_server/_resources/contracts/"
    shipped = {name.removeprefix(folder) for name in ZipFile(wheel).namelist() if name.startswith(folder)}

    assert len(expected) > 5
    assert shipped == expected | {"schemathesis.toml"}


def is_own_test(file: Path) -> bool:
    """Return whether a file of `contracts/` serves the tests of the suite and no user."""
    return file.name.startswith("test_") or file.name == "serving.py" or "mutants" in file.parts


def test_only_mock_server_can_be_imported(scripts: Path, elsewhere: Path) -> None:
    program = "import importlib.util as u; print([n for n in {} if u.find_spec(n)])"
    names = ["mock_server", "contracts", "fixtures", "client_tests", "benchmarks", "_resources", "segmetrics_mock"]

    assert run(scripts / "python", "-c", program.format(names), cwd=elsewhere).strip() == "['mock_server']"


def test_the_installed_command_serves_the_contract(installed: str, http: httpx.Client) -> None:
    headers = {"Authorization": "sandbox-key-0123456789"}

    stored = http.post(f"{installed}/api/v1/demo/payments/contact", json={"contact_id": 1}, headers=headers)

    assert http.get(f"{installed}/__admin/health").json()["status"] == "ok"
    assert http.get(f"{installed}/openapi.yaml").content == (CHECKOUT / "openapi.yaml").read_bytes()
    assert stored.json()["contact"]["contact_id"] == "1"


def test_the_installed_suite_finds_that_the_contract_holds(
    installed: str, scripts_with_extra: Path, elsewhere: Path
) -> None:
    folder = elsewhere / "contract"
    folder.mkdir()

    printed = run(
        scripts_with_extra / "segmetrics-mock", "contract", f"{installed}/api", "--quick", "--seed", "1", cwd=folder
    )

    assert "\nHELD: " in printed
    assert "0 broken" in printed
    assert list(folder.iterdir()) == []


def test_the_installed_command_prints_its_version(scripts: Path, wheel: Path, elsewhere: Path) -> None:
    version = wheel.name.split("-")[1]

    assert run(scripts / "segmetrics-mock", "--version", cwd=elsewhere).split() == ["segmetrics-mock", version]
    assert run(scripts / "python", "-m", "mock_server", "--version", cwd=elsewhere).split()[-1] == version
