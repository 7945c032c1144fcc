"""The lines that start the fake without a checkout, from a built wheel, on each Python that can be had."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from client_tests.packaging import ENVIRONMENT, serving

pytestmark = pytest.mark.slow

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SERVE = ("segmetrics-mock", "serve", "--port", "0")


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest, tools: Path, tmp_path: Path) -> str:
    """Return an interpreter of the version; skip, with uv's reason, where none is found or can be installed."""
    version = str(request.param)
    folders = [ENVIRONMENT["PATH"], *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin"))]
    variables = ENVIRONMENT | {
        "PATH": os.pathsep.join(folders),
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"),
        "UV_HTTP_RETRIES": "0",
    }

    def uv(*words: str) -> "subprocess.CompletedProcess[str]":
        command: list[str | Path] = [tools / "uv", "python", *words, version]
        return subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120, check=False
        )

    found = uv("find")
    if found.returncode:
        installed = uv("install")
        found = uv("find")
        if found.returncode:
            pytest.skip(f"Python {version} cannot be had: {' '.join(installed.stderr.split())[-200:]}")
    return found.stdout.strip()


def works(origin: str, http: httpx.Client) -> bool:
    """Return whether a contact is stored, and the dashboard is complete."""
    headers = {"Authorization": "sandbox-key-0123456789"}
    stored = http.post(f"{origin}/api/v1/demo/payments/contact", json={"contact_id": 1}, headers=headers)
    pages = [http.get(f"{origin}/__admin/{path}") for path in ("health", "ui/demo", "docs/demo")]
    return all(answer.status_code == 200 for answer in (stored, *pages))


def test_uvx_serves_from_the_wheel(python: str, tools: Path, wheel: Path, tmp_path: Path, http: httpx.Client) -> None:
    with serving([tools / "uvx", "--python", python, "--from", wheel, *SERVE], tmp_path) as origin:
        assert works(origin, http)


def test_pipx_serves_from_the_wheel(tools: Path, wheel: Path, tmp_path: Path, http: httpx.Client) -> None:
    variables = ENVIRONMENT | {"PIPX_HOME": str(tmp_path / "pipx")}
    with serving([tools / "pipx", "run", "--spec", wheel, *SERVE], tmp_path, variables) as origin:
        assert works(origin, http)


def test_an_installed_module_serves(scripts: Path, tmp_path: Path, http: httpx.Client) -> None:
    with serving([scripts / "python", "-m", "mock_server", *SERVE[1:]], tmp_path) as origin:
        assert works(origin, http)
