"""What a run of the suite is given: the server, the credentials, how deep."""

import argparse
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mock_server.contract.calls import require_url
from mock_server.store.accounts import ADS, DEFAULT_SANDBOX, PAYMENTS

Depth = Literal["quick", "normal", "deep"]


@dataclass(frozen=True, slots=True)
class ContractOptions:
    """The server to test, and how. `url` ends in `/api`.

    `second_account`: id and key of an account that must be kept apart, empty where there is none.
    `reading_url`, `tracking_url`: of the server's other APIs; empty where there are none.
    `fail_fast`: stop after the first operation with a finding. `ca_file`: the certificates that are trusted in place
    of the system's. `baseline`: a file of known failures, which the first run writes. `baseline_update`,
    `baseline_prune`: add to it what this run finds; drop from it what this run does not meet.
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
    second_account: tuple[str, str] = ("", "")
    reading_url: str = ""
    tracking_url: str = ""
    fail_fast: bool = False
    ca_file: Path | None = None
    baseline: str = ""
    baseline_update: bool = False
    baseline_prune: bool = False
    verbose: bool = False


def options_from(arguments: argparse.Namespace) -> ContractOptions:
    """Read the command line, then the environment; anything else is that of the default sandbox."""
    account, key, sandbox = arguments.account, arguments.api_key, DEFAULT_SANDBOX
    account = account or os.environ.get("SEGMETRICS_ACCOUNT_ID") or sandbox.account_id
    ads = sandbox.integrations[ADS] if account == sandbox.account_id else ""
    payments = sandbox.integrations[PAYMENTS]
    return ContractOptions(
        url=require_url(arguments.url),
        account_id=account,
        integration_id=arguments.integration or os.environ.get("SEGMETRICS_INTEGRATION_ID") or payments,
        ads_integration_id=os.environ.get("SEGMETRICS_ADS_INTEGRATION_ID") or ads,
        api_key=key or os.environ.get("SEGMETRICS_API_KEY") or sandbox.api_key,
        seed=secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed,
        depth=arguments.depth or "normal",
        junit=arguments.report_junit,
        har=arguments.report_har,
        may_write=arguments.yes_write,
        fail_fast=arguments.fail_fast,
        ca_file=arguments.ca_file,
        baseline=arguments.baseline,
        baseline_update=arguments.baseline_update,
        baseline_prune=arguments.baseline_prune,
        verbose=arguments.verbose,
        reading_url=require_url(arguments.reading_url) if arguments.reading_url else "",
    )
