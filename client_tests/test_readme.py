"""The README is short, and its picture is true."""

from pathlib import Path

import pytest

from docs import picture

README = Path(__file__).parents[1] / "README.md"
MAX_LINES = 130


def test_the_readme_is_read_at_one_sitting() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= MAX_LINES


@pytest.mark.slow
def test_the_picture_shows_what_check_prints_today() -> None:
    shown = picture.PICTURE.read_text("utf-8")

    assert picture.drawn(picture.printed()) == shown, "draw it again: .venv/bin/python -m docs.picture"
