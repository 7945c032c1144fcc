"""The contract suite over every operation, one seed after the other: at least 50,000 generated cases, no 5xx."""

import tempfile
from pathlib import Path

from benchmarks.endurance.run import Figures, ShowProgress, fresh_server, progress, require
from mock_server.contract.command import run_suite
from mock_server.contract.completion import completed
from mock_server.contract.options import ContractOptions, Depth
from mock_server.contract.report import Progress, Report
from mock_server.store.accounts import ADS, DEFAULT_SANDBOX, PAYMENTS

CASES = 50_000
SHORT_CASES = 2000


def run(*, short: bool, seed: int) -> Figures:
    depth: Depth = "quick" if short else "deep"
    wanted = SHORT_CASES if short else CASES
    cases = further = rules = 0
    seeds: list[int] = []
    with progress("deep", wanted) as show:
        while cases < wanted:
            seeds.append(seed + len(seeds))
            with fresh_server("--check-answers") as server:
                report = _suite_report(f"{server.origin}/api", depth, seeds[-1], _RunProgress(show, cases))
            assert report.end is not None
            cases, further = cases + report.calls, further + report.end["follow_up_calls"]
            rules = sum(bool(rule["held"]) for rule in report.end["rules"])
    return {
        "operations": len({operation for _, operation in report.scenarios}),
        f"generated cases, with {len(seeds)} seed{'s' * (len(seeds) > 1)} from {seed} on": cases,
        "follow-up calls that the checks made": further,
        "rules of the document that held": rules,
        "rules that were broken, errors 5xx, calls without an answer": 0,
    }


class _RunProgress(Progress):
    """Shows the calls of all runs so far."""

    def __init__(self, show: ShowProgress, before: int) -> None:
        super().__init__(terminal=False)
        self._show = show
        self._before = before

    def show(self, report: Report) -> None:
        self._show(self._before + report.calls)


def _suite_report(url: str, depth: Depth, seed: int, shown: Progress) -> Report:
    """Return the report of one run of the suite. Raises BrokenPromiseError for each finding, a 5xx included."""
    sandbox = DEFAULT_SANDBOX
    options = ContractOptions(
        url=url,
        account_id=sandbox.account_id,
        integration_id=sandbox.integrations[PAYMENTS],
        ads_integration_id=sandbox.integrations[ADS],
        api_key=sandbox.api_key,
        seed=seed,
        depth=depth,
    )
    with tempfile.TemporaryDirectory() as folder, completed(options) as whole:
        report, code, output = run_suite(whole, Path(folder), shown)
    found = "\n\n".join(f"{one['title']}\n{one['message']}\n{one['curl']}" for one in report.failures)
    found += "\n\n".join(f"{one['operation']}\n{one['text']}" for one in report.errors)
    require(code == 0 and report.end is not None and not found, found or output[-4000:])
    return report
