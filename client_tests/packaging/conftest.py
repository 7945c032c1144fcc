import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from client_tests.packaging import CHECKOUT, SCRIPTS, run, serving

BuiltOnce = Callable[[str, Callable[[Path], object]], Path]
PIP_INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> BuiltOnce:
    """Return a function that fills a folder of a name, once for all processes of the tests."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def build(name: str, fill: Callable[[Path], object]) -> Path:
        target, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                target.mkdir()
                fill(target)
                done.touch()
        return target

    return build


@pytest.fixture(scope="session")
def wheel(built_once: BuiltOnce) -> Path:
    def build(folder: Path) -> None:
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, CHECKOUT, cwd=folder)

    (built,) = built_once("wheel", build).glob("*.whl")
    return built


@pytest.fixture(scope="session")
def scripts(built_once: BuiltOnce, wheel: Path) -> Path:
    """Return the commands of a new environment in which only the wheel was installed.

    The file `seconds` beside them: how long it took from a bare folder to the first 200.
    """

    def build(folder: Path) -> None:
        started = time.monotonic()
        run(sys.executable, "-m", "venv", folder, cwd=folder)
        run(folder / SCRIPTS / "python", *PIP_INSTALL, wheel, cwd=folder)
        with serving([folder / SCRIPTS / "segmetrics-mock", "serve", "--port", "0"], folder) as origin:
            httpx.get(f"{origin}/__admin/health", trust_env=False).raise_for_status()
        (folder / "seconds").write_text(f"{time.monotonic() - started:.0f}", "utf-8")

    return built_once("installed", build) / SCRIPTS


@pytest.fixture(scope="session")
def tools(built_once: BuiltOnce) -> Path:
    """Return the commands of an environment with uv and pipx."""

    def build(folder: Path) -> None:
        run(sys.executable, "-m", "venv", folder, cwd=folder)
        run(folder / SCRIPTS / "python", *PIP_INSTALL, "uv", "pipx", cwd=folder)

    return built_once("tools", build) / SCRIPTS


@pytest.fixture(scope="session")
def from_readme(built_once: BuiltOnce) -> Path:
    """Return a copy of the checkout in which the README's own line was run, as far as it installs."""

    def build(folder: Path) -> None:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            if (CHECKOUT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes((CHECKOUT / name).read_bytes())
        readme = (CHECKOUT / "README.md").read_text("utf-8")
        start = readme.partition("\n## Start\n")[2]
        line = start.partition("```sh\n")[2].partition("\n")[0]
        run("bash", "-euo", "pipefail", "-c", line.rpartition(" && ")[0], cwd=folder)

    return built_once("checkout", build)
