"""The README is short; the pages that it leads to are complete: each setting, each operation, each report format."""

import dataclasses
import re
from pathlib import Path

import pytest

from docs import picture
from mock_server.check.reports import FORMATS, ReportFormat
from mock_server.settings import ServeSettings
from mock_server.spec import Contract

CHECKOUT = Path(__file__).parents[1]
SETTINGS, OPERATIONS, CHECK = (
    (CHECKOUT / "docs" / f"{page}.md").read_text("utf-8") for page in ("settings", "operations", "check")
)
MAX_LINES = 130


def test_the_readme_is_read_at_one_sitting() -> None:
    assert len((CHECKOUT / "README.md").read_text("utf-8").splitlines()) <= MAX_LINES


@pytest.mark.slow
def test_the_picture_shows_what_check_prints_today() -> None:
    shown = picture.PICTURE.read_text("utf-8")

    assert picture.drawn(picture.printed()) == shown, "draw it again: .venv/bin/python -m docs.picture"


@pytest.mark.parametrize("setting", dataclasses.fields(ServeSettings), ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: "dataclasses.Field[object]") -> None:
    option = f"| `--{setting.name.replace('_', '-')}` | "

    (line,) = [line for line in SETTINGS.splitlines() if line.startswith(option)]

    if setting.default and not isinstance(setting.default, bool):
        assert f"`{setting.default}`" in line


@pytest.mark.parametrize("name", Contract.load().operations)
def test_every_operation_is_documented(name: str) -> None:
    assert f"`{name}`" in OPERATIONS


@pytest.mark.parametrize("format", FORMATS, ids=lambda one: one.name)
def test_every_report_format_is_documented(format: ReportFormat) -> None:
    assert re.search(rf"^\| .*`{format.option}\b.*` \| ", CHECK, re.MULTILINE)
