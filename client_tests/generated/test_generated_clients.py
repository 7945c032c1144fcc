"""Clients that are generated from the document as the fake serves it call its operations without a mistake."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from openapi_spec_validator import validate

from client_tests.generated.generators import GENERATORS, SERVERS, Command, Generator
from client_tests.generated.workshop import Workshop
from client_tests.sandbox import Sandbox
from client_tests.serving import served
from mock_server.spec import Contract


@pytest.mark.slow
def test_generated_clients_call_every_operation(tmp_path: Path, http: httpx.Client, subtests: pytest.Subtests) -> None:
    with served() as server:
        sandbox = Sandbox.default(server.origin, http)
        document = http.get(f"{server.origin}/openapi.json")
        validate(document.json())
        workshop = Workshop(tmp_path, document.content)
        for generator in GENERATORS:
            with subtests.test(f"{generator.name}: {generator.client}"):
                calls_everything(generator, generator.make(workshop), workshop, sandbox)


def calls_everything(generator: Generator, command: Command, workshop: Workshop, sandbox: Sandbox) -> None:
    """Assert that the program makes no mistake and calls what the table of the documentation says."""
    sandbox.admin("POST", "/reset", json={}).raise_for_status()

    workshop.run(*command, sandbox.api_key, sandbox.account_id, *workshop.servers[SERVERS[generator.servers] :])

    report, requests = sandbox.admin("GET", "/report").json(), sandbox.requests()
    assert report["summary"]["violations"] == 0, report["findings"]
    assert {one["operation"] for one in requests} == Contract.load().operations.keys() - generator.uncallable
    asked = [parse_qs(urlsplit(one["request"]["path"]).query) for one in requests if one["operation"] == "read_contact"]
    # A parameter that is repeated counts once.
    assert [len(query["extend"]) for query in asked] == [1]
    if not generator.sends_examples:
        # The last update of a contact leaves out all but these.
        update = [one["request"]["body"] for one in requests if one["operation"] == "upsert_contact"][-1]
        assert json.loads(update).keys() == {"contact_id", "first_name"}
