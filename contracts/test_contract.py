"""The contract, judged: each operation and each rule is a subtest.

Against a fresh fake; or against SEGMETRICS_BASE_URL, with the account, integration and key of the environment.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from contracts.document import Document
from contracts.laws import UNSEEN
from contracts.serving import served
from mock_server.contract.command import Trial, neighbour, run_suite
from mock_server.contract.report import Report

DOCUMENT = Document()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`url`: of the server, which still runs. `code`, `output`: of Schemathesis."""

    url: str
    report: Report
    code: int
    output: str

    def rule(self, name: str) -> dict[str, int]:
        assert self.report.end is not None
        (found,) = [rule for rule in self.report.end["rules"] if rule["name"] == name]
        return {state: found[state] for state in ("held", "broken")}


@pytest.fixture
def verdict(tmp_path: Path) -> Iterator[Verdict]:
    if url := os.environ.get("SEGMETRICS_BASE_URL"):
        yield judged(url, tmp_path)
    else:
        with served("", "--check-answers") as url:
            yield judged(url, tmp_path)


def judged(url: str, folder: Path) -> Verdict:
    trial = Trial(
        url=url,
        account_id=os.environ.get("SEGMETRICS_ACCOUNT_ID", "demo"),
        integration_id=os.environ.get("SEGMETRICS_INTEGRATION_ID", "payments"),
        ads_integration_id=os.environ.get("SEGMETRICS_ADS_INTEGRATION_ID", "ads"),
        api_key=os.environ.get("SEGMETRICS_API_KEY", "sandbox-key-0123456789"),
        seed=1,
        depth="quick",
    )
    with neighbour(trial) as beside:
        report, code, output = run_suite(beside, folder)
    assert report.end is not None, output
    return Verdict(url, report, code, output)


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
            claimed = verdict.rule(name)
            assert claimed["broken"] == 0
            assert (claimed["held"] > 0) == (name not in UNSEEN), "not reached, or proved after all: mind UNSEEN"
    with subtests.test("every call is answered"):
        assert verdict.code == 0, verdict.output
    with subtests.test("what the run made is deleted"):
        assert end["left"] == 0
        if "SEGMETRICS_BASE_URL" not in os.environ:
            state = httpx.get(f"{verdict.url.removesuffix('/api')}/__admin/sandboxes/demo/state").json()
            assert [state[name] for name in ("contacts", "invoices", "subscriptions")] == [[], [], []]
