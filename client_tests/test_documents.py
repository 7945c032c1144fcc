"""The documents of the repository: their links lead somewhere, what they name exists, their commands work."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(CHECKOUT).as_posix()
    for folder in (".", "docs", "contracts", "benchmarks")
    for path in (CHECKOUT / folder).glob("*.md")
)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
FOR_CONTRIBUTORS = ("ARCHITECTURE.md", "CONTRIBUTING.md")


def read(document: str) -> str:
    return (CHECKOUT / document).read_text("utf-8")


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading_of_it(document: str) -> None:
    here = CHECKOUT / document

    broken = [
        (path, anchor)
        for path, anchor in LINK.findall(read(document))
        if not (target := here.parent / path if path else here).exists() or (anchor and anchor not in anchors(target))
    ]

    assert broken == []


@pytest.mark.parametrize("document", FOR_CONTRIBUTORS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    named = set(re.findall(r"`([\w./-]+(?:/|\.(?:py|yaml|toml|md)))`", read(document)))
    # A file is named from the checkout, from the package, or inside its room.
    roots = [CHECKOUT, CHECKOUT / "mock_server", CHECKOUT / "client_tests"]
    rooms = [path for path in (CHECKOUT / "mock_server").iterdir() if path.is_dir()]

    assert named
    assert {name for name in named if not any((root / name).exists() for root in [*roots, *rooms])} == set()


def test_the_picture_of_the_rooms_shows_what_import_linter_checks() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    picture = read("ARCHITECTURE.md").partition("## The rooms")[2].split("```")[1].strip()

    assert [line.split("   ")[0].strip() for line in picture.splitlines()] == contracts[0]["layers"]


def commands(document: str) -> list[str]:
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", read(document), re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


# What another test or CI tries already, and where.
TRIED_ELSEWHERE = {
    "python3 -m venv .venv && .venv/bin/pip install -q -U pip && .venv/bin/pip install -e . --group dev": ".ci/run",
    ".venv/bin/mypy": ".ci/run",
    ".venv/bin/lint-imports": "client_tests/test_rooms.py",
    ".venv/bin/python -m build": "client_tests/packaging/test_wheel.py",
}


def test_contributors_commands_are_found() -> None:
    assert set(TRIED_ELSEWHERE) < set(commands("CONTRIBUTING.md"))


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(set(commands("CONTRIBUTING.md")) - TRIED_ELSEWHERE.keys()))
def test_every_command_for_contributors_works(command: str) -> None:
    words = shlex.split(command.replace(".venv/bin/", f"{Path(sys.executable).parent}/"))
    if words[0].endswith("pytest"):
        # Running the tests inside a test would not end; that they are found with these options is tried.
        words.append("--collect-only")

    ended = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)

    assert ended.returncode == 0, ended.stdout + ended.stderr
