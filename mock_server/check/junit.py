"""Write the report as JUnit XML: a case for the run, and one for each operation and code of a finding."""

from collections.abc import Sequence
from xml.etree import ElementTree

from mock_server.findings import CATALOGUE
from mock_server.text import counted, printable
from mock_server.verdict.report import ReportDocument
from mock_server.verdict.reported_findings import ReportedFinding
from mock_server.verdict.verdict import Verdict

_NO_OPERATION = "no operation"


def junit_report(document: ReportDocument) -> str:
    """Return the XML.

    A violation fails its case; a warning, a notice or what the baseline knows goes to its output. An operation that was
    never called is skipped. The run has a case of its own, because it may fail without a violation, such as when
    nothing was captured.
    """
    suite = ElementTree.Element("testsuite", name="segmetrics-mock check")
    _fill_verdict(_case(suite, "run", "verdict"), document["verdict"])
    found: dict[tuple[str, str], list[ReportedFinding]] = {}
    for finding in document["findings"]:
        found.setdefault((finding["operation"] or _NO_OPERATION, finding["code"]), []).append(finding)
    operations = document["coverage"]["operations"]
    for operation in [*operations, _NO_OPERATION]:
        if operation in operations and not operations[operation]["requests"]:
            case = _case(suite, operation, "called")
            ElementTree.SubElement(case, "skipped", message="the run did not call this operation")
            continue
        for code in CATALOGUE:
            if operation in operations or (operation, code) in found:
                _fill(_case(suite, operation, code), found.get((operation, code), []))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, operation: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=f"segmetrics.{operation}", name=name)


def _fill_verdict(case: ElementTree.Element, verdict: Verdict) -> None:
    caveat = [verdict["caveat"]] if verdict["caveat"] else []
    if verdict["exit_code"]:
        failure = ElementTree.SubElement(case, "failure", message=verdict["headline"], type="verdict")
        failure.text = printable("\n".join([*caveat, *verdict["reasons"]]), keep="\n")
    elif caveat:
        ElementTree.SubElement(case, "system-out").text = printable(verdict["caveat"])


def _fill(case: ElementTree.Element, findings: Sequence[ReportedFinding]) -> None:
    if not findings:
        return
    failures = [_line(finding) for finding in findings if finding["severity"] == "violation" and not finding["known"]]
    if failures:
        failure = ElementTree.SubElement(case, "failure", message=failures[0], type=findings[0]["code"])
        failure.text = "\n".join(failures)
    if others := [line for finding in findings if (line := _line(finding)) not in failures]:
        ElementTree.SubElement(case, "system-out").text = "\n".join(others)


def _line(finding: ReportedFinding) -> str:
    known = ", known" if finding["known"] else ""
    times = counted(finding["count"], "time")
    text = f"{finding['pointer']}: {finding['message']} ({times}, {finding['evidence']}{known})"
    return printable(text.replace("\n", " "))
