"""The pytest plugin: a separate sandbox for each test, on one server per session.

    def test_my_client(segmetrics):
        MyClient(segmetrics.base_url, segmetrics.account_id, segmetrics.api_key).add_contact("ada@example.org")
        assert segmetrics.contacts[0]["email"] == "ada@example.org"

A test whose client broke the contract fails in its teardown, with the messages of the findings. Each xdist worker has
its own server. The server is imported when the first test uses the fixture.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any, cast

import pytest

from mock_server import clock  # noqa: F401  # bound before any test freezes time
from mock_server.findings import FAIL_ON, FailOn
from mock_server.pytest_plugin.sandbox import Admin, Segmetrics
from mock_server.pytest_plugin.session import SessionRecord
from mock_server.pytest_plugin.unattributed import Row
from mock_server.settings import STRICT
from mock_server.text import counted

__all__ = ["Segmetrics"]

MARKER = (
    "segmetrics(dataset=None, mode=None, allow=()): dataset is a built-in one; mode is strict or lenient;"
    " allow lists codes of findings that are expected"
)
_SESSION = pytest.StashKey[SessionRecord]()
_WORKER_OUTPUT = "segmetrics"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "segmetrics_fail_on", f"the least severity that fails a test: {', '.join(FAIL_ON)}", default="violation"
    )
    parser.addini(
        "segmetrics_baseline", "a file of known findings, which do not fail; the first session writes it", default=""
    )
    group = parser.getgroup("segmetrics")
    group.addoption("--segmetrics-baseline-update", action="store_true", help="add to the baseline what is found")
    group.addoption(
        "--segmetrics-baseline-prune",
        action="store_true",
        help="likewise, and drop what this session, of all tests, does not meet in the operations that it calls",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    if config.getini("segmetrics_fail_on") not in FAIL_ON:
        raise pytest.UsageError(f"segmetrics_fail_on must be one of {', '.join(FAIL_ON)}")
    config.stash[_SESSION] = SessionRecord.of(config)
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_FromWorkers(config))


@pytest.fixture(scope="session")
def segmetrics_server() -> Iterator[Admin]:
    """Serve in memory on a free port, once per session and xdist worker."""
    from mock_server.http.listener import listening
    from mock_server.http.server import running
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
        admin = stack.enter_context(closing(Admin(listener.getsockname()[1])))
        unattributed = admin.unattributed
        app = build_app(Contract.load(), database, ServeSettings(), on_exchange=unattributed.add_exchange)
        with database.transaction() as session:
            default = accounts.find(session, DEFAULT_SANDBOX.account_id)
        unattributed.generations = {NO_ACCOUNT, default.generation if default else NO_ACCOUNT}
        # Without a time limit: a test may be stopped at a breakpoint, and its connections with it.
        stack.enter_context(running(app, listener, request_seconds=0, on_reject=unattributed.add_rejection))
        yield admin


@pytest.fixture
def segmetrics(request: pytest.FixtureRequest, segmetrics_server: Admin) -> Iterator[Segmetrics]:
    """Create a sandbox for the test; findings of its client fail the test in its teardown."""
    marker = request.node.get_closest_marker("segmetrics")
    options, allow = _read_marker(*marker.args, **marker.kwargs) if marker else _read_marker()
    sandbox = Segmetrics(segmetrics_server, segmetrics_server.call("POST", "/__admin/sandboxes", options))
    segmetrics_server.unattributed.take()
    yield sandbox
    session, found = request.config.stash[_SESSION], list[Row]()
    for report in [*sandbox.earlier_reports, sandbox.report]:
        session.exercised.add_report(report["coverage"]["operations"])
        found += cast("list[Row]", report["findings"])
    segmetrics_server.call("DELETE", f"/__admin/sandboxes/{sandbox.account_id}")
    found += segmetrics_server.unattributed.take()
    fail_on: FailOn = request.config.getini("segmetrics_fail_on")
    if broken := session.failing([finding for finding in found if finding["code"] not in allow], fail_on):
        pytest.fail("the client broke the contract\n" + "\n".join(map(_line, broken)), pytrace=False)


class _FromWorkers:
    """Gathers what xdist's workers have found and exercised."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        if output := getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT):
            self._config.stash[_SESSION].add_worker(output)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    if items:
        items[0].config.stash[_SESSION].deselects = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    record = session.config.stash[_SESSION]
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_WORKER_OUTPUT] = record.worker_output()
    else:
        record.finish(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    record = config.stash[_SESSION]
    exercised = record.exercised
    if exercised.requests.total():
        terminalreporter.section("segmetrics: exercised of the contract")
        terminalreporter.line(f"coverage {exercised.percent} % of the operations used")
        width = max(map(len, exercised.every))
        for name, every in exercised.every.items():
            found = len(exercised.found[name])
            terminalreporter.line(
                f"{name:{width}}  {exercised.requests[name]:5} requests  {found:3} of {len(every)} points"
            )
    if record.lines:
        terminalreporter.section("segmetrics: baseline")
        for line in record.lines:
            terminalreporter.line(line)


def _read_marker(
    *, dataset: str | None = None, mode: str | None = None, allow: Iterable[str] = ()
) -> tuple[Row, frozenset[str]]:
    """Return the options of the sandbox, and `allow`. A misspelled argument of a marker is a TypeError."""
    return {"mode": mode or STRICT} | ({"dataset": dataset} if dataset else {}), frozenset(allow)


def _line(finding: Row) -> str:
    operation = f"{finding['operation']} " if finding["operation"] else ""
    times = f" ({counted(finding['count'], 'time')})" if finding["count"] > 1 else ""
    return f"  {operation}{finding['pointer']}: {finding['message']} [{finding['code']}]{times}"
