"""The contract, tested: each operation and each rule is a subtest.

Against a fresh fake; or against SEGMETRICS_BASE_URL, with the account, integration and key of the environment.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from contracts.document import Document
from contracts.serving import served
from mock_server.contract.command import run_suite
from mock_server.contract.completion import completed
from mock_server.contract.events import RuleSummary
from mock_server.contract.options import ContractOptions
from mock_server.contract.report import Report

DOCUMENT = Document()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`url`: of the server, which still runs. `code`, `output`: of Schemathesis."""

    url: str
    report: Report
    code: int
    output: str

    def rule(self, name: str) -> RuleSummary:
        assert self.report.end is not None
        (found,) = [rule for rule in self.report.end["rules"] if rule["name"] == name]
        return found


@pytest.fixture
def verdict(tmp_path: Path) -> Iterator[Verdict]:
    if url := os.environ.get("SEGMETRICS_BASE_URL"):
        yield verdict_of(url, tmp_path)
    else:
        with served("", "--check-answers") as url:
            yield verdict_of(url, tmp_path)


def verdict_of(url: str, folder: Path) -> Verdict:
    options = ContractOptions(
        url=url,
        account_id=os.environ.get("SEGMETRICS_ACCOUNT_ID", "demo"),
        integration_id=os.environ.get("SEGMETRICS_INTEGRATION_ID", "payments"),
        ads_integration_id=os.environ.get("SEGMETRICS_ADS_INTEGRATION_ID", "ads"),
        api_key=os.environ.get("SEGMETRICS_API_KEY", "sandbox-key-0123456789"),
        seed=1,
        depth="quick",
    )
    with completed(options) as whole:
        report, code, output = run_suite(whole, folder)
    assert report.end is not None, output
    return Verdict(url, report, code, output)


@pytest.mark.slow
def test_the_contract_holds(verdict: Verdict, subtests: pytest.Subtests) -> None:
    """One test, for under xdist each process would run the suite again."""
    report, end = verdict.report, verdict.report.end
    assert end is not None

    for operation in DOCUMENT.operations:
        with subtests.test(operation=operation):
            found = [one for one in report.failures if one["operation"] == operation]
            assert not found, "\n\n".join(f"{one['title']}\n{one['message']}\n{one['curl']}" for one in found)
    for name in DOCUMENT.rules:
        with subtests.test(rule=name):
            rule = verdict.rule(name)
            assert rule["broken"] == 0
            assert (rule["held"] > 0) == (not rule["unobservable"]), "not reached, or proved: update UNOBSERVABLE"
    with subtests.test("every call gets a response"):
        assert report.errors == []
        assert verdict.code == 0, verdict.output
    with subtests.test("the progress covers each operation in each phase"):
        assert report.total_scenarios == len(report.scenarios)
        assert {operation for _, operation in report.scenarios} == DOCUMENT.operations.keys()
    with subtests.test("what the run created is deleted"):
        assert end["remaining"] == 0
        if "SEGMETRICS_BASE_URL" not in os.environ:
            state = httpx.get(f"{verdict.url.removesuffix('/api')}/__admin/sandboxes/demo/state").json()
            assert [state[name] for name in ("contacts", "invoices", "subscriptions")] == [[], [], []]
