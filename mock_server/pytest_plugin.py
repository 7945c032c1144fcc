"""The pytest plugin: a separate sandbox for each test, on one server per session.

    def test_my_client(segmetrics):
        MyClient(segmetrics.base_url, segmetrics.account_id, segmetrics.api_key).add_contact("ada@example.org")
        assert segmetrics.contacts[0]["email"] == "ada@example.org"

A test whose client broke the contract fails in its teardown, with the messages of the findings. Each xdist worker has
its own server. The server is imported when the first test uses the fixture.
"""

import http.client
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

from mock_server import clock  # noqa: F401  # bound before any test freezes time
from mock_server.findings import FAIL_ON, FailOn, fails
from mock_server.settings import STRICT
from mock_server.text import counted

if TYPE_CHECKING:
    from mock_server.journal import Exchange, ShownExchange
    from mock_server.journal.shown import ShownFinding
    from mock_server.verdict.coverage import OperationCoverage
    from mock_server.verdict.report import ReportDocument

# A row of the state, as the admin API returns it.
Row = dict[str, Any]

_MARKER = (
    "segmetrics(dataset=None, mode=None, allow=()): dataset is a built-in one; mode is strict or lenient;"
    " allow lists codes of findings that are expected"
)
_EXERCISED = pytest.StashKey["_Exercised"]()
_WORKER_OUTPUT = "segmetrics_exercised"
_WorkerRow = tuple[str, int, list[str], list[str]]


class Segmetrics:
    """A sandbox: credentials for the client under test, and for the test what the client stored and sent."""

    def __init__(self, admin: "_Admin", credentials: Mapping[str, Any]) -> None:
        self._admin = admin
        self.base_url: str = credentials["base_url"]
        self.account_id: str = credentials["account_id"]
        self.integration_id: str = credentials["integrations"]["payments"]
        self.ads_integration_id: str = credentials["integrations"]["ads"]
        self.api_key: str = credentials["api_key"]
        # What was found before each `seed`.
        self.earlier_reports: list[ReportDocument] = []

    @property
    def env(self) -> dict[str, str]:
        """Return the variables that a client in a subprocess needs, in addition to `os.environ`."""
        return {
            "SEGMETRICS_BASE_URL": self.base_url,
            "SEGMETRICS_ACCOUNT_ID": self.account_id,
            "SEGMETRICS_INTEGRATION_ID": self.integration_id,
            "SEGMETRICS_ADS_INTEGRATION_ID": self.ads_integration_id,
            "SEGMETRICS_API_KEY": self.api_key,
        }

    @property
    def contacts(self) -> list[Row]:
        return self._rows("contacts")

    @property
    def invoices(self) -> list[Row]:
        return self._rows("invoices")

    @property
    def subscriptions(self) -> list[Row]:
        return self._rows("subscriptions")

    @property
    def products(self) -> list[Row]:
        return self._rows("products")

    @property
    def ad_performance(self) -> list[Row]:
        return self._rows("ad_performance")

    @property
    def requests(self) -> "list[ShownExchange]":
        """Return the exchanges of the journal, newest last."""
        return cast("list[ShownExchange]", list(self._admin.pages(f"{self._path}/requests", "requests")))

    @property
    def findings(self) -> "list[ShownFinding]":
        """Return all findings of the test so far."""
        return [finding for exchange in self.requests for finding in exchange["findings"]]

    @property
    def report(self) -> "ReportDocument":
        """Return findings and coverage, as `check --report-json` writes them."""
        return cast("ReportDocument", self._admin.call("GET", f"{self._path}/report"))

    def fail_next(
        self, operation: str, status: int = 500, times: int = 1, when: Literal["before", "after"] = "before"
    ) -> None:
        """Make the next `times` calls of an operation fail; with `after` they are stored, but the response is lost."""
        rules = self._admin.call("GET", f"{self._path}/faults")["rules"]
        rule = {"operation": operation, "nth": list(range(1, times + 1)), "when": when, "fault": {"status": status}}
        self.faults({"rules": [rule, *rules]})

    def faults(self, plan: Mapping[str, Any]) -> None:
        """Set the fault plan, `{"rules": [...]}`; an empty list removes it."""
        self._admin.call("PUT", f"{self._path}/faults", plan)

    def seed(self, dataset: str) -> None:
        """Reset the sandbox to a built-in dataset, such as `demo`. Journal and fault plan are cleared.

        Findings from before the reset still fail the test.
        """
        self.earlier_reports.append(self.report)
        self._admin.call("POST", f"{self._path}/reset", {"dataset": dataset})

    @property
    def _path(self) -> str:
        return f"/__admin/sandboxes/{self.account_id}"

    def _rows(self, resource: str) -> list[Row]:
        return list(self._admin.pages(f"{self._path}/state?resource={resource}", resource))


