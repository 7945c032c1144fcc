"""The command `contract`: runs the contract suite against any server, and says what held.

Schemathesis runs in a child process with the suite's hooks, which write down what they see; see `contracts/`.
"""

import argparse
import contextlib
import dataclasses
import importlib.util
import ipaddress
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from mock_server.contract.report import Progress, Report
from mock_server.errors import UsageError
from mock_server.resources import kit_path
from mock_server.store.accounts import ADS, DEFAULT_SANDBOX, PAYMENTS

Depth = Literal["quick", "normal", "deep"]

_EXAMPLES: Mapping[Depth, int] = {"quick": 15, "normal": 150, "deep": 1500}
"""Generated cases for each operation, beside the document's examples and the boundary cases."""

_POLL_SECONDS = 0.2
_TIMEOUT_SECONDS = 15
_PATIENCE_SECONDS = 120
"""How long an interrupted run may take to delete what it made."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be judged, and how. `url` ends in `/api`.

    `other`: account and key of a second account that must be kept apart, empty where there is none.
    `first_finding_alone`: stop after the operation in which something is found.
    """

    url: str
    account_id: str
    integration_id: str
    ads_integration_id: str
    api_key: str
    seed: int
    depth: Depth = "normal"
    junit: Path | None = None
    har: Path | None = None
    may_write: bool = False
    other: tuple[str, str] = ("", "")
    first_finding_alone: bool = False


def trial_from(arguments: argparse.Namespace) -> Trial:
    """What the command line and the environment say; what neither says is that of the default sandbox."""
    account, key, sandbox = arguments.account, arguments.api_key, DEFAULT_SANDBOX
    account = account or os.environ.get("SEGMETRICS_ACCOUNT_ID") or sandbox.account_id
    ads = sandbox.integrations[ADS] if account == sandbox.account_id else ""
    payments = sandbox.integrations[PAYMENTS]
    return Trial(
        url=arguments.url.rstrip("/"),
        account_id=account,
        integration_id=arguments.integration or os.environ.get("SEGMETRICS_INTEGRATION_ID") or payments,
        ads_integration_id=os.environ.get("SEGMETRICS_ADS_INTEGRATION_ID") or ads,
        api_key=key or os.environ.get("SEGMETRICS_API_KEY") or sandbox.api_key,
        seed=secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed,
        depth=arguments.depth or "normal",
        junit=arguments.report_junit,
        har=arguments.report_har,
        may_write=arguments.yes_write,
        first_finding_alone=arguments.fail_fast,
    )


def judge(trial: Trial) -> int:
    """Runs the suite and prints the verdict: 0 when the contract holds, 1 when it is broken.

    Raises UsageError when the server cannot be judged: out of reach, also in the midst of the run; credentials
    refused; Schemathesis missing.
    """
    if importlib.util.find_spec("schemathesis") is None:
        raise UsageError("the suite needs Schemathesis: pip install 'segmetrics-mock[contracts]'")
    _ask(trial)
    _probe(trial)
    _enter(trial)
    print(
        f"{trial.url}, account {trial.account_id}, integration {trial.integration_id};"
        f" {trial.depth} run with seed {trial.seed}",
        flush=True,
    )
    started = time.monotonic()
    progress = Progress(sys.stdout.isatty())
    with tempfile.TemporaryDirectory() as folder, neighbour(trial) as beside:
        report, code, output = run_suite(beside, Path(folder), progress)
    progress.finish()
    if report.end is None:
        raise UsageError(f"the suite ended before its time:\n{output[-2000:]}")
    print(report.text(time.monotonic() - started, _errors(output), colour=sys.stdout.isatty()))
    if code < 0:
        raise UsageError("interrupted: the verdict is that of what was run until then")
    if code and not report.failures:
        _probe(trial)  # a server that went away was not judged
    return 1 if code or report.failures else 0


