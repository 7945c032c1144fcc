"""The rooms of the house: which part of `mock_server` may import which, and who may know which library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mock_server"
ORDER = [
    {"__init__", "errors", "resources", "settings"},
    {"spec"},
    {"store"},
    {"journal", "faults", "fakedata", "coverage", "findings", "resilience", "report"},
    {"exhibits"},
    {"handlers"},
    {"datasets"},
    {"web"},
    {"serving", "intercept"},
    {"check", "contract"},
    {"cli", "pytest_plugin"},
    {"__main__"},
]
"""A room may import those of an earlier line, and of its own line as long as they do not import it."""

FORBIDDEN = {("store", "spec")}
"""Beside the order: the store knows nothing of the contract."""

LIBRARIES = {
    "starlette": {"web"},
    "uvicorn": {"serving", "intercept"},
    "faker": {"fakedata"},
    "apsw": {"store"},
    "psycopg": {"store"},
    "sqlmodel": {"store"},
    "sqlalchemy": {"store"},
    "jsonschema_rs": {"spec", "faults", "datasets"},
    "contracts": set[str](),
    "client_tests": set[str](),
}
"""Who may import a library; a library that is not named here is free to all."""

LINE_OF = {room: line for line, rooms in enumerate(ORDER) for room in rooms}


def broken_rules(package: Path) -> list[str]:
    """What the files of the package import against the rules, one text each."""
    broken = []
    graph: dict[str, set[str]] = {}
    for file in sorted(package.rglob("*.py")):
        room = file.relative_to(package).parts[0].removesuffix(".py")
        if room not in LINE_OF:
            broken.append(f"{file.name}: the room '{room}' is unknown; give it its place in ORDER of test_rooms.py")
            continue
        for module in imported_modules(file, package):
            library, _, inner = module.partition(".")
            if library == package.name:
                other = room_of(inner, package)
                if other != room:
                    graph.setdefault(room, set()).add(other)
                    broken += [f"{room} ({file.name}) imports {other}"] if not may_import(room, other) else []
            elif room not in LIBRARIES.get(library, {room}):
                broken.append(f"{room} ({file.name}) imports {library}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        broken.append(f"rooms import each other: {' ← '.join(error.args[1])}")
    return broken


def imported_modules(file: Path, package: Path) -> Iterator[str]:
    """The full name of each import, those inside functions too; `from a import b` gives `a.b`."""
    here = [package.name, *file.relative_to(package).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(inner: str, package: Path) -> str:
    """The room of a module's name within the package; what is no module is the package's own."""
    first = inner.partition(".")[0]
    is_module = (package / first).is_dir() or (package / f"{first}.py").exists()
    return first if first and is_module else "__init__"


def may_import(room: str, other: str) -> bool:
    return other in LINE_OF and LINE_OF[other] <= LINE_OF[room] and (room, other) not in FORBIDDEN


def test_imports_run_one_way() -> None:
    assert broken_rules(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "source", "text"),
    [
        ("spec/a.py", "from mock_server.store import tables", "spec (a.py) imports store"),
        ("spec/a.py", "from ..web.app import build_app", "spec (a.py) imports web"),
        ("spec/a.py", "def f():\n    import mock_server.handlers.tags", "spec (a.py) imports handlers"),
        ("errors.py", "from mock_server import cli", "errors (errors.py) imports cli"),
        ("errors.py", "from . import cli", "errors (errors.py) imports cli"),
        ("store/a.py", "from mock_server.spec import Contract", "store (a.py) imports spec"),
        ("handlers/a.py", "import starlette.requests", "handlers (a.py) imports starlette"),
        ("web/a.py", "from uvicorn import Config", "web (a.py) imports uvicorn"),
        ("web/a.py", "import jsonschema_rs", "web (a.py) imports jsonschema_rs"),
        ("handlers/a.py", "from sqlalchemy.sql import select", "handlers (a.py) imports sqlalchemy"),
        ("cli.py", "from contracts import suite", "cli (cli.py) imports contracts"),
        ("cli.py", "import client_tests.sandbox", "cli (cli.py) imports client_tests"),
        ("attic.py", "", "attic.py: the room 'attic' is unknown; give it its place in ORDER of test_rooms.py"),
        ("attic/a.py", "", "a.py: the room 'attic' is unknown; give it its place in ORDER of test_rooms.py"),
    ],
)
def test_a_breach_is_found_and_told(tmp_path: Path, file: str, source: str, text: str) -> None:
    package = tmp_path / "mock_server"
    for folder in ("spec", "store", "handlers", "web", "attic"):
        (package / folder).mkdir(parents=True)
    (package / "cli.py").touch()
    (package / file).write_text(source, "utf-8")

    assert text in broken_rules(package)


def test_rooms_of_one_line_must_not_import_each_other(tmp_path: Path) -> None:
    package = tmp_path / "mock_server"
    package.mkdir()
    (package / "faults.py").write_text("from mock_server.journal import Journal", "utf-8")
    (package / "journal.py").write_text("from mock_server import faults", "utf-8")

    (text,) = broken_rules(package)

    assert text.startswith("rooms import each other: ")
    assert "journal" in text
    assert "faults" in text


def test_every_room_that_the_order_names_is_named_once() -> None:
    assert sum(map(len, ORDER)) == len(LINE_OF)


def loaded_by(statement: str, *modules: str) -> set[str]:
    """Which of the modules are loaded in a new interpreter after the statement."""
    program = f"import sys\n{statement}\nprint(*sorted(set(sys.modules) & {set(modules)!r}))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    return set(ended.stdout.split())


def test_the_command_line_alone_loads_neither_sql_nor_a_server() -> None:
    heavy = ("apsw", "sqlmodel", "sqlalchemy", "pydantic", "uvicorn", "starlette", "jsonschema_rs", "yaml", "orjson")

    assert loaded_by("import mock_server.cli", *heavy) == set()


def test_serving_loads_nothing_that_only_other_commands_need() -> None:
    others = ("sqlmodel", "schemathesis", "faker", "rich", "trustme", "cryptography", "jinja2", "pytest", "httpx")

    assert loaded_by("import mock_server.serving, mock_server.cli", *others) == set()
