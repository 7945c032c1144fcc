"""Schemathesis as anyone runs it: on the document that the fake serves, without the hooks of the contract suite."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from client_tests.sandbox import Sandbox
from client_tests.serving import served, with_variables
from mock_server.spec import Contract

UNKNOWN_CONTACT = r"'contact_id' is .*, a contact that does not exist\. .*"
# Refusals of calls that fit their schemas, by the rule that no schema can say: the end of the path, and the text.
RULES = {
    "identify-without-either-400": ("/identify", r"missing 'e' or 'cid' field"),
    "invoice-unknown-contact-400": ("/invoice", UNKNOWN_CONTACT),
    "json-limits-400": ("", r"the integer \S+ has more than 64 bits; send it as a text\."),
    "subscription-unknown-contact-400": ("/subscription", UNKNOWN_CONTACT),
}


@pytest.mark.slow
def test_schemathesis_finds_nothing_but_what_no_schema_can_say(tmp_path: Path, http: httpx.Client) -> None:
    with served() as server:
        sandbox = Sandbox.default(server.origin, http)
        key = ("--header", f"Authorization: {sandbox.api_key}")
        amount = ("--seed", "1", "--max-examples", "5", "--phases", "examples,coverage,fuzzing")
        reports = ("--report", "json,ndjson", "--report-json-path", "run.json", "--report-ndjson-path", "run.ndjson")
        ended = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                "run",
                f"{server.origin}/openapi.json",
                *key,
                *amount,
                *reports,
            ],
            cwd=tmp_path,  # without the configuration of the contract suite
            env=with_variables(),
            capture_output=True,
            text=True,
            timeout=300,
        )

    run = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert run["complete"], ended.stdout + ended.stderr
    assert run["operations"]["tested"] == len(Contract.load().operations)
    for operation, rates in run["valid_rates"].items():
        assert sum(phase["accepted"] for phase in rates.values()), f"no call of {operation} was accepted"
    assert set(RULES) <= Contract.load().rules.keys()
    assert [refusal for refusal in failures(tmp_path / "run.ndjson") if not is_by_rule(*refusal)] == []


def failures(events: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the kind of each failure of a check, its operation, and the body of the response."""
    for line in events.read_text("utf-8").splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {"checks": {}})
        for case, checks in recorder["checks"].items():
            for check in checks:
                if check["status"] == "failure":
                    failure = check["failure_info"]["failure"]
                    content = recorder["interactions"][case]["response"]["content"]["$base64"]
                    yield failure["type"], failure["operation"], base64.b64decode(content).decode()


def is_by_rule(kind: str, operation: str, body: str) -> bool:
    """Return whether the failure is a refusal each of whose errors is by one of the rules."""
    texts = [text for place, text in RULES.values() if operation.endswith(place)]
    answer = json.loads(body)
    errors = answer.get("errors") or [answer["message"]]
    return kind == "RejectedPositiveData" and all(any(re.fullmatch(text, one) for text in texts) for one in errors)
