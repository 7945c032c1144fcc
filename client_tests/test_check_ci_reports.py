"""The reports for the services where code is reviewed: SARIF, GitLab's code quality, annotations of GitHub Actions."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog

from client_tests.checked import Checked, checked, client
from mock_server.explanations import EXPLANATIONS

LEVELS = {"violation": "error", "warning": "warning", "notice": "note"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ci")


@pytest.fixture(scope="module")
def mistaken(folder: Path) -> Checked:
    formats = ("sarif", "gitlab", "junit", "html")
    reports = [part for name in formats for part in (f"--report-{name}", folder / name)]
    variables: dict[str, str | Path] = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": folder / "summary"}
    return checked(folder, client("mistaken", "units"), "--verbose", *reports, **variables)


def sarif_run(folder: Path) -> dict[str, Any]:
    """Return the one run of a log. Raises ValidationError for a log that SARIF's schema does not allow."""
    log = json.loads((folder / "sarif").read_bytes())
    SarifLog.model_validate(log)
    (run,) = log["runs"]
    found: dict[str, Any] = run
    return found


def test_sarif_has_a_result_for_each_finding_and_a_rule_for_each_code(folder: Path, mistaken: Checked) -> None:
    run = sarif_run(folder)

    findings = mistaken.report["findings"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == list(dict.fromkeys(finding["code"] for finding in findings))
    assert [(result["ruleId"], result["level"], result["properties"]["pointer"]) for result in run["results"]] == [
        (finding["code"], LEVELS[finding["severity"]], finding["pointer"]) for finding in findings
    ]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] > 0
        assert "suppressions" not in result
    assert run["invocations"][0]["exitCode"] == mistaken.code == 1


def test_a_log_with_an_unknown_property_is_not_valid(folder: Path, mistaken: Checked) -> None:
    assert mistaken.code == 1
    log = json.loads((folder / "sarif").read_bytes())

    log["runs"][0]["results"][0]["severity"] = "error"

    with pytest.raises(ValueError, match="severity"):
        SarifLog.model_validate(log)


@pytest.mark.slow
def test_what_the_baseline_knows_is_suppressed_in_sarif_and_absent_elsewhere(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.yaml"
    options = ("--baseline", baseline, "--report-sarif", tmp_path / "sarif", "--report-gitlab", tmp_path / "gitlab")
    checked(tmp_path, client("mistaken", "units"), *options)
    known = yaml.safe_load(baseline.read_text("utf-8"))
    known["findings"][0] |= {"reason": "an old exporter", "ticket": "SHOP-12"}
    baseline.write_text(yaml.safe_dump(known), "utf-8")

    ended = checked(tmp_path, client("mistaken", "units"), *options, GITHUB_ACTIONS="true")

    results = sarif_run(tmp_path)["results"]
    assert len(results) == len(ended.report["findings"])
    reasons = [result["suppressions"][0]["justification"] for result in results]
    assert "an old exporter, SHOP-12" in reasons
    assert json.loads((tmp_path / "gitlab").read_bytes()) == []
    assert "::error" not in ended.stdout


def test_the_code_quality_report_has_what_gitlab_asks_for(folder: Path, mistaken: Checked) -> None:
    entries = json.loads((folder / "gitlab").read_bytes())

    assert [entry["check_name"] for entry in entries] == [finding["code"] for finding in mistaken.report["findings"]]
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not Path(entry["location"]["path"]).is_absolute()
        assert entry["location"]["lines"]["begin"] > 0


def test_each_finding_stands_in_every_other_report(folder: Path, mistaken: Checked) -> None:
    for name in ("junit", "html", "summary"):
        text = (folder / name).read_text("utf-8")
        assert {finding["code"] for finding in mistaken.report["findings"]} <= set(re.findall("[a-z-]+", text)), name
    page = html.unescape((folder / "html").read_text("utf-8"))
    assert all(EXPLANATIONS[finding["code"]].why in page for finding in mistaken.report["findings"])


def test_annotations_are_one_line_each_and_stand_before_the_verdict(mistaken: Checked) -> None:
    found = re.findall(r"^::(error|warning|notice) (.*)::(.*)$", mistaken.stdout, re.MULTILINE)

    assert [level for level, _, _ in found] == [
        {"violation": "error"}.get(finding["severity"], finding["severity"]) for finding in mistaken.report["findings"]
    ]
    assert all(re.search(r"title=[a-z-]+ [a-z_]+$", properties) for _, properties, _ in found)
    assert mistaken.stdout.rpartition("::")[2].count("\n\nviolation ") > 0


@pytest.mark.slow
@pytest.mark.parametrize("variable", [{}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_there_are_no_annotations(variable: dict[str, str], tmp_path: Path) -> None:
    assert "::error" not in checked(tmp_path, client("shop", "bad"), **variable).stdout
