"""The report as JUnit XML: a case for the run, and one for each operation and each kind of finding."""

from typing import Any
from xml.etree import ElementTree

from mock_server.check.verdict import Verdict
from mock_server.findings import FINDINGS

_NO_OPERATION = "no operation"


def junit_report(document: dict[str, Any], verdict: Verdict) -> str:
    """A violation fails its case, a warning stands in its case's output; an operation that was never called is skipped.

    The run has a case of its own: it may fail for what is no violation, such as nothing captured.

    `document`: as `mock_server.report` makes it.
    """
    suite = ElementTree.Element("testsuite", name="segmetrics-mock check")
    _fill_verdict(_case(suite, "run", "verdict"), verdict)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in document["findings"]:
        found.setdefault((finding["operation"] or _NO_OPERATION, finding["code"]), []).append(finding)
    operations = document["coverage"]["operations"]
    for operation in [*operations, _NO_OPERATION]:
        if operation in operations and not operations[operation]["requests"]:
            case = _case(suite, operation, "called")
            ElementTree.SubElement(case, "skipped", message="the run did not call this operation")
            continue
        for code in FINDINGS:
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
    if verdict.exit_code:
        failure = ElementTree.SubElement(case, "failure", message=verdict.headline, type="verdict")
        failure.text = _printable("\n".join(verdict.reasons))


def _fill(case: ElementTree.Element, findings: list[dict[str, Any]]) -> None:
    if not findings:
        return
    lines = [_line(finding) for finding in findings]
    if findings[0]["severity"] == "violation":
        failure = ElementTree.SubElement(case, "failure", message=lines[0], type=findings[0]["code"])
        failure.text = "\n".join(lines)
    else:
        ElementTree.SubElement(case, "system-out").text = "\n".join(lines)


def _line(finding: dict[str, Any]) -> str:
    text = f"{finding['pointer']}: {finding['message']} ({finding['count']} times, {finding['evidence']})"
    return _printable(text.replace("\n", " "))


def _printable(text: str) -> str:
    """Text without what XML cannot hold, or what moves the text around it; lines stay."""
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)
