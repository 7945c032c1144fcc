"""The README is short, its picture is true, and the page of the operations has them all."""

from pathlib import Path

import pytest

from docs import picture
from mock_server.spec import Contract

CHECKOUT = Path(__file__).parents[1]
OPERATIONS = (CHECKOUT / "docs" / "operations.md").read_text("utf-8")
MAX_LINES = 130


def test_the_readme_is_read_at_one_sitting() -> None:
    assert len((CHECKOUT / "README.md").read_text("utf-8").splitlines()) <= MAX_LINES


@pytest.mark.slow
def test_the_picture_shows_what_check_prints_today() -> None:
    shown = picture.PICTURE.read_text("utf-8")

    assert picture.drawn(picture.printed()) == shown, "draw it again: .venv/bin/python -m docs.picture"


@pytest.mark.parametrize("name", Contract.load().operations)
def test_every_operation_is_documented(name: str) -> None:
    assert f"`{name}`" in OPERATIONS
