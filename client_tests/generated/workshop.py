"""A folder in which clients are generated and built, with the tools for it, each installed at most once."""

import json
import os
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
PYTHON_PACKAGES = (
    "openapi-generator-cli==7.*",
    "openapi-python-client",
    "datamodel-code-generator",
    "python-dateutil",  # what openapi-generator's Python client needs
    "urllib3",
)


class Workshop:
    """`document`: the document as the fake serves it. `node_modules`: the folder of the packages of npm."""

    def __init__(self, folder: Path, document: bytes) -> None:
        self.folder = folder
        self.document = folder / "openapi.json"
        self.document.write_bytes(document)

    @cached_property
    def servers(self) -> list[str]:
        """The URL of the document, and of each path that has one of its own."""
        document = json.loads(self.document.read_bytes())
        return [one["servers"][0]["url"] for one in (document, *document["paths"].values()) if "servers" in one]

    def run(self, *command: str | Path, cwd: Path | None = None, may_lack: str = "") -> None:
        """Run a command. Where it fails, the test does; with `may_lack`, it is skipped: that cannot be had here."""
        if shutil.which(command[0]) is None:
            pytest.skip(f"there is no {command[0]}")
        ended = subprocess.run(
            command, cwd=cwd or self.folder, env=self._environment(), capture_output=True, text=True, timeout=300
        )
        if ended.returncode and may_lack:
            pytest.skip(f"{may_lack} cannot be had: {(ended.stderr or ended.stdout).strip()[-300:]}")
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def _environment(self) -> dict[str, str]:
        # openapi-python-client formats with the `ruff` of the path; programs import from all three folders.
        paths = os.pathsep.join(map(str, (self.folder / "python_packages", self.folder, self.folder / "python")))
        tools = os.pathsep.join((str(self.folder / "python_packages" / "bin"), os.environ["PATH"]))
        return {**os.environ, "PYTHONPATH": paths, "PATH": tools, "NODE_NO_WARNINGS": "1"}

    @cached_property
    def python_packages(self) -> Path:
        folder = self.folder / "python_packages"
        install = (sys.executable, "-m", "pip", "install", "-q", "--retries", "1", "--target", folder, *PYTHON_PACKAGES)
        self.run(*install, may_lack="a package of PyPI")
        return folder

    @cached_property
    def jar(self) -> Path:
        """openapi-generator, with all the libraries that it contains."""
        return self.python_packages / "openapi_generator_cli" / "openapi-generator.jar"

    @cached_property
    def node_modules(self) -> Path:
        """Those of the tools on the path, where they have every package; else they are installed here."""
        packages = json.loads((PROGRAMS / "package.json").read_text("utf-8"))["dependencies"]
        tool = Path(shutil.which("openapi-typescript") or "")
        linked = self.folder / "node_modules"
        for found in tool.resolve().parents:
            if all((found / package).exists() for package in packages):
                linked.symlink_to(found)
                return linked
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PROGRAMS / name, self.folder)
        self.run("npm", "ci", "--silent", "--no-audit", "--no-fund", "--fetch-retries=1", may_lack="a package of npm")
        return linked

    def node_tool(self, name: str, *arguments: str | Path) -> None:
        self.run(self.node_modules / ".bin" / name, *arguments)
