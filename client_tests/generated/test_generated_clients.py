"""Clients that are generated from the document compile, and call every operation of the fake without a mistake."""

import shutil
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from client_tests.checked import CHECKOUT
from client_tests.sandbox import Sandbox
from client_tests.serving import served
from mock_server.spec import Contract

HERE = Path(__file__).parent
DOCUMENT = CHECKOUT / "openapi.yaml"


def run(*command: str | Path, cwd: Path, may_lack: str = "") -> None:
    """Run a command. Where it fails, the test does; with `may_lack`, it is skipped, since that cannot be had here."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    if ended.returncode and may_lack:
        pytest.skip(f"{may_lack} cannot be had: {(ended.stderr or ended.stdout).strip()[-300:]}")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def sandbox(http: httpx.Client) -> Iterator[Sandbox]:
    with served() as server:
        yield Sandbox.default(server.origin, http)


@pytest.mark.slow
def test_clients_of_openapi_generator_call_everything(tmp_path: Path, sandbox: Sandbox) -> None:
    if shutil.which("java") is None:
        pytest.skip("openapi-generator needs Java: apt-get install default-jdk-headless")
    venv.create(tmp_path, with_pip=True)
    tools = tmp_path / "bin"
    run(tools / "pip", "install", "-q", "openapi-generator-cli", cwd=tmp_path, may_lack="openapi-generator-cli")
    for language in ("python", "go"):
        generate: list[str | Path] = [
            tools / "openapi-generator-cli",
            "generate",
            "-i",
            DOCUMENT,
            "-g",
            language,
            "-o",
            language,
        ]
        run(*generate, cwd=tmp_path)

    run(tools / "pip", "install", "-q", "./python", cwd=tmp_path, may_lack="what the Python client needs")
    calls_everything([tools / "python", HERE / "with_openapi_generator.py"], tmp_path, sandbox)

    if shutil.which("go") is None:
        pytest.skip("the client in Python works; there is no Go: apt-get install golang-go")
    calls_everything([go_program(tmp_path / "go")], tmp_path, sandbox)


def go_program(module: Path) -> Path:
    """Build the program with the generated module."""
    settings = module / "go.mod"  # it names a newer Go than it needs
    settings.write_text(settings.read_text("utf-8").replace("go 1.23", "go 1.19"), "utf-8")
    (module / "calls").mkdir()
    shutil.copy(HERE / "openapi_generator.go", module / "calls" / "main.go")
    run("go", "build", "-o", "calls/calls", "./calls", cwd=module)
    return module / "calls" / "calls"


@pytest.mark.slow
def test_the_types_of_openapi_typescript_are_strict_and_complete(tmp_path: Path, sandbox: Sandbox) -> None:
    packages = ("openapi-typescript@7", "openapi-fetch@0", "typescript@5", "@types/node@20")
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    run("npm", "install", "--silent", "--no-audit", "--no-fund", *packages, cwd=tmp_path, may_lack="a package of npm")
    tools = tmp_path / "node_modules" / ".bin"
    run(tools / "openapi-typescript", DOCUMENT, "-o", "api.ts", cwd=tmp_path)
    shutil.copy(HERE / "openapi_fetch.ts", tmp_path / "calls.mts")
    options = (
        "--strict",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
    )
    run(tools / "tsc", *options, "calls.mts", cwd=tmp_path)

    calls_everything(["node", tmp_path / "calls.mjs"], tmp_path, sandbox)


def calls_everything(command: list[str | Path], folder: Path, sandbox: Sandbox) -> None:
    """Assert that the program calls every operation, once each, and makes no mistake."""
    sandbox.admin("POST", "/reset", json={}).raise_for_status()

    run(*command, f"{sandbox.origin}/api", sandbox.api_key, sandbox.account_id, cwd=folder)

    report = sandbox.admin("GET", "/report").json()
    called = [entry["operation"] for entry in sandbox.requests()]
    assert sorted(called) == sorted(Contract.load().operations)
    assert report["summary"]["violations"] == 0, report["findings"]
