"""Findings know where the client's own code made the call: in Python and Node, by hooks, isolated or not."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from client_tests.checked import Checked, checked, client
from client_tests.intercepted.languages import MissingError, axios
from client_tests.sandbox import Sandbox

FOLDER = Path(__file__).parent / "checked" / "sites"
MODES = ("never", "always")


def marked(file: Path, mark: str) -> dict[str, str]:
    """Return the marked lines of a file, by the pointers of their findings."""
    lines = enumerate(file.read_text("utf-8").splitlines(), 1)
    found = {number: re.search(rf"{mark} ([a-z_]+)$", line) for number, line in lines}
    name = file.relative_to(Path(__file__).parents[1])
    return {f"/body/{match[1]}": f"{name}:{number}" for number, match in found.items() if match}


def call_sites(ended: Checked) -> dict[str, list[str]]:
    return {finding["pointer"]: finding["call_sites"] for finding in ended.report["findings"]}


@pytest.mark.slow
@pytest.mark.parametrize("isolate", MODES)
def test_the_line_of_a_python_client_that_made_the_call_is_known(isolate: str, tmp_path: Path) -> None:
    sarif, lines = tmp_path / "sarif", marked(FOLDER / "calls.py", "#")

    options = ("--isolate", isolate, "--verbose", "--report-sarif", sarif)
    ended = checked(tmp_path, client("sites"), *options, GITHUB_ACTIONS="true")

    assert len(lines) == 5
    assert call_sites(ended) == {pointer: [line] for pointer, line in lines.items()}
    assert {exchange["call_site"] for exchange in ended.report["exchanges"]} == {*lines.values()}
    assert sites_of(sarif) == {*lines.values()}
    for line in lines.values():
        file, _, number = line.rpartition(":")
        assert f"::notice file={file},line={number},title=unknown-field upsert_product::" in ended.stdout
        assert f"\n  from: {line}\n" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("isolate", MODES)
def test_the_line_of_a_node_client_that_made_the_call_is_known(
    isolate: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    sarif, lines = tmp_path / "sarif", marked(FOLDER / "calls.mjs", "//")
    assert pytestconfig.cache
    folder = axios_folder(pytestconfig.cache.mkdir("clients"))

    command = ["node", str(FOLDER / "calls.mjs"), *([str(folder)] if folder else [])]
    ended = checked(tmp_path, command, "--isolate", isolate, "--report-sarif", sarif)

    sent = {pointer: [line] for pointer, line in lines.items() if folder or "axios" not in pointer}
    assert len(sent) >= 3
    assert call_sites(ended) == sent
    assert sites_of(sarif) == {line for [line] in sent.values()}


def axios_folder(kept: Path) -> Path | None:
    """Return the folder in which axios is installed; None, with the reason, where it cannot be."""
    try:
        command = axios("1")(kept)
    except MissingError as reason:
        print(f"left out: {reason}")
        return None
    return Path(command.variables["AXIOS"]).parents[1]


def sites_of(sarif: Path) -> set[str]:
    """Return the places that the results of a log are at."""
    (run,) = json.loads(sarif.read_bytes())["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    return {f"{place['artifactLocation']['uri']}:{place['region']['startLine']}" for place in places}


CALL = """import os, requests
requests.post(
    os.environ["SEGMETRICS_BASE_URL"] + f"/v1/{os.environ['SEGMETRICS_ACCOUNT_ID']}/payments/product",
    json={"id": 1, "name": "Course", "colour": "red"}, headers={"Authorization": os.environ["SEGMETRICS_API_KEY"]})
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shöp: 1 %41.py", "a b.py"])
def test_files_of_any_name_are_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(CALL, "utf-8")

    ended = checked(tmp_path, [sys.executable, str(tmp_path / name)])

    assert call_sites(ended) == {"/body/colour": [f"{tmp_path / name}:2"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", CALL],
        [sys.executable, "-I", "-c", CALL],
        ["sh", "-c", f"{sys.executable} - <<'END'\n{CALL}END"],
    ],
    ids=["-c", "isolated", "stdin"],
)
def test_code_without_a_file_has_no_place(command: list[str], tmp_path: Path) -> None:
    assert call_sites(checked(tmp_path, command)) == {"/body/colour": []}


@pytest.mark.slow
def test_the_clients_own_settings_of_python_and_node_stay(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.environ['OWN'] = 'customized'", "utf-8")
    script = 'python3 -c "import os; print(os.environ[\'OWN\'])"; node -e "console.log(process.env.NODE_OPTIONS)"'

    ended = checked(tmp_path, ["sh", "-c", script], PYTHONPATH=tmp_path, NODE_OPTIONS="--no-warnings")

    assert ended.stdout.startswith("customized\n--no-warnings --require ")


def test_a_client_may_name_its_place_itself_and_the_server_takes_the_header_off(sandbox: Sandbox) -> None:
    headers = {"X-Segmetrics-Mock-Call-Site": "src/sh%C3%B6p.go:7"}

    sent = sandbox.send("POST", "product", json={"id": 1, "name": "A"}, headers=headers)

    (entry,) = sandbox.requests()
    assert sent.status_code == 200
    assert entry["call_site"] == "src/shöp.go:7"
    assert not [name for name in entry["request"]["headers"] if "call-site" in name]


@pytest.mark.parametrize("value", ["", "a.go", "a.go:", ":7", "a.go:0", "a%0Ab:1", "a%1Bb:1", "x" * 1100 + ":1"])
def test_what_is_not_a_place_is_left_out(value: str, sandbox: Sandbox) -> None:
    headers = {"X-Segmetrics-Mock-Call-Site": value}

    sandbox.send("POST", "product", json={"id": 1, "name": "A"}, headers=headers)

    assert sandbox.requests()[0]["call_site"] is None


@pytest.mark.slow
def test_other_hosts_do_not_get_the_header(tmp_path: Path) -> None:
    script = (FOLDER / "other_host.py").as_posix()

    ended = checked(tmp_path, [sys.executable, script], PYTHONPATH=os.environ.get("PYTHONPATH", ""))

    assert ended.stdout.splitlines()[0] == "[]"
