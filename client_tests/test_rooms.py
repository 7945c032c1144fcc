"""The rooms of `mock_server`: import-linter holds them apart, by the contracts in pyproject.toml."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mock_server"
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def linted(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run lint-imports over the `mock_server` and pyproject.toml of a folder."""
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_rooms_import_only_what_they_may() -> None:
    ended = linted(ROOT)

    assert ended.returncode == 0, ended.stdout


BELOW = "Rooms import those below them"


@pytest.mark.parametrize(
    ("file", "source", "contract", "breach"),
    [
        ("errors.py", "from mock_server import cli", BELOW, "errors -> mock_server.cli"),
        ("errors.py", "from . import cli", BELOW, "errors -> mock_server.cli"),
        ("spec/new.py", "from ..web.app import build_app", BELOW, "spec.new -> mock_server.web.app"),
        ("spec/new.py", "def f():\n    import mock_server.store", BELOW, "spec.new -> mock_server.store"),
        ("journal/new.py", "import mock_server.operations", BELOW, "journal.new -> mock_server.operations"),
        ("attic.py", "", BELOW, "attic"),
        ("attic/__init__.py", "", BELOW, "attic"),
        ("__init__.py", "from . import text", "The package itself imports none of its rooms", " -> mock_server.text"),
        ("store/new.py", "import mock_server.spec", "The store does not know the document", "new -> mock_server.spec"),
        ("http/new.py", "import mock_server.spec", "http and intercept do not know the API", "new -> mock_server.spec"),
        (
            "contract/new.py",
            "import mock_server.web.app",
            "The contract command knows a server only over HTTP",
            "contract.new -> mock_server.web.app",
        ),
        (
            "cli.py",
            "from contracts import run",
            "The product does not import its suite, tests and benchmarks",
            "cli -> contracts",
        ),
        (
            "cli.py",
            "import client_tests.sandbox",
            "The product does not import its suite, tests and benchmarks",
            "cli -> client_tests",
        ),
        ("operations/new.py", "import starlette.requests", "Starlette only in web", "operations.new -> starlette"),
        ("web/new.py", "from uvicorn import Config", "uvicorn only in http and serving", "web.new -> uvicorn"),
        ("store/new.py", "import sqlmodel", "SQLModel only in the tables", "store.new -> sqlmodel"),
        (
            "web/new.py",
            "from sqlalchemy.sql import select",
            "SQLAlchemy only in store, journal and the dashboard's queries",
            "web.new -> sqlalchemy",
        ),
        ("journal/new.py", "import sqlite3", "Database drivers only in store", "journal.new -> sqlite3"),
        ("journal/new.py", "import psycopg", "Database drivers only in store", "journal.new -> psycopg"),
        ("datasets/new.py", "import faker", "Faker only in fakedata", "datasets.new -> faker"),
        (
            "web/new.py",
            "import jsonschema_rs",
            "JSON Schema only in spec, faults, datasets and the baseline",
            "new -> jsonschema_rs",
        ),
    ],
)
def test_a_breach_is_found_and_named(tmp_path: Path, file: str, source: str, contract: str, breach: str) -> None:
    package = tmp_path / "mock_server"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (package / file).parent.mkdir(exist_ok=True)
    with (package / file).open("a", encoding="utf-8") as opened:
        opened.write(f"\n{source}\n")

    ended = linted(tmp_path)

    assert ended.returncode == 1
    assert f"\n{contract} BROKEN" in ended.stdout
    assert breach in ended.stdout


def test_import_linter_sees_every_folder() -> None:
    folders = {file.parent for file in PACKAGE.rglob("*.py")}

    unseen = {folder for folder in folders if not (folder / "__init__.py").exists()}

    # No package: it is put on the path of a checked client's Python, which imports its `sitecustomize`.
    assert unseen == {PACKAGE / "intercept" / "hooks"}


def loaded_by(statement: str, *modules: str) -> set[str]:
    """Return which of the modules are loaded in a new interpreter after the statement."""
    program = f"import sys\n{statement}\nprint(*sorted(set(sys.modules) & {set(modules)!r}))"
    # Coverage, where it is measured, starts in each new interpreter and loads modules of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    return set(ended.stdout.split())


def test_the_command_line_alone_loads_neither_sql_nor_a_server() -> None:
    heavy = ("sqlite3", "sqlmodel", "sqlalchemy", "pydantic", "uvicorn", "starlette", "jsonschema_rs", "yaml", "orjson")

    assert loaded_by("import mock_server.cli", *heavy) == set()


def test_serving_loads_nothing_that_only_other_commands_need() -> None:
    others = ("psycopg", "schemathesis", "faker", "trustme", "cryptography", "jinja2", "pytest", "httpx")

    assert loaded_by("import mock_server.serving, mock_server.cli", "mock_server.intercept", *others) == set()
