"""What `check` writes: complete, of the documented shape, without API keys, and proof against what clients send."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from client_tests.checked import Checked, checked, client, on_a_terminal, run
from mock_server import __version__
from mock_server.findings import CATALOGUE
from mock_server.spec import Contract

pytestmark = pytest.mark.slow

KEY = "live-key-7d1c5a90e2"
STALE_KEY = "stale-key-13c0ffee57"
HOSTILE = (
    r"\x1b]0;owned\x07\x1b[8m\x9b2J\r\n| a | b \\| `c`</td></script><img src=x onerror=alert(1)>"
    r"[d](http://evil.example)![e](http://evil.example/e.png)\u202e"
)
UNSEEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the reports of a hostile client; each is named after its format."""
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def hostile(folder: Path) -> Checked:
    reports = ("--report-junit", folder / "junit", "--report-html", folder / "html")
    summary = folder / "markdown"
    return checked(folder, client("hostile", HOSTILE), "--api-key", KEY, *reports, GITHUB_STEP_SUMMARY=summary)


def test_the_report_names_what_was_run_and_when(hostile: Checked) -> None:
    report = hostile.report

    assert report["version"] == 2
    assert report["generator"] == f"segmetrics-mock {__version__}"
    assert report["command"] == client("hostile", HOSTILE)
    assert (report["mode"], report["dataset"]) == ("strict", "empty")
    received = [exchange["received_at"] for exchange in report["exchanges"]]
    assert report["started_at"] < min(received)
    assert 0 < report["duration_seconds"] < 60
    assert list(report["coverage"]["operations"]) == list(Contract.load().operations)


def test_findings_quote_what_was_sent_and_the_report_has_the_exchanges_that_they_name(hostile: Checked) -> None:
    findings = {(finding["code"], finding["pointer"]): finding for finding in hostile.report["findings"]}
    exchanges = {exchange["number"]: exchange for exchange in hostile.report["exchanges"]}

    assert exchanges.keys() == {number for finding in findings.values() for number in finding["requests"]}
    assert hostile.report["exchanges_left_out"] == 0
    for finding in findings.values():
        assert finding["expected"]
        if finding["pointer"].startswith("/body/") and finding["sent"] is not None:
            body = json.loads(exchanges[finding["requests"][0]]["request"]["body"])
            assert json.loads(finding["sent"]) in values_in(body)


