"""Write the report as JUnit XML: a case for the run, and one for each place in the client's code that made calls.

Where the place is not known, the calls of an operation are one case. The attributes are those that Jenkins' schema
allows, and GitLab reads them too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from mock_server.check.mistakes import again_of, occurrence
from mock_server.check.reports import CheckedRun
from mock_server.findings import EVIDENCE_MEANINGS
from mock_server.text import counted, printable
from mock_server.verdict.report import ReportDocument
from mock_server.verdict.reported_findings import ReportedFinding, is_failing

_MAX_FINDINGS = 200  # of a case


@dataclass(slots=True)
class _Case:
    """The calls of one place. `seconds`: that the fake took for them. `findings`: about them."""

    seconds: float = 0.0
    calls: int = 0
    findings: list[ReportedFinding] = field(default_factory=list)


# Operation and call site.
_Key = tuple[str | None, str | None]


def junit_report(run: CheckedRun) -> str:
    """Return the XML.

    What fails the run fails its case; other findings go to its output. The run has a case of its own, because it may
    fail without a finding, such as when nothing was captured.
    """
    document = run.document
    suite = ElementTree.Element("testsuite", name="segmetrics-mock check")
    _fill_verdict(_element(suite, "segmetrics.run", "verdict", 0), document)
    for (operation, call_site), case in _cases(run).items():
        name = operation or "no operation"
        _fill(_element(suite, f"segmetrics.{name}", call_site or name, case.seconds), case, run)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", "0")
    suite.set("time", f"{document['duration_seconds'] or 0:.3f}")
    suite.set("timestamp", (document["started_at"] or "")[:19])
    suites = ElementTree.Element("testsuites", name="segmetrics-mock check")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _cases(run: CheckedRun) -> dict[_Key, _Case]:
    cases: dict[_Key, _Case] = {}
    for exchange in run.exchanges.values():
        case = cases.setdefault((exchange["operation"], exchange["call_site"]), _Case())
        case.calls += 1
        case.seconds += exchange["duration_ms"] / 1000
    for finding in run.document["findings"]:
        exchanges = [run.exchanges[number] for number in finding["requests"]]
        for key in dict.fromkeys((exchange["operation"], exchange["call_site"]) for exchange in exchanges):
            cases[key].findings.append(finding)
    return cases


def _element(suite: ElementTree.Element, classname: str, name: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=classname, name=printable(name), time=f"{seconds:.3f}")


def _fill_verdict(element: ElementTree.Element, document: ReportDocument) -> None:
    verdict = document["verdict"]
    caveat = [verdict["caveat"]] if verdict["caveat"] else []
    if verdict["exit_code"]:
        advice = [verdict["advice"]] if verdict["advice"] else []
        _add(element, "failure", [*caveat, *verdict["reasons"], *advice], message=verdict["headline"], type="verdict")
    elif caveat:
        _add(element, "system-out", caveat)


def _fill(element: ElementTree.Element, case: _Case, run: CheckedRun) -> None:
    failing = [finding for finding in case.findings if is_failing(finding, run.document["fail_on"])]
    others = [finding for finding in case.findings if finding not in failing]
    if failing:
        message = f"{failing[0]['pointer']}: {failing[0]['message']}"
        _add(element, "failure", _texts(failing, run), message=message, type=failing[0]["code"])
    _add(element, "system-out", [counted(case.calls, "call"), *_texts(others, run)])


def _texts(findings: Sequence[ReportedFinding], run: CheckedRun) -> Iterable[str]:
    for finding in findings[:_MAX_FINDINGS]:
        known = ", known to the baseline" if finding["known"] else ""
        again = again_of(finding, run)
        yield "\n".join(
            [
                f"{finding['severity']} {finding['code']} at {finding['pointer']}{known}",
                f"  {finding['message']}",
                f"  expected: {finding['expected']}",
                f"  evidence: {EVIDENCE_MEANINGS[finding['evidence']]}",
                f"  calls: {occurrence(finding)}",
                *([f"  again: {again}"] if again else []),
            ]
        )
    if (more := len(findings) - _MAX_FINDINGS) > 0:
        yield f"and {counted(more, 'more finding')}"


def _add(element: ElementTree.Element, tag: str, texts: Iterable[str], **attributes: str) -> None:
    shown = {name: printable(value) for name, value in attributes.items()}
    ElementTree.SubElement(element, tag, shown).text = printable("\n".join(texts), keep="\n")
