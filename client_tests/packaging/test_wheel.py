"""The wheel as its users install it: in a new environment, outside the checkout."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
import yaml

from client_tests.packaging import CHECKOUT, ENVIRONMENT, run, serving
from client_tests.packaging.bill_of_materials import components
from dependencies.licences import PROJECT, required
from dependencies.packages import normalized

pytestmark = pytest.mark.slow

MAX_MEGABYTES = 135
MAX_PACKAGES = 30
NOT_BROUGHT = ("pip", "setuptools", "segmetrics-mock")
KEY = {"Authorization": "sandbox-key-0123456789"}


@pytest.fixture(scope="module")
def installed(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve with the installed command; yield its origin."""
    command: list[str | Path] = [scripts / "segmetrics-mock", "serve", "--port", "0", "--check-answers"]
    with serving(command, tmp_path_factory.mktemp("elsewhere")) as origin:
        yield origin


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


def test_swagger_uis_files_are_shipped_as_published_with_their_licences(wheel: Path, tmp_path: Path) -> None:
    folder = "mock_server/web/dashboard/swagger_ui/"
    shipped = ZipFile(wheel)
    (version,) = re.findall(rb'"version": "([^"]+)"', shipped.read(f"{folder}package.json"))

    run(CHECKOUT / ".ci" / "update-swagger-ui", version.decode(), tmp_path, cwd=tmp_path)

    published = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert {"LICENSE", "NOTICE", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt"} <= published.keys()
    assert {name: shipped.read(folder + name) for name in published} == published


def test_only_mock_server_can_be_imported(scripts: Path, tmp_path: Path) -> None:
    program = "import importlib.util as u; print([n for n in {} if u.find_spec(n)])"
    names = ["mock_server", "contracts", "fixtures", "client_tests", "benchmarks", "_resources", "segmetrics_mock"]

    assert run(scripts / "python", "-c", program.format(names), cwd=tmp_path).strip() == "['mock_server']"


def test_the_core_is_lean(scripts: Path, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "bare", cwd=tmp_path)
    listed = run(scripts / "python", "-m", "pip", "list", "--format", "freeze", cwd=tmp_path).split()

    kilobytes = [int(run("du", "-sk", folder, cwd=tmp_path).split()[0]) for folder in (scripts.parent, "bare")]

    megabytes = (kilobytes[0] - kilobytes[1]) / 1000
    seconds = (scripts.parent / "seconds").read_text("utf-8")
    record_property("wheel", f"{seconds} s from a bare folder to the first 200")
    record_property("core", f"{megabytes:.0f} MB beyond a bare environment, {len(listed)} packages in all")
    assert megabytes <= MAX_MEGABYTES
    assert len(listed) <= MAX_PACKAGES, listed


def test_a_bill_of_materials_lists_what_the_wheel_brings(scripts: Path) -> None:
    listed = json.loads(run(scripts / "python", "-m", "pip", "list", "--format", "json", cwd=CHECKOUT))
    expected = {normalized(one["name"]): one["version"] for one in listed}

    found = components(run(scripts / "python", "-m", "dependencies.sbom", cwd=CHECKOUT))

    assert found == {name: version for name, version in expected.items() if name not in NOT_BROUGHT}
    assert found.keys() == required(PROJECT["dependencies"])


def test_the_installed_command_serves_the_contract(installed: str, http: httpx.Client) -> None:
    stored = http.post(f"{installed}/api/v1/demo/payments/contact", json={"contact_id": 1}, headers=KEY)

    assert http.get(f"{installed}/__admin/health").json()["status"] == "ok"
    served, written = (
        yaml.safe_load(text)
        for text in (http.get(f"{installed}/openapi.yaml").text, (CHECKOUT / "openapi.yaml").read_text("utf-8"))
    )
    assert served["servers"][0]["url"] == f"{installed}/api"
    for document in (served, written):
        for of_all_or_a_path in (document, *document["paths"].values()):
            of_all_or_a_path.pop("servers", None)
    assert served.items() <= written.items()
    assert stored.json()["contact"]["contact_id"] == "1"


def test_the_installed_command_prints_its_version(scripts: Path, wheel: Path, tmp_path: Path) -> None:
    version = wheel.name.split("-")[1]

    assert run(scripts / "segmetrics-mock", "--version", cwd=tmp_path).split() == ["segmetrics-mock", version]
    assert run(scripts / "python", "-m", "mock_server", "--version", cwd=tmp_path).split()[-1] == version


def test_a_missing_extra_is_named_with_the_command_that_installs_it(scripts: Path, installed: str) -> None:
    command: list[str | Path] = [scripts / "segmetrics-mock", "contract", f"{installed}/api"]

    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert ended.stderr.endswith("pip install 'segmetrics-mock[contracts]'\n")


# A client that `check` can run, in place of the COMMAND of the README.
CLIENT = """
import os, urllib.request as u
s = os.environ
url = f"{s['SEGMETRICS_BASE_URL']}/v1/{s['SEGMETRICS_ACCOUNT_ID']}/{s['SEGMETRICS_INTEGRATION_ID']}/contact"
headers = {"Authorization": s["SEGMETRICS_API_KEY"], "Content-Type": "application/json"}
u.urlopen(u.Request(url, b'{"contact_id": 1}', headers)).close()
"""


def commands_of_the_readme() -> list[str]:
    """Return the lines of its shell blocks that need nothing but the install line and a running server."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (CHECKOUT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [line for line in lines if line.startswith(("curl ", ".venv/bin/segmetrics-mock")) and " serve" not in line]


def test_the_commands_of_the_readme_work_after_its_own_install_line(from_readme: Path) -> None:
    commands = commands_of_the_readme()
    assert {"curl", "contract", "check"} <= set(" ".join(commands).split())
    (from_readme / "client.py").write_text(CLIENT, "utf-8")

    with serving([".venv/bin/segmetrics-mock", "serve", "--port", "0"], from_readme) as origin:
        for command in commands:
            line = command.replace("http://127.0.0.1:8642", origin).replace("COMMAND ...", ".venv/bin/python client.py")
            printed = run("bash", "-c", line.replace("curl ", "curl -fsS "), cwd=from_readme)
            if "contract" in line:
                assert "\nHELD: " in printed


def test_the_install_line_brings_every_extra(from_readme: Path) -> None:
    assert run(from_readme / ".venv/bin/python", "-c", "import psycopg, schemathesis; print(1)", cwd=from_readme)