def values_in(value: Any) -> list[Any]:
    """Return a value and all that is in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(deeper for part in inner for deeper in values_in(part))]


def test_the_counts_agree_with_the_findings(hostile: Checked) -> None:
    summary, findings = hostile.report["summary"], hostile.report["findings"]

    assert {finding["code"] for finding in findings} > {"unknown-field", "bad-value", "wrong-key", "key-prefix"}
    for severity in ("violation", "warning", "notice"):
        counted = sum(finding["count"] for finding in findings if finding["severity"] == severity)
        assert summary[f"{severity}s"] == counted
    assert summary["violations"] > 0
    assert summary["notices"] > 0
    assert all(finding["severity"] == CATALOGUE[finding["code"]].severity for finding in findings)
    assert {number for finding in findings for number in finding["requests"]} <= set(range(1, summary["requests"] + 1))


@pytest.mark.parametrize("key", [KEY, STALE_KEY])
def test_api_keys_are_in_no_report(key: str, folder: Path, hostile: Checked) -> None:
    written = {file.name: file.read_text("utf-8") for file in folder.iterdir()}

    assert written.keys() == {"report.json", "junit", "html", "markdown"}
    assert [name for name, text in written.items() if key in text] == []
    assert key not in hostile.stdout + hostile.stderr


def test_junit_has_a_case_for_each_operation_called_and_fails_those_that_broke_the_contract(
    folder: Path, hostile: Checked
) -> None:
    (suite,) = ElementTree.parse(folder / "junit").getroot()

    cases = {str(case.get("classname")): case for case in suite}
    called = {name for name, covered in hostile.report["coverage"]["operations"].items() if covered["requests"]}
    assert len(suite) == len(cases)
    assert cases.keys() == {f"segmetrics.{name}" for name in (*called, "run", "no operation")}
    failing = [finding for finding in hostile.report["findings"] if finding["severity"] == "violation"]
    named = {f"segmetrics.{finding['operation'] or 'no operation'}" for finding in failing}
    assert {name for name, case in cases.items() if case.find("failure") is not None} == {"segmetrics.run", *named}
    for finding in failing:
        failure = cases[f"segmetrics.{finding['operation'] or 'no operation'}"].find("failure")
        assert failure is not None
        text = str(failure.text)
        assert f"{finding['code']} at " in text
        assert f"calls: #{finding['requests'][0]}" in text
    assert "again: curl http://127.0.0.1:8642/api/v1/demo/payments/" in ElementTree.tostring(suite, encoding="unicode")


@pytest.mark.usefixtures("hostile")
def test_junit_keeps_to_the_rules_of_jenkins_and_gitlab(folder: Path) -> None:
    root = ElementTree.parse(folder / "junit").getroot()

    (suite,) = root
    assert root.tag == "testsuites"
    assert suite.attrib.keys() == {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}
    assert suite.get("tests") == str(len(suite))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}", str(suite.get("timestamp")))
    for case in suite:
        assert case.tag == "testcase"
        assert case.attrib.keys() == {"classname", "name", "time"}
        assert re.fullmatch(r"[0-9]+\.[0-9]{3}", str(case.get("time")))
        assert {part.tag for part in case} <= {"failure", "system-out"}
        for failure in case.findall("failure"):
            assert failure.attrib.keys() == {"message", "type"}


def test_junit_fails_when_nothing_was_captured(tmp_path: Path) -> None:
    checked(tmp_path, ["true"], "--report-junit", tmp_path / "junit")

    (failure,) = ElementTree.parse(tmp_path / "junit").getroot().iter("failure")

    assert failure.get("message") == "nothing was captured"


def test_hostile_texts_break_neither_the_tables_nor_the_page_of_the_step_summary(
    folder: Path, hostile: Checked
) -> None:
    text = (folder / "markdown").read_text("utf-8")

    tokens = MarkdownIt("commonmark").enable("table").parse(text)

    kinds = [token.type for token in tokens]
    operations = len(hostile.report["coverage"]["operations"])
    assert kinds.count("table_open") == 2
    assert kinds.count("tr_open") == 2 + len(hostile.report["findings"]) + operations
    assert kinds.count("td_open") == 7 * len(hostile.report["findings"]) + 4 * operations
    inside = {child.type for token in tokens for child in token.children or ()}
    assert inside <= {"text", "text_special", "softbreak"}
    html = {token.content.strip() for token in tokens if token.type == "html_block"}
    assert all(re.fullmatch(r"<details><summary>[^<>]*</summary>|</details>", block) for block in html), html
    assert kinds.count("fence") == min(len(hostile.report["findings"]), 20)
    assert f"Coverage of used operations: {hostile.report['summary']['coverage_percent']} %" in text
    assert UNSEEN.search(text) is None


def test_the_step_summary_is_added_to_what_is_there(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_text("# Before\n", "utf-8")

    checked(tmp_path, client("shop", "good"), GITHUB_STEP_SUMMARY=page)

    assert page.read_text("utf-8").startswith("# Before\n### segmetrics-mock check: the contract holds\n\n2 requests, ")


def test_a_step_summary_that_cannot_be_written_is_reported_in_a_line() -> None:
    ended = run(command=client("shop", "good"), variables={"GITHUB_STEP_SUMMARY": "/nowhere/page"})

    assert ended.returncode == 2
    assert ended.stderr.decode() == (
        "segmetrics-mock: the report /nowhere/page cannot be written: No such file or directory\n"
    )


def test_what_a_client_sends_does_not_drive_the_terminal(hostile: Checked) -> None:
    printed = hostile.stdout.partition("Again: ")[0]

    assert "]0;owned" in printed
    assert UNSEEN.search(printed) is None


def test_on_a_terminal_there_are_colours_and_nothing_else() -> None:
    printed = on_a_terminal(*client("hostile", HOSTILE))

    assert "\x1b[1;31m" in printed
    assert "\x1b[8m" not in printed
    assert UNSEEN.search(re.sub(r"\x1b\[[0-9;]*m", "", printed)) is None


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_no_character_is_too_much_for_the_terminal(encoding: str) -> None:
    ended = run(command=["true", "\udcff", "ä"], variables={"PYTHONIOENCODING": encoding})

    assert ended.returncode == 1
    assert ended.stderr == b""
    assert b"Again: segmetrics-mock check -- true '" in ended.stdout


POINTS = [
    ("a field", "upsert_contact", "/body/email", "/body/last_name"),
    ("a field of an object in a list", "remove_tags", "/body/tags/*/id", "/body/tags/*/date"),
    ("a value of an enum", "upsert_contact", "/body/status=active", '/body/status=""'),
    ("what only a refused call had", "upsert_contact", "/body/status", "/body/status=inactive"),
    ("null", "upsert_contact", "/body/custom_fields/*=null", "/body/status=null"),
    ("a tag by its name", "add_tags", "/body/tags/*=name", "/body/tags/*=object"),
    ("a tag by its id", "add_tags", "/body/tags/*=id", "/body/tags/*/id"),
    ("a tag as an object", "remove_tags", "/body/tags/*=object", "/body/tags/*=name"),
    ("an ad by its id", "record_ad_performance", "/body/ad=id", "/body/ad/adset=id"),
    ("an ad as an object in a list", "record_ad_performance", "/body/ad=object", "/body/ad/name"),
    ("ads as a list", "record_ad_performance", "/body/ad=list", "/body/adset=list"),
]


@pytest.fixture(scope="module")
def thorough(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return checked(tmp_path_factory.mktemp("thorough"), client("thorough"), "--verbose")


@pytest.mark.parametrize(
    ("operation", "exercised", "missing"), [row[1:] for row in POINTS], ids=[row[0] for row in POINTS]
)
def test_what_was_exercised_is_counted_and_the_rest_is_listed_as_missing(
    operation: str, exercised: str, missing: str, thorough: Checked
) -> None:
    covered: dict[str, Any] = thorough.report["coverage"]["operations"][operation]

    assert covered["fields"][exercised] == 1
    assert exercised not in covered["missing"]
    assert missing in covered["missing"]
    assert missing not in covered["fields"]


def test_answers_are_counted_by_status_and_operations_never_called_are_listed(thorough: Checked) -> None:
    operations = thorough.report["coverage"]["operations"]

    met = {status: count for status, count in operations["upsert_contact"]["statuses"].items() if count}
    assert met == {"200": 1, "400": 1}
    assert operations["upsert_invoice"]["requests"] == 0
    assert operations["upsert_invoice"]["missing"][0] == "call"
    assert "never accepted: delete_contact, upsert_invoice, " in thorough.stdout
    assert "not exercised in add_tags: /body/email, /body/tags/*=object" in thorough.stdout


def test_the_page_of_ten_thousand_wrong_calls_is_under_five_megabytes(tmp_path: Path) -> None:
    ended = checked(tmp_path, client("many"), "--report-html", tmp_path / "report.html")

    assert ended.report["summary"]["requests"] == ended.report["summary"]["notices"] == 10_000
    assert 100_000 < (tmp_path / "report.html").stat().st_size < 5_000_000
    assert len(json.dumps(ended.report["coverage"])) < 50_000
