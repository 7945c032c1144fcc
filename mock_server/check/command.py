"""Carry out a checked run: a fresh fake, the command, the verdict, the reports."""

import dataclasses
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Literal

import orjson

from mock_server.check.isolation import Choice, choose
from mock_server.check.process import require_command, run, signals_as_exit
from mock_server.check.reports import FORMATS, CheckedRun
from mock_server.check.summary import markdown_summary
from mock_server.check.supervisor import Supervisor
from mock_server.check.supervisor_program import DESCRIPTOR
from mock_server.check.terminal import print_report
from mock_server.clock import monotonic
from mock_server.errors import UsageError
from mock_server.faults import load_plan
from mock_server.findings import FailOn
from mock_server.http.listener import listening
from mock_server.http.server import running
from mock_server.intercept.interception import Interception
from mock_server.intercept.policy import Target
from mock_server.journal import Journal, ShownExchange
from mock_server.journal.masking import Keys, hide
from mock_server.output import log_to_stderr, may_stay_unread
from mock_server.serving import load_dataset, played_hosts
from mock_server.settings import AUTO, EMPTY, STRICT, CoverageOf, ServeSettings
from mock_server.spec import Contract
from mock_server.spec.values import utc_now
from mock_server.store import accounts
from mock_server.store.accounts import Sandbox
from mock_server.store.database import Database, open_database
from mock_server.verdict.baseline import Baseline, baseline_of, write_baseline
from mock_server.verdict.comparison import updated
from mock_server.verdict.report import ReportDocument, report_on
from mock_server.verdict.verdict import ForeignHost, Run
from mock_server.web.app import build_app

