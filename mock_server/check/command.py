"""A checked run, start to end: a fresh fake, the command, the verdict, the reports."""

import dataclasses
import os
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import orjson

from mock_server.check.child import ended_by_signals, find_command, held_signals, run
from mock_server.check.junit import junit_report
from mock_server.check.summary import markdown_summary
from mock_server.check.terminal import print_report
from mock_server.check.verdict import Verdict, judge
from mock_server.errors import UsageError
from mock_server.faults import load_plan
from mock_server.intercept.interception import Interception, production_hosts
from mock_server.journal import Journal
from mock_server.report import exchanges_of, report_on
from mock_server.serving import listening, load_dataset, running
from mock_server.settings import EMPTY, STRICT, ServeSettings
from mock_server.spec import Contract
from mock_server.store import accounts
from mock_server.store.accounts import DEFAULT_SANDBOX, Sandbox
from mock_server.store.sqlite import SqliteDatabase
from mock_server.web.app import build_app

_KEPT_EXCHANGES = 1_000_000


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How a command is checked. `fail_under`: the least coverage, in per cent.

    `faults`: a file with a fault plan, or the name of one of the kit's own. `dataset`: likewise, what is there already.
    `allow_host`: further hosts that the command may call for real. `isolate`: in namespaces of its own.
    `account`, `integration`, `api_key`: what the client has baked in, where it does not read the environment.
    """

    report_json: str = ""
    report_junit: str = ""
    report_html: str = ""
    fail_under: float = 0.0
    mode: str = STRICT
    allow_host: tuple[str, ...] = ()
    isolate: bool = False
    faults: str = ""
    dataset: str = EMPTY
    account: str = ""
    integration: str = ""
    api_key: str = ""


def check(command: Sequence[str], options: CheckOptions) -> int:
    """Runs `command` against a fresh fake, prints and writes the reports; the exit code.

    Raises UsageError when the command does not exist, cannot be isolated, or a report cannot be written; SystemExit
    when a signal ends the run. Call it from the main thread.
    """
    find_command(command)
    _check_writable(options)
    with ended_by_signals():
        return _check(command, options)


def _check(command: Sequence[str], options: CheckOptions) -> int:
    contract, sandbox = Contract.load(), _sandbox(options)
    settings = ServeSettings(mode=options.mode, journal_limit=_KEPT_EXCHANGES, dataset=options.dataset)
    foreign_hosts: Counter[str] = Counter()
    troubles: dict[str, None] = {}
    database = SqliteDatabase()
    rules = load_plan(options.faults, contract.operations) if options.faults else []
    with database.transaction() as session:
        accounts.add(session, sandbox)
        accounts.set_faults(session, sandbox.account_id, orjson.dumps(rules).decode() if rules else "")
    load_dataset(database, contract, sandbox, settings)
    app = build_app(contract, database, settings)
    interception = Interception(
        production_hosts(contract.document),
        allow_hosts=options.allow_host,
        on_foreign=lambda host: foreign_hosts.update([host]),
        on_trouble=lambda host, text: troubles.update({f"{host}: {text}": None}),
    )
    with ExitStack() as stack:
        with held_signals():
            stack.enter_context(interception)
        listener = stack.enter_context(listening(settings.host, 0))
        port = listener.getsockname()[1]
        environment = interception.environment(port) | environment_of(sandbox, f"http://127.0.0.1:{port}")
        isolated = interception.isolated(command, port) if options.isolate else command
        with running(app, listener, protocol=interception.protocol):
            child_code = run(isolated, environment)
    with database.transaction() as session:
        journal = Journal(_KEPT_EXCHANGES)
        known = dict.fromkeys(["", DEFAULT_SANDBOX.account_id, sandbox.account_id])
        exchanges = sorted(exchanges_of(journal, session, known), key=itemgetter("received_at"))
    # Each account counts its own calls; the report counts all of them.
    for number, exchange in enumerate(exchanges, 1):
        exchange["number"] = number
    database.close()
    document = report_on(contract, exchanges, foreign_hosts=foreign_hosts)
    verdict = judge(document, child_code, options.fail_under, list(troubles))
    document["summary"]["exit_code"] = verdict.exit_code
    # First what must not be lost: whoever reads the terminal may close it early.
    _write_reports(document, exchanges, contract, verdict, command, options)
    print_report(document, verdict, command)
    return verdict.exit_code


def environment_of(sandbox: Sandbox, origin: str) -> dict[str, str]:
    """What a client reads to find its sandbox."""
    return {
        "SEGMETRICS_BASE_URL": f"{origin}/api",
        "SEGMETRICS_ACCOUNT_ID": sandbox.account_id,
        "SEGMETRICS_INTEGRATION_ID": sandbox.integrations[accounts.PAYMENTS],
        "SEGMETRICS_ADS_INTEGRATION_ID": sandbox.integrations[accounts.ADS],
        "SEGMETRICS_API_KEY": sandbox.api_key,
    }


def _sandbox(options: CheckOptions) -> Sandbox:
    minted = accounts.mint_sandbox(options.mode)
    if options.integration == minted.integrations[accounts.ADS]:
        raise UsageError(
            f"--integration {options.integration}: that is the name of the custom ads integration, which is there"
            " anyway; leave the option out"
        )
    return dataclasses.replace(
        minted,
        account_id=options.account or minted.account_id,
        api_key=options.api_key or minted.api_key,
        integrations=minted.integrations | ({accounts.PAYMENTS: options.integration} if options.integration else {}),
    )


def _check_writable(options: CheckOptions) -> None:
    for path in filter(None, (options.report_json, options.report_junit, options.report_html)):
        if not Path(path).resolve().parent.is_dir():
            raise UsageError(f"the report {path} cannot be written: its folder does not exist")
        if Path(path).is_dir():
            raise UsageError(f"the report {path} cannot be written: it is a folder")


def _write_reports(
    document: dict[str, Any],
    exchanges: Sequence[Mapping[str, Any]],
    contract: Contract,
    verdict: Verdict,
    command: Sequence[str],
    options: CheckOptions,
) -> None:
    if options.report_json:
        _write(options.report_json, orjson.dumps(document, option=orjson.OPT_INDENT_2))
    if options.report_junit:
        _write(options.report_junit, junit_report(document, verdict).encode())
    if options.report_html:
        from mock_server.check.html import html_report

        by_number = {int(exchange["number"]): exchange for exchange in exchanges}
        _write(options.report_html, html_report(document, by_number, contract, command=shlex.join(command)).encode())
    if summary_path := os.environ.get("GITHUB_STEP_SUMMARY"):
        _write(summary_path, markdown_summary(document, verdict).encode(), "ab")


def _write(path: str, content: bytes, mode: Literal["wb", "ab"] = "wb") -> None:
    try:
        with Path(path).open(mode) as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"the report {path} cannot be written: {error.strerror}") from error
