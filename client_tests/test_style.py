"""How the code is written: what a linter does not know."""

import ast
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("mock_server", "contracts", "client_tests", "benchmarks", "dependencies", "docs")
    for path in (CHECKOUT / folder).rglob("*.py")
)


def strings_under_assignments(source: str) -> Iterator[int]:
    """Yield the line of each string statement that follows an assignment: it should be a comment above it."""
    for node in ast.walk(ast.parse(source)):
        statements = getattr(node, "body", [])
        if isinstance(statements, list):
            for before, after in pairwise(statements):
                is_string = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                if is_string and isinstance(before, ast.Assign | ast.AnnAssign):
                    yield after.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_string_stands_under_an_assignment(path: Path) -> None:
    assert list(strings_under_assignments(path.read_text("utf-8"))) == []


def test_a_string_under_an_assignment_is_found() -> None:
    source = 'A = 1\n"""What A is."""\n\nclass B:\n    c: int\n    """What c is."""\n'

    assert list(strings_under_assignments(source)) == [2, 6]


def test_every_source_is_read() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout, so the list of sources cannot be compared")

    assert {str(path.relative_to(CHECKOUT)) for path in SOURCES} >= set(listed.stdout.split())