class _Admin:
    """A client of the admin API, over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.unattributed = _Unattributed()

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Row:
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        parsed: Row = json.loads(answer.read())
        if answer.status != 200:
            raise ValueError("; ".join(parsed["errors"]))
        return parsed

    def pages(self, path: str, name: str) -> Iterator[Row]:
        """Yield the rows of a list, page after page."""
        separator, after = "&" if "?" in path else "?", ""
        while True:
            page = self.call("GET", path + (f"{separator}after={after}" if after else ""))
            yield from page[name]
            if "next" not in page:
                return
            after = page["next"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "segmetrics_fail_on", f"the least severity that fails a test: {', '.join(FAIL_ON)}", default="violation"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    config.stash[_EXERCISED] = _Exercised()
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_FromWorkers(config))
    if config.getini("segmetrics_fail_on") not in FAIL_ON:
        raise pytest.UsageError(f"segmetrics_fail_on must be one of {', '.join(FAIL_ON)}")


@pytest.fixture(scope="session")
def segmetrics_server() -> Iterator[_Admin]:
    """Serve in memory on a free port, once per session and xdist worker."""
    from mock_server.serving import listening, running
    from mock_server.settings import ServeSettings
    from mock_server.spec import Contract
    from mock_server.store import accounts
    from mock_server.store.accounts import DEFAULT_SANDBOX, NO_ACCOUNT
    from mock_server.store.database import open_database
    from mock_server.web.app import build_app

    with ExitStack() as stack:
        database = open_database()
        stack.callback(database.close)
        listener = stack.enter_context(listening("127.0.0.1", 0))
        admin = stack.enter_context(closing(_Admin(listener.getsockname()[1])))
        unattributed = admin.unattributed
        app = build_app(Contract.load(), database, ServeSettings(), on_exchange=unattributed.add_exchange)
        with database.transaction() as session:
            default = accounts.find(session, DEFAULT_SANDBOX.account_id)
        unattributed.generations = {NO_ACCOUNT, default.generation if default else NO_ACCOUNT}
        # Without a time limit: a test may be stopped at a breakpoint, and its connections with it.
        stack.enter_context(running(app, listener, request_seconds=0, on_reject=unattributed.add_rejection))
        yield admin


@pytest.fixture
def segmetrics(request: pytest.FixtureRequest, segmetrics_server: _Admin) -> Iterator[Segmetrics]:
    """Create a sandbox for the test; findings of its client fail the test in its teardown."""
    marker = request.node.get_closest_marker("segmetrics")
    options, allow = _read_marker(*marker.args, **marker.kwargs) if marker else _read_marker()
    sandbox = Segmetrics(segmetrics_server, segmetrics_server.call("POST", "/__admin/sandboxes", options))
    segmetrics_server.unattributed.take()
    yield sandbox
    found: list[Row] = []
    for report in [*sandbox.earlier_reports, sandbox.report]:
        request.config.stash[_EXERCISED].add_report(report["coverage"]["operations"])
        found += cast("list[Row]", report["findings"])
    segmetrics_server.call("DELETE", f"/__admin/sandboxes/{sandbox.account_id}")
    found += segmetrics_server.unattributed.take()
    broken = _failing(found, request.config.getini("segmetrics_fail_on"), allow)
    if broken:
        pytest.fail("the client broke the contract\n" + "\n".join(_line(finding) for finding in broken), pytrace=False)


class _Unattributed:
    """Findings of requests that name no sandbox of a test; they count for the running test."""

    def __init__(self) -> None:
        self._findings: list[Row] = []
        # Of the accounts that belong to no test.
        self.generations: set[int] = set()

    def add_exchange(self, exchange: "Exchange") -> None:
        """Keep the findings of a call that names no account, or the default one."""
        if exchange.generation not in self.generations:
            return
        for finding in exchange.findings:
            self._add(finding.code, finding.severity, finding.pointer, finding.message)

    def add_rejection(self, status: int, text: str) -> None:
        """Keep a finding for a request that was rejected before it was read."""
        self._add(str(status), "violation", "/", f"a request was answered {status} before it was read: {text}")

    def take(self) -> list[Row]:
        """Return the findings since the last time, as a report has them."""
        taken, self._findings = self._findings, []
        return taken

    def _add(self, code: str, severity: str, pointer: str, message: str) -> None:
        found = {"code": code, "severity": severity, "pointer": pointer, "message": message}
        self._findings.append({**found, "operation": None, "count": 1})


class _Exercised:
    """What the tests of a session have exercised, by operation: requests, exercised points, all points."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.found: dict[str, set[str]] = {}
        self.every: dict[str, set[str]] = {}

    def add_report(self, operations: Mapping[str, "OperationCoverage"]) -> None:
        """Add the `coverage.operations` of a report."""
        from mock_server.verdict.coverage import exercised_points

        for name, covered in operations.items():
            self._add(name, covered["requests"], exercised_points(covered), covered["missing"])

    def add_worker(self, rows: Iterable[_WorkerRow]) -> None:
        """Add the rows of a worker."""
        for row in rows:
            self._add(*row)

    @property
    def percent(self) -> float:
        """Return the coverage of the operations that were used."""
        from mock_server.verdict.coverage import mean_percent

        used = [name for name, requests in self.requests.items() if requests]
        return mean_percent((len(self.found[name]), len(self.every[name])) for name in used)

    def rows(self) -> list[_WorkerRow]:
        """Return rows that xdist can send: operation, requests, points found, points missing."""
        return [
            (name, self.requests[name], sorted(self.found[name]), sorted(every - self.found[name]))
            for name, every in self.every.items()
        ]

    def _add(self, name: str, requests: int, found: Iterable[str], missing: Iterable[str]) -> None:
        self.requests[name] += requests
        self.found.setdefault(name, set()).update(found)
        self.every.setdefault(name, set()).update(found, missing)