def run_suite(trial: Trial, folder: Path, progress: Progress | None = None) -> tuple[Report, int, str]:
    """The child from start to end: what it reported, its exit code, its output. `folder` takes its files."""
    events, output = folder / "events.jsonl", folder / "output.txt"
    events.touch()
    report = Report()
    with output.open("w", encoding="utf-8") as sink, events.open(encoding="utf-8") as source:
        child = subprocess.Popen(
            _command(trial),
            env=_environment(trial, events),
            cwd=folder,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C reaches the child once, through us
        )
        interrupted, rest = False, ""
        with _ended_gently(child):
            while True:
                try:
                    ended = child.poll() is not None
                    *lines, rest = (rest + source.read()).split("\n")
                    for line in lines:
                        report.take(json.loads(line))
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
def _ended_gently(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """SIGTERM interrupts, as Ctrl-C does; the child has its time to delete what it made."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _command(trial: Trial) -> list[str]:
    suite = kit_path("contracts")
    reports = {"junit": trial.junit, "har": trial.har}
    return [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(suite / "schemathesis.toml")),
        *("run", str(kit_path("openapi.yaml")), "--url", trial.url, "--seed", str(trial.seed)),
        *("--max-examples", str(_EXAMPLES[trial.depth])),
        *(("--max-failures", "1") if trial.first_finding_alone else ()),
        *(part for name, file in reports.items() if file for part in (f"--report-{name}-path", str(file.resolve()))),
    ]


def _environment(trial: Trial, events: Path) -> dict[str, str]:
    suite = str(kit_path("contracts").parent)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [suite, os.environ.get("PYTHONPATH")])),
        "PYTHONIOENCODING": "utf-8",
        "SEGMETRICS_CONTRACT_URL": trial.url,
        "SEGMETRICS_CONTRACT_SEED": str(trial.seed),
        "SEGMETRICS_CONTRACT_EVENTS": str(events),
        "SEGMETRICS_ACCOUNT_ID": trial.account_id,
        "SEGMETRICS_INTEGRATION_ID": trial.integration_id,
        "SEGMETRICS_ADS_INTEGRATION_ID": trial.ads_integration_id,
        "SEGMETRICS_API_KEY": trial.api_key,
        "SEGMETRICS_OTHER_ACCOUNT_ID": trial.other[0],
        "SEGMETRICS_OTHER_API_KEY": trial.other[1],
    }


def _probe(trial: Trial) -> None:
    """A call that changes nothing: whether the server is there and takes the credentials."""
    try:
        status, text = _send("DELETE", f"{_contacts(trial)}/smc-nobody", trial.api_key)
    except (OSError, ValueError) as error:
        raise UsageError(f"{trial.url} is out of reach: {getattr(error, 'reason', None) or error}") from error
    if status in (401, 403):
        raise UsageError(f"{trial.url} refuses the credentials: {_first_line(text) or status}")


def _enter(trial: Trial) -> None:
    """The first contact of the run: whether there is such an account and integration at all."""
    body = json.dumps({"contact_id": f"smc{trial.seed}-marker"}).encode()
    try:
        status, text = _send("POST", _contacts(trial), trial.api_key, body)
    except OSError:
        return
    if status in (401, 403, 404):
        raise UsageError(f"{trial.url} takes no contact: {status}, {_first_line(text)}")


def _contacts(trial: Trial) -> str:
    account, integration = quote(trial.account_id, safe=""), quote(trial.integration_id, safe="")
    return f"{trial.url}/v1/{account}/{integration}/contact"


def _ask(trial: Trial) -> None:
    if trial.may_write or is_loopback(trial.url):
        return
    raise UsageError(
        f"{trial.url} is not on this machine, and a run writes: some thousand calls that make contacts, tags,"
        f" orders, subscriptions, products and ad figures. The id of each starts with 'smc{trial.seed}-', nothing"
        " else is touched, and contacts, orders and subscriptions are deleted at the end; tags, products and ads"
        f" stay, for the API cannot delete them. Run it with --yes-write --seed {trial.seed} to go on."
    )


@contextmanager
def neighbour(trial: Trial) -> Iterator[Trial]:
    """The contract with a second account beside: one of the environment, or, of a fake of ours, minted for the run."""
    named = (os.environ.get("SEGMETRICS_OTHER_ACCOUNT_ID", ""), os.environ.get("SEGMETRICS_OTHER_API_KEY", ""))
    admin = f"{trial.url.removesuffix('/api')}/__admin/sandboxes"
    minted: Mapping[str, Any] = {}
    if not all(named) and is_loopback(trial.url):
        try:
            status, text = _send("POST", admin, "", b"{}")
            minted = json.loads(text) if status == 200 else {}
        except (OSError, ValueError):
            minted = {}
    if not isinstance(minted, dict) or not {"account_id", "api_key"} <= minted.keys():
        yield dataclasses.replace(trial, other=named) if all(named) else trial
        return
    try:
        yield dataclasses.replace(trial, other=(minted["account_id"], minted["api_key"]))
    finally:
        with contextlib.suppress(OSError):
            _send("DELETE", f"{admin}/{minted['account_id']}", "")


def _send(method: str, url: str, key: str, body: bytes | None = None) -> tuple[int, str]:
    """Status and text of an answer. Raises OSError when there is none, ValueError for what is no URL."""
    headers = {"Authorization": key} if key else {}
    headers |= {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url, body, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({})) if is_loopback(url) else None
    try:
        with (opener.open if opener else urllib.request.urlopen)(request, timeout=_TIMEOUT_SECONDS) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode("utf-8", "replace")


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _errors(output: str) -> str:
    """What Schemathesis says of calls that got no answer, from its own output."""
    _, _, rest = output.partition(" ERRORS ===")
    return rest.partition("\n")[2].partition("\n====")[0].partition("\nNeed more help?")[0].strip()


def _first_line(text: str) -> str:
    try:
        return str(json.loads(text)["errors"][0]).strip()
    except (ValueError, KeyError, IndexError, TypeError):
        return next(iter(text.strip().splitlines()), "")[:200]
