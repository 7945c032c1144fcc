"""What is locked, the page of licences, and the bill of materials."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from client_tests.checked import CHECKOUT
from dependencies.licences import page
from dependencies.packages import normalized

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
CORE = PROJECT["project"]["dependencies"]
GROUPS = [line for group in PROJECT["dependency-groups"].values() for line in group if isinstance(line, str)]
ALL = [*CORE, *EXTRAS["contracts"], *EXTRAS["postgres"], *GROUPS]
LOCKS = {
    "dev.lock": ALL,
    "image.lock": CORE,
    "image[postgres].lock": [*CORE, *EXTRAS["postgres"]],
    "build.lock": PROJECT["build-system"]["requires"],
}
_PIN = re.compile(
    r"([a-z0-9.-]+)(?:\[[a-z,-]+\])?==(\S+)(?: ; (.*))? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
)


def pins(name: str) -> dict[str, str]:
    """Return the version of each package that a lock file names for this Python and system."""
    text = (CHECKOUT / "dependencies" / name).read_text("utf-8")
    entries = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    assert _PIN.sub("", entries) == "", "a line that is neither a pin nor a hash"
    return {found[1]: found[2] for found in _PIN.finditer(entries) if not found[3] or Marker(found[3]).evaluate()}


def not_as_locked() -> list[str]:
    """Return the locked packages that are installed in another version."""
    return [name for name, version in pins("dev.lock").items() if installed_version(name) not in (version, "")]


def installed_version(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return ""


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_has_what_the_project_asks_for(name: str) -> None:
    """Renew it with `.ci/update-locks`."""
    locked = pins(name)

    for line in LOCKS[name]:
        requirement = Requirement(line)
        if not requirement.marker or requirement.marker.evaluate():
            assert requirement.specifier.contains(locked[normalized(requirement.name)]), line


def test_what_is_taken_from_npm_is_locked() -> None:
    """That what is asked for is locked, `npm ci` checks itself. Renew the file with `.ci/update-locks`."""
    programs = CHECKOUT / "client_tests" / "generated" / "programs"
    locked = json.loads((programs / "package-lock.json").read_text("utf-8"))["packages"]

    whole = {place: package for place, package in locked.items() if place and not package.get("inBundle")}

    assert len(whole) > 100
    assert [place for place, package in whole.items() if not package["integrity"].startswith("sha512-")] == []
    assert [place for place, package in locked.items() if "resolved" in package] == [], "the name of a registry"


def test_the_image_has_versions_that_the_tests_had() -> None:
    tried = pins("dev.lock")
    for name in ("image.lock", "image[postgres].lock"):
        assert pins(name).items() <= tried.items()


def test_what_a_locked_package_needs_is_locked() -> None:
    """As an installation with hashes demands."""
    for name in LOCKS:
        locked = pins(name)
        for package in locked:
            if installed_version(package) == locked[package]:
                requirements = [Requirement(line) for line in distribution(package).requires or []]
                needed = {normalized(one.name) for one in requirements if not one.marker or one.marker.evaluate()}
                assert needed <= locked.keys(), (name, package)


def test_the_page_of_licences_is_that_of_the_installed_packages() -> None:
    """Write it with `.venv/bin/python -m dependencies.licences > docs/licences.md`."""
    if other := not_as_locked():
        pytest.skip(f"other versions than the locked ones are installed: {', '.join(other)}")

    assert Path(CHECKOUT / "docs" / "licences.md").read_text("utf-8") == page()


def test_the_bill_of_materials_is_the_same_for_the_same_time() -> None:
    command = [sys.executable, "-m", "dependencies.sbom"]
    variables = {"SOURCE_DATE_EPOCH": "1700000000", "PATH": ""}

    first, second = (subprocess.check_output(command, cwd=CHECKOUT, env=variables) for _ in range(2))

    assert first == second
    assert b'"timestamp": "2023-11-14T22:13:20+00:00"' in first
