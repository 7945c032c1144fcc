"""The command `contract`: run the contract suite against any server, and print the verdict.

Schemathesis runs in a child process with the suite's hooks, which write events to a file; see `contracts/hooks.py`.
"""

import dataclasses
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mock_server.contract.calls import NoResponseError, first_line, is_loopback, require_ca_file, send
from mock_server.contract.completion import completed
from mock_server.contract.events import Event
from mock_server.contract.known_failures import KnownFailures
from mock_server.contract.options import ContractOptions, Depth
from mock_server.contract.report import Progress, Report
from mock_server.contract.terminal import print_result
from mock_server.errors import UsageError
from mock_server.output import may_stay_unread, say
from mock_server.resources import resource_path

# Generated cases for each operation, in addition to the document's examples and the boundary cases.
_EXAMPLES: Mapping[Depth, int] = {"quick": 15, "normal": 150, "deep": 1500}

_POLL_SECONDS = 0.2

# How long an interrupted run may take to delete what it created.
SHUTDOWN_TIMEOUT_SECONDS = 120


def contract(options: ContractOptions) -> int:
    """Run the suite and print the verdict; return 0 when the contract holds, 1 when it is broken.

    With a baseline: 0 when nothing is new, and nothing that it knows has expired.

    Raises UsageError when there is no verdict: the server is out of reach, at the start or later, or refuses the
    credentials; Schemathesis is missing; the run was interrupted.
    """
    if importlib.util.find_spec("schemathesis") is None:
        raise UsageError("the suite needs Schemathesis: pip install 'segmetrics-mock[contracts]'")
    if options.ca_file:
        require_ca_file(options.ca_file)
    known = KnownFailures.of(options.baseline, update=options.baseline_update, prune=options.baseline_prune)
    if known and known.is_to_be_written:
        options = dataclasses.replace(options, fail_fast=False)  # nothing that is found fails this run
    _confirm_remote_write(options)
    _check_credentials(options)
    _check_account(options)
    _check_reading(options)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # there is something to delete
    say(
        f"{options.url}, account {options.account_id}, integration {options.integration_id};"
        f" {options.depth} run with seed {options.seed}"
    )
    started = time.monotonic()
    progress = Progress(sys.stdout.isatty())
    with completed(options) as whole, tempfile.TemporaryDirectory(prefix="segmetrics-mock-") as folder:
        if whole.reading_url:
            say(f"what it stores is read back from {whole.reading_url}")
        report, code, output = run_suite(whole, Path(folder), progress, known.pairs if known else ())
    progress.finish()
    if report.end is None:
        raise UsageError("interrupted" if code < 0 else f"the suite ended too early:\n{output[-2000:]}")
    if code > 0 and not report.new_failures and not report.errors:
        text = f"Schemathesis ended with exit code {code}:\n{output[-2000:]}"
        report.add({"event": "error", "operation": "", "text": text})
    seconds = time.monotonic() - started
    reaches_all = options.depth != "quick" and not options.fail_fast
    beside = known.compare(report, is_whole=code >= 0, reaches_all=reaches_all) if known else []
    with may_stay_unread():
        print_result(report, seconds, beside=beside, verbose=options.verbose)
    if code < 0:
        raise UsageError("interrupted: the verdict covers only what ran before")
    if report.errors and not report.new_failures:
        _check_credentials(options)  # a server that is out of reach now has broken nothing
    return 1 if report.new_failures or report.errors else 0


def run_suite(
    options: ContractOptions, folder: Path, progress: Progress | None = None, known: Collection[tuple[str, str]] = ()
) -> tuple[Report, int, str]:
    """Run the child; return its report, its exit code (-1 if interrupted) and its output. Its files go to `folder`.

    `known`: operation and code of each failure that does not fail the run.
    """
    events, output, known_file = folder / "events.jsonl", folder / "output.txt", folder / "known.json"
    events.touch()
    known_file.write_text(json.dumps(sorted(known)), "utf-8")
    report = Report(known)
    with output.open("w", encoding="utf-8") as sink, events.open(encoding="utf-8") as source:
        child = subprocess.Popen(
            _command(options),
            env=_environment(options, events, known_file),
            cwd=folder,
            stdin=subprocess.PIPE,  # it ends with this process, and the child ends then
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C reaches the child once, through us
        )
        interrupted, rest = False, ""
        with child, _stopped_on_exit(child):
            while True:
                try:
                    ended = child.poll() is not None
                    *lines, rest = (rest + source.read()).split("\n")
                    for line in lines:
                        event: Event = json.loads(line)
                        report.add(event)
                    if progress:
                        progress.show(report)
                    if ended:
                        break
                    time.sleep(_POLL_SECONDS)
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    child.send_signal(signal.SIGINT)
    return report, -1 if interrupted else child.returncode, output.read_text("utf-8")


