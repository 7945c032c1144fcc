"""Fake payloads, as `segmetrics-mock fake` prints them: valid, alike for one seed, other for another."""

import json
import subprocess
from typing import Any

import pytest

from client_tests.postgres import sqlite_alone
from client_tests.sandbox import Sandbox
from client_tests.serving import COMMAND
from mock_server.commands import FAKED
from mock_server.fakedata import RESOURCES
from mock_server.spec import Contract

OPERATIONS = {
    "contact": "upsert_contact",
    "invoice": "upsert_invoice",
    "subscription": "upsert_subscription",
    "product": "upsert_product",
    "ad_performance": "record_ad_performance",
    "tags": "add_tags",
}
PATHS = {
    "contact": "contact",
    "invoice": "invoice",
    "subscription": "subscription",
    "product": "product",
    "ad_performance": "ad/performance",
}


def printed(resource: str, *options: str) -> bytes:
    ended = subprocess.run([*COMMAND, "fake", resource, *options], capture_output=True, check=True, timeout=60)
    assert ended.stderr == b""
    return ended.stdout


def payloads(resource: str, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed(resource, *options).splitlines()]


def test_the_command_knows_every_resource() -> None:
    assert tuple(RESOURCES) == FAKED == tuple(OPERATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("resource", FAKED)
def test_every_payload_passes_the_contract_without_a_notice(resource: str) -> None:
    contract = Contract.load()

    made = payloads(resource, "--count", "300")

    assert len(made) == 300
    for payload in made:
        values, findings = contract.read_values(contract.operations[OPERATIONS[resource]], payload)
        assert values == payload
        assert findings == ()


@pytest.mark.slow
@pytest.mark.parametrize("resource", FAKED)
def test_a_seed_gives_the_same_bytes_in_each_process_and_others_than_another_seed(resource: str) -> None:
    first = printed(resource, "--count", "20", "--seed", "5")

    assert printed(resource, "--count", "20", "--seed", "5") == first
    assert printed(resource, "--count", "20", "--seed", "6") != first


@sqlite_alone
@pytest.mark.parametrize("resource", PATHS)
def test_each_payload_is_accepted_by_an_empty_account(resource: str, sandbox: Sandbox) -> None:
    integration = "ads" if resource == "ad_performance" else "payments"

    for payload in payloads(resource, "--count", "5"):
        sandbox.stored(PATHS[resource], payload, integration)

    kept = sandbox.state()["ad_performance" if integration == "ads" else f"{resource}s"]
    assert len(kept) >= 5


@pytest.mark.slow
def test_dates_count_from_the_given_day() -> None:
    (early,), (late,) = (payloads("contact", "--today", day) for day in ("2020-02-29", "2020-03-01"))

    assert early["email"] == late["email"]
    assert early["date_created"][:10] < late["date_created"][:10] < "2020-03-01"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["people"], "invalid choice: 'people'"),
        (["contact", "--count", "-1"], "'-1' is not a whole number from 0"),
        (["contact", "--seed", "x"], "'x' is not a whole number from 0"),
        (["contact", "--today", "2026-02-30"], "--today is '2026-02-30'; it must be a day such as"),
    ],
)
def test_misuse_is_reported(options: list[str], text: str) -> None:
    ended = subprocess.run([*COMMAND, "fake", *options], capture_output=True, text=True, timeout=60)

    assert ended.returncode == 2
    assert text in ended.stderr