class _FromWorkers:
    """Gathers what xdist's workers have exercised."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._config.stash[_EXERCISED].add_worker(getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT, ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_WORKER_OUTPUT] = session.config.stash[_EXERCISED].rows()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    exercised = config.stash[_EXERCISED]
    if not exercised.requests.total():
        return
    terminalreporter.section("segmetrics: exercised of the contract")
    terminalreporter.line(f"coverage {exercised.percent} % of the operations used")
    width = max(map(len, exercised.every))
    for name, every in exercised.every.items():
        found = len(exercised.found[name])
        terminalreporter.line(
            f"{name:{width}}  {exercised.requests[name]:5} requests  {found:3} of {len(every)} points"
        )


def _read_marker(
    *, dataset: str | None = None, mode: str | None = None, allow: Iterable[str] = ()
) -> tuple[Row, Iterable[str]]:
    """Return the options of the sandbox, and `allow`. A misspelled argument of a marker is a TypeError."""
    return {"mode": mode or STRICT} | ({"dataset": dataset} if dataset else {}), allow


def _failing(findings: list[Row], fail_on: FailOn, allow: Iterable[str]) -> list[Row]:
    allowed = set(allow)
    return [finding for finding in findings if fails(finding["severity"], fail_on) and finding["code"] not in allowed]


def _line(finding: Row) -> str:
    operation = f"{finding['operation']} " if finding["operation"] else ""
    times = f" ({counted(finding['count'], 'time')})" if finding["count"] > 1 else ""
    return f"  {operation}{finding['pointer']}: {finding['message']} [{finding['code']}]{times}"