@contextmanager
def _stopped_on_exit(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, and give the child time to delete what it created."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(SHUTDOWN_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _command(options: ContractOptions) -> list[str]:
    suite = resource_path("contracts")
    reports = {"junit": options.junit, "har": options.har}
    return [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(suite / "schemathesis.toml")),
        *("run", str(resource_path("openapi.yaml")), "--url", options.url, "--seed", str(options.seed)),
        *("--max-examples", str(_EXAMPLES[options.depth])),
        *(("--max-failures", "1") if options.fail_fast else ()),
        *(("--tls-verify", str(options.ca_file.resolve())) if options.ca_file else ()),
        *(part for name, file in reports.items() if file for part in (f"--report-{name}-path", str(file.resolve()))),
    ]


def _environment(options: ContractOptions, events: Path, known_file: Path) -> dict[str, str]:
    suite = str(resource_path("contracts").parent)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [suite, os.environ.get("PYTHONPATH")])),
        "PYTHONIOENCODING": "utf-8",
        "SEGMETRICS_CONTRACT_URL": options.url,
        "SEGMETRICS_CONTRACT_SEED": str(options.seed),
        "SEGMETRICS_CONTRACT_EVENTS": str(events),
        "SEGMETRICS_CONTRACT_KNOWN": str(known_file),
        "SEGMETRICS_CONTRACT_CA_FILE": str(options.ca_file.resolve()) if options.ca_file else "",
        "SEGMETRICS_ACCOUNT_ID": options.account_id,
        "SEGMETRICS_INTEGRATION_ID": options.integration_id,
        "SEGMETRICS_ADS_INTEGRATION_ID": options.ads_integration_id,
        "SEGMETRICS_API_KEY": options.api_key,
        "SEGMETRICS_READING_URL": options.reading_url,
        "SEGMETRICS_TRACKING_URL": options.tracking_url,
        "SEGMETRICS_OTHER_ACCOUNT_ID": options.second_account[0],
        "SEGMETRICS_OTHER_API_KEY": options.second_account[1],
    }


def _check_credentials(options: ContractOptions) -> None:
    """Send a call that changes nothing. Raises UsageError when there is no response or the credentials are refused."""
    try:
        url = f"{_contacts_url(options)}/smc-nobody"
        status, text = send("DELETE", url, options.api_key, ca_file=options.ca_file)
    except NoResponseError as error:
        raise UsageError(f"{options.url} is out of reach: {error}") from error
    if status in (401, 403):
        raise UsageError(f"{options.url} refuses the credentials: {first_line(text) or status}")


def _check_account(options: ContractOptions) -> None:
    """Create the first contact of the run. Raises UsageError when the account or integration does not exist."""
    body = json.dumps({"contact_id": f"smc{options.seed}-marker"}).encode()
    try:
        status, text = send("POST", _contacts_url(options), options.api_key, body, options.ca_file)
    except NoResponseError:
        return
    if status in (401, 403, 404):
        hint = "" if options.url.endswith("/api") else "; the base URL of this API ends in /api"
        raise UsageError(f"{options.url} does not accept a contact: {status}, {first_line(text)}{hint}")


def _check_reading(options: ContractOptions) -> None:
    """Read a contact that there is not. Raises UsageError when there is no response, or one that no contact has."""
    if not options.reading_url:
        return
    try:
        url = f"{options.reading_url}/{quote(options.account_id, safe='')}/contact/smc-nobody"
        status, text = send("GET", url, options.api_key, ca_file=options.ca_file)
    except NoResponseError as error:
        raise UsageError(f"--reading-url {options.reading_url} is out of reach: {error}") from error
    if status not in (200, 404):
        raise UsageError(f"--reading-url {options.reading_url} does not read a contact: {status}, {first_line(text)}")


def _contacts_url(options: ContractOptions) -> str:
    account, integration = quote(options.account_id, safe=""), quote(options.integration_id, safe="")
    return f"{options.url}/v1/{account}/{integration}/contact"


def _confirm_remote_write(options: ContractOptions) -> None:
    """Raise UsageError for a server elsewhere, unless the user has agreed that the run writes to it."""
    if options.may_write or is_loopback(options.url):
        return
    raise UsageError(
        f"{options.url} is not on this machine, and a run writes: several thousand calls that create contacts, tags,"
        f" orders, subscriptions, products and ad figures. The id of each starts with 'smc{options.seed}-', nothing"
        " else is changed, and contacts, orders and subscriptions are deleted at the end; tags, products and ads"
        f" stay, because the API cannot delete them. To go on, add --yes-write --seed {options.seed}."
    )