_KEPT_EXCHANGES = 1_000_000
# A call that is not kept would not be judged.
_KEPT_BYTES = 10**15


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How a command is checked.

    `reports`: the files to write, by the names of their formats. `fail_on`: the least severity that fails the run.
    `fail_under`: the least coverage, in per cent; `coverage_of`: the operations that it counts.
    `faults`: a file with a fault plan, or the name of a built-in one. `dataset`: likewise, the data to start with.
    `allow_host`: further hosts that the command may call for real. `allow_port`: further ports of these, and of this
    machine. `isolate`: whether it runs in a network of its own. `trust`: bundles of certificates that it reads.
    `baseline`: a file of known findings, which the first run writes. `baseline_update`, `baseline_prune`: add to it
    what this run finds; drop from it what this run does not meet.
    `verbose`: print all mistakes, and the coverage of each operation.
    `account`, `integration`, `api_key`: the client's baked-in values, where it does not read the environment.
    """

    reports: Mapping[str, str] = field(default_factory=dict)
    fail_on: FailOn = "violation"
    fail_under: float = 0.0
    coverage_of: CoverageOf = "used"
    mode: str = STRICT
    allow_host: tuple[str, ...] = ()
    allow_port: tuple[int, ...] = ()
    isolate: str = AUTO
    trust: tuple[str, ...] = ()
    faults: str = ""
    dataset: str = EMPTY
    baseline: str = ""
    baseline_update: bool = False
    baseline_prune: bool = False
    account: str = ""
    integration: str = ""
    api_key: str = ""
    verbose: bool = False


def check(command: Sequence[str], options: CheckOptions, again: str) -> int:
    """Run `command` against a fresh fake, print and write the reports, and return the exit code.

    `again`: the command line that repeats this run.
    Raises UsageError when the command does not exist, cannot be isolated, or a report cannot be written; SystemExit
    when a signal ends the run. Call it from the main thread.
    """
    log_to_stderr()
    require_command(command)
    for path in options.reports.values():
        _require_writable(path)
    changes_baseline = options.baseline_update or options.baseline_prune
    baseline = baseline_of(options.baseline, "check", changes=changes_baseline)
    choice = choose(options.isolate, options.trust)
    with signals_as_exit(), Supervisor() as supervisor:
        return _check(command, options, choice, baseline, again, supervisor)


def _check(
    command: Sequence[str],
    options: CheckOptions,
    choice: Choice,
    baseline: Baseline | None,
    again: str,
    supervisor: Supervisor,
) -> int:
    contract, sandbox = Contract.load(), _sandbox(options)
    settings = ServeSettings(
        mode=options.mode, journal_limit=_KEPT_EXCHANGES, journal_bytes=_KEPT_BYTES, dataset=options.dataset
    )
    foreign: Counter[Target] = Counter()
    troubles: dict[str, None] = {}
    database = open_database()
    rules = load_plan(options.faults, contract.operations) if options.faults else []
    with database.transaction() as session:
        accounts.add(session, sandbox)
        accounts.set_faults(session, sandbox.account_id, orjson.dumps(rules).decode() if rules else "")
    load_dataset(database, contract, sandbox, settings)
    app = build_app(contract, database, settings, keep_journals=True)
    interception = Interception(
        played_hosts(contract),
        folder=supervisor.folder,
        allow_hosts=options.allow_host,
        on_foreign=lambda target: foreign.update([target]),
        on_trouble=lambda host, text: troubles.update({f"{host}: {text}": None}),
    )
    started, started_at = monotonic(), utc_now()
    with ExitStack() as stack:
        stack.enter_context(interception)
        listener = stack.enter_context(listening(settings.host, 0))
        port = listener.getsockname()[1]
        serve = stack.enter_context(
            running(
                app,
                listener,
                protocol=interception.protocol,
                on_reject=lambda status, text: troubles.update({f"it was answered {status}: {text}": None}),
            )
        )
        variables = environment_of(sandbox, contract.urls(f"http://127.0.0.1:{port}"))
        if choice.unshare:
            variables = interception.isolated_environment(port) | variables
            isolation = stack.enter_context(
                interception.isolation(
                    choice.unshare,
                    command[0],
                    port=port,
                    serve=serve,
                    ports=options.allow_port,
                    trust=options.trust,
                )
            )
            isolated = isolation.command(command, DESCRIPTOR)
            child_code = run(supervisor, isolated, variables, isolation.descriptor, isolation.has_started)
        else:
            child_code = run(supervisor, command, interception.environment(port) | variables)
    duration_seconds = round(monotonic() - started, 3)
    exchanges = _exchanges(database)
    database.close()
    keys = Keys.of(sandbox.api_key, "")
    checked_run = Run(
        command=[hide(word, keys) for word in command],
        mode=options.mode,
        dataset=options.dataset,
        started_at=started_at,
        duration_seconds=duration_seconds,
        command_code=child_code,
        fail_on=options.fail_on,
        fail_under=options.fail_under,
        coverage_of=options.coverage_of,
        foreign_hosts=[_foreign_host(target, count) for target, count in foreign.items()],
        troubles=list(troubles),
        isolation="namespaces" if choice.unshare else "none",
        baseline=None if baseline is None or baseline.is_new else baseline,
        not_isolated=choice.reason,
        has_faults=bool(rules),
    )
    document = report_on(contract, exchanges, checked_run)
    if baseline and _writes_baseline(options, document, baseline, child_code):
        operations = document["coverage"]["operations"]
        baseline = updated(baseline, document["findings"], operations, prune=options.baseline_prune)
        write_baseline(options.baseline, baseline)
        checked_run = dataclasses.replace(checked_run, baseline=baseline)
        document = report_on(contract, exchanges, checked_run)
    # The files first: whoever reads the terminal may close it early.
    numbered = {exchange["number"]: exchange for exchange in exchanges}
    checked = CheckedRun(document, numbered, contract, command, sandbox, checked_run.baseline)
    _write_reports(checked, options)
    with may_stay_unread():
        print_report(checked, again, verbose=options.verbose)
    return document["verdict"]["exit_code"]


def _writes_baseline(options: CheckOptions, document: ReportDocument, baseline: Baseline, child_code: int) -> bool:
    """Return whether the run writes the baseline: one that failed or made no call shows little of the client."""
    wanted = baseline.is_new or options.baseline_update or options.baseline_prune
    return wanted and not child_code and document["summary"]["requests"] > 0


def _exchanges(database: Database) -> list[ShownExchange]:
    """Return all exchanges of the run, of whichever account, in the order in which they came, and numbered so.

    Call sites are relative to the working directory.
    """
    journal = Journal(_KEPT_EXCHANGES)
    with database.transaction() as session:
        exchanges = [
            exchange for generation in journal.generations(session) for exchange in journal.all(session, generation)
        ]
    exchanges.sort(key=itemgetter("monotonic_ms"))
    folder = Path.cwd()
    for number, exchange in enumerate(exchanges, 1):
        exchange["number"] = number
        if exchange["call_site"]:
            exchange["call_site"] = _relative(exchange["call_site"], folder)
    return exchanges


def _relative(call_site: str, folder: Path) -> str:
    """Return a call site whose file is named from the folder, if it is below that."""
    file = Path(call_site)
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else call_site


def _foreign_host(target: Target, count: int) -> ForeignHost:
    return {"host": target.host, "port": target.port, "address": target.address, "count": count}


def environment_of(sandbox: Sandbox, urls: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which a client finds its sandbox; `urls`: of the APIs, such as `base_url`."""
    return {
        **{f"SEGMETRICS_{name.upper()}": url for name, url in urls.items()},
        "SEGMETRICS_ACCOUNT_ID": sandbox.account_id,
        "SEGMETRICS_INTEGRATION_ID": sandbox.integrations[accounts.PAYMENTS],
        "SEGMETRICS_ADS_INTEGRATION_ID": sandbox.integrations[accounts.ADS],
        "SEGMETRICS_API_KEY": sandbox.api_key,
    }


def _sandbox(options: CheckOptions) -> Sandbox:
    generated = accounts.new_sandbox(options.mode)
    if options.integration == generated.integrations[accounts.ADS]:
        raise UsageError(
            f"--integration {options.integration}: that is the name of the custom ads integration, which exists"
            " anyway; leave the option out"
        )
    payments = {accounts.PAYMENTS: options.integration} if options.integration else {}
    return dataclasses.replace(
        generated,
        account_id=options.account or generated.account_id,
        api_key=options.api_key or generated.api_key,
        integrations={**generated.integrations, **payments},
    )


def _require_writable(path: str) -> None:
    if not Path(path).resolve().parent.is_dir():
        raise UsageError(f"{path} cannot be written: its folder does not exist")
    if Path(path).is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder")


def _write_reports(checked: CheckedRun, options: CheckOptions) -> None:
    for format in FORMATS:
        if path := options.reports.get(format.name):
            _write(path, format.render(checked))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        _write(path, markdown_summary(checked).encode(), "ab")


def _write(path: str, content: bytes, mode: Literal["wb", "ab"] = "wb") -> None:
    try:
        with Path(path).open(mode) as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"the report {path} cannot be written: {error.strerror}") from error
