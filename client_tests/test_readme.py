"""The README is complete: each setting, each operation, each report format."""

import dataclasses
import re
from pathlib import Path

import pytest

from mock_server.check.reports import FORMATS, ReportFormat
from mock_server.settings import ServeSettings
from mock_server.spec import Contract

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize("setting", dataclasses.fields(ServeSettings), ids=lambda setting: setting.name)
def test_every_setting_stands_in_the_readme_with_its_default(setting: "dataclasses.Field[object]") -> None:
    option = f"| `--{setting.name.replace('_', '-')}` | "

    (line,) = [line for line in README.splitlines() if line.startswith(option)]

    if setting.default and not isinstance(setting.default, bool):
        assert f"`{setting.default}`" in line


@pytest.mark.parametrize("name", Contract.load().operations)
def test_every_operation_stands_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("format", FORMATS, ids=lambda one: one.name)
def test_every_report_format_stands_in_the_readme(format: ReportFormat) -> None:
    assert re.search(rf"^\| .*`{format.option}\b.*` \| ", README, re.MULTILINE)
