"""What `check` writes: complete, of the documented shape, without API keys, and proof against what clients send."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from client_tests.checked import CHECKOUT, Checked, arguments, checked, client, environment, run
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


def test_junit_has_a_case_for_each_operation_and_finding_and_names_the_failures(folder: Path, hostile: Checked) -> None:
    suites = ElementTree.parse(folder / "junit").getroot()

    (suite,) = suites
    cases = {(str(case.get("classname")), str(case.get("name"))): case for case in suite}
    assert suite.get("tests") == str(len(suite)) == str(len(cases))
    for outcome in ("failure", "skipped"):
        plural = "failures" if outcome == "failure" else outcome
        assert suite.get(plural) == str(len(suite.findall(f"testcase/{outcome}")))
    violations = [finding for finding in hostile.report["findings"] if finding["severity"] == "violation"]
    named = {(f"segmetrics.{finding['operation'] or 'no operation'}", finding["code"]) for finding in violations}
    assert {place for place, case in cases.items() if case.find("failure") is not None} == {
        ("segmetrics.run", "verdict"),
        *named,
    }
    for finding in violations:
        failure = cases[f"segmetrics.{finding['operation'] or 'no operation'}", finding["code"]].find("failure")
        assert failure is not None
        assert UNSEEN.sub("\ufffd", finding["pointer"]).replace("\n", " ") in str(failure.text)
    assert cases["segmetrics.delete_contact", "called"].find("skipped") is not None


def test_junit_fails_when_nothing_was_captured(tmp_path: Path) -> None:
    checked(tmp_path, ["true"], "--report-junit", tmp_path / "junit")

    (failure,) = ElementTree.parse(tmp_path / "junit").getroot().iter("failure")

    assert failure.get("message") == "nothing was captured"


def test_hostile_texts_break_neither_the_table_nor_the_page_of_the_step_summary(folder: Path, hostile: Checked) -> None:
    text = (folder / "markdown").read_text("utf-8")

    tokens = MarkdownIt("commonmark").enable("table").parse(text)

    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == 1
    assert kinds.count("tr_open") == 1 + len(hostile.report["findings"])
    assert kinds.count("td_open") == 5 * len(hostile.report["findings"])
    inside = {child.type for token in tokens for child in token.children or ()}
    assert inside <= {"text", "text_special", "softbreak"}
    assert "html_block" not in kinds
    assert f"coverage {hostile.report['summary']['coverage_percent']} %" in text
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
    printed = hostile.stdout.partition("segmetrics-mock check: ")[2].partition("Again: ")[0]

    assert "]0;owned" in printed
    assert UNSEEN.search(printed) is None


def test_on_a_terminal_there_are_colours_and_nothing_else() -> None:
    printed = on_a_terminal(*client("hostile", HOSTILE))

    assert "\x1b[1;31m" in printed
    assert "\x1b[8m" not in printed
    assert UNSEEN.search(re.sub(r"\x1b\[[0-9;]*m", "", printed).replace("\r\n", "\n")) is None


def on_a_terminal(*command: str) -> str:
    """Return what `check` prints on a terminal."""
    ours, its = os.openpty()
    line = arguments(command=list(command))
    with subprocess.Popen(line, cwd=CHECKOUT, env=environment(TERM="xterm-256color"), stdout=its) as process:
        os.close(its)
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            printed = b""
            while chunk := read(terminal.fileno()):
                printed += chunk
        process.wait(timeout=60)
    return printed.decode()


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # How Linux shows that the other side is closed.
        return b""


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
    return checked(tmp_path_factory.mktemp("thorough"), client("thorough"))


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
