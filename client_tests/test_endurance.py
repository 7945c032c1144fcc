"""The endurance runs in their short form, and that they notice what they promise to notice.

The short form of `deep` is contracts/test_contract.py.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.endurance import fuzz
from benchmarks.endurance.load import Client, check_stored
from benchmarks.endurance.run import BrokenPromiseError
from client_tests.sandbox import Sandbox
from contracts.serving import served

CHECKOUT = Path(__file__).parents[1]
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, sets limits of another process: Linux")


def endurance(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks.endurance", *arguments]
    every = {**os.environ, "PYTHONIOENCODING": "utf-8", **variables}
    return subprocess.run(
        command, cwd=CHECKOUT, env=every, capture_output=True, text=True, timeout=120, encoding="utf-8"
    )


@pytest.mark.slow
@needs_linux
@pytest.mark.parametrize("name", ["fuzz", "kill", "soak", "crowd", "disk", "siege", "sandboxes"])
def test_the_promise_holds_in_short_form(name: str) -> None:
    ended = endurance(name, "--short")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{name} --short: held" in ended.stdout
    print(ended.stdout)  # -rP shows what was skipped here


def test_an_error_500_is_found_with_the_seed_and_the_bytes() -> None:
    with served("non_ascii_fails") as url, pytest.raises(BrokenPromiseError) as found:
        fuzz.attack(url.removesuffix("/api"), inputs=5000, seed=7)

    assert "an answer 500 that was not asked for" in str(found.value)
    assert re.search(r"input [0-9]+ of seed 7", str(found.value))
    assert "HTTP/1.1\\r\\n" in str(found.value)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["deletion_is_pretended", "added_tags_replace"])
def test_a_state_that_is_not_that_of_the_accepted_calls_is_found(fault: str) -> None:
    with served(fault) as url, pytest.raises(BrokenPromiseError, match="of seed 1"):
        fuzz.attack(url.removesuffix("/api"), inputs=5000, seed=1)


@pytest.mark.slow
@needs_linux
def test_a_broken_promise_is_exit_code_1_and_reported() -> None:
    ended = endurance("soak", "--short", "--seed", "9", SEGMETRICS_MOCK_FAULTS="overloaded")

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "soak: BROKEN, seed 9: " in ended.stderr
    # Which of the plan's two errors a client meets first is a matter of the threads.
    assert re.search("was answered with 50[03], not ", ended.stderr)
    assert "held" not in ended.stdout


def test_what_was_acknowledged_and_is_gone_or_in_part_is_found(sandbox: Sandbox) -> None:
    client = Client(0, seed=1)
    for _ in range(60):
        client.send(sandbox)
    check_stored(sandbox, [client])
    invoice = next(key[1] for key in client.stored if key[0] == "invoices")
    contact = next(key[1] for key in client.stored if key[0] == "contacts")

    sandbox.stored("contact", {"contact_id": contact, "custom_fields": {"again": None}})
    with pytest.raises(BrokenPromiseError, match=f"contacts {contact} is "):
        check_stored(sandbox, [client])
    sandbox.stored("contact", {"contact_id": contact, **_sent(client, contact)})
    sandbox.delete("invoice", invoice)
    with pytest.raises(BrokenPromiseError, match=f"invoices {invoice} is None"):
        check_stored(sandbox, [client])


def _sent(client: Client, contact: str) -> dict[str, object]:
    return {"custom_fields": client.stored["contacts", contact]["custom_fields"]}
