"""The contract as a document: valid, with the source of all that it says, and a place for all that it takes."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from openapi_spec_validator import validate

from mock_server.findings import Evidence
from mock_server.spec import Contract
from mock_server.spec.shape import shape_of
from mock_server.store.tables import Ad, AdCampaign, AdSet, Purchase, Scoped, Tag

CHECKOUT = Path(__file__).parents[1]
CONTRACT = Contract.load()
DOCUMENT: Any = CONTRACT.document
SCHEMAS = DOCUMENT["components"]["schemas"]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
OPERATIONS = {
    definition["operationId"]: definition
    for item in DOCUMENT["paths"].values()
    for method, definition in item.items()
    if method in METHODS
}
WITH_BODY = [name for name, definition in OPERATIONS.items() if "requestBody" in definition]


def body_schema(operation: str) -> dict[str, Any]:
    schema: dict[str, Any] = OPERATIONS[operation]["requestBody"]["content"]["application/json"]["schema"]
    return schema


def nodes(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of the document with its path."""
    if isinstance(value, dict):
        yield place, value
        for name, entry in value.items():
            yield from nodes(entry, f"{place}/{name}")
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from nodes(entry, f"{place}/{number}")


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


LINTERS = {
    "redocly": ("lint", "--format=json", "--config"),
    "spectral": ("lint", "--format=json", "--quiet", "--fail-severity=hint", "--ruleset"),
}


@pytest.mark.parametrize("linter", LINTERS)
def test_a_linter_finds_nothing(linter: str) -> None:
    if shutil.which(linter) is None:
        pytest.skip(f"there is no `{linter}` on PATH; client_tests/generated/programs/package.json has its package")
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}

    ended = subprocess.run(
        [linter, *LINTERS[linter], CHECKOUT / ".ci" / f"{linter}.yaml", CHECKOUT / "openapi.yaml"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(ended.stdout)
    assert (found if linter == "spectral" else found["problems"]) == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_how_we_know_it(name: str) -> None:
    assert "x-evidence" in OPERATIONS[name]


def is_trivial(schema: Mapping[str, Any]) -> bool:
    """Return whether nothing can be wrong: one fixed value, or a list of what another schema describes."""
    return "const" in schema or schema.keys() <= {"description", "type", "items"}


# The schemas of whole bodies: their evidence is that of the operation.
BODIES = {body_schema(name)["$ref"].rpartition("/")[2] for name in WITH_BODY}


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name not in BODIES and not is_trivial(SCHEMAS[name])])
def test_every_schema_says_how_we_know_it(name: str) -> None:
    assert "x-evidence" in SCHEMAS[name], f"{name} has no x-evidence"


def test_all_evidence_has_a_known_kind_and_a_note() -> None:
    found = [(place, node["x-evidence"]) for place, node in nodes(DOCUMENT) if "x-evidence" in node]

    assert found
    for place, evidence in found:
        assert evidence.keys() - {"keywords"} == {"kind", "note"}, place
        assert {evidence["kind"], *evidence.get("keywords", {}).values()} <= set(get_args(Evidence)), place
        assert evidence["note"].strip().endswith((".", '."')), place


def test_every_rule_has_a_name_of_its_own_a_sentence_and_evidence() -> None:
    rules = [(place, rule) for place, node in nodes(DOCUMENT) for rule in node.get("x-rules", ())]

    names = [rule["name"] for _, rule in rules]
    assert names
    assert sorted(set(names)) == sorted(names)
    for place, rule in rules:
        assert rule.keys() == {"name", "rule", "x-evidence"}, place
        assert rule["rule"].strip().endswith("."), rule["name"]


def test_every_operation_has_rules_or_is_plain_from_its_schema() -> None:
    assert [name for name, definition in OPERATIONS.items() if not definition.get("x-rules")] == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_documents_what_can_go_wrong(name: str) -> None:
    expected = {"200", "400", "404", "500"} | ({"413", "415"} if name in WITH_BODY else set())
    expected |= {"401"} if CONTRACT.operations[name].needs_key else set()

    assert set(OPERATIONS[name]["responses"]) == expected


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_has_a_title_which_clients_take_as_the_name_of_its_class(name: str) -> None:
    answer = CONTRACT.resolve(OPERATIONS[name]["responses"]["200"])

    assert re.fullmatch(r"([A-Z][a-z]+)+Response", answer["content"]["application/json"]["schema"]["title"])


@pytest.mark.parametrize("name", WITH_BODY)
def test_the_examples_of_an_operation_fit_its_schema(name: str) -> None:
    operation = CONTRACT.operations[name]
    assert operation.validator

    examples = OPERATIONS[name]["requestBody"]["content"]["application/json"]["examples"]

    assert examples
    for title, example in examples.items():
        assert operation.validator.is_valid(example["value"]), title


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_has_examples_that_fit_its_schema(name: str) -> None:
    operation = CONTRACT.operations[name]
    for status, answer in OPERATIONS[name]["responses"].items():
        media = CONTRACT.resolve(answer)["content"]["application/json"]

        examples = [one["value"] for one in media.get("examples", {}).values()] or [media["example"]]

        assert [CONTRACT.answer_errors(operation, int(status), example) for example in examples] == [[]] * len(examples)


def test_no_field_has_a_default_which_clients_would_send_on_every_update() -> None:
    assert [place for place, node in nodes(DOCUMENT) if "default" in node] == []


TABLES: dict[str, type[Scoped]] = {
    str(table.__tablename__): table for table in (*Scoped.__subclasses__(), *Purchase.__subclasses__())
}
# The figures belong to the ad; its set and campaign are the ad's own columns.
ELSEWHERE = {
    "ad_performance": {"adset": Ad, "adcampaign": Ad},
}


def fields_of(schema: Mapping[str, Any]) -> set[str]:
    """Return the properties of a schema, or of the alternatives of its `anyOf`."""
    shape = shape_of(schema, CONTRACT.resolve)
    return {field for form in (shape, *shape.forms.values()) for field in form.properties}


def stored_object(operation: str) -> tuple[str, Mapping[str, Any]]:
    """Return name and schema of the object in the operation's answer; the name is that of its table."""
    answer = CONTRACT.resolve(OPERATIONS[operation]["responses"]["200"])
    properties = answer["content"]["application/json"]["schema"]["properties"]
    (name,) = properties.keys() - {"status"}
    return str(name), properties[name]


@pytest.mark.parametrize("operation", WITH_BODY)
def test_every_field_of_a_body_has_a_column_and_is_answered(operation: str) -> None:
    name, answered = stored_object(operation)
    elsewhere = ELSEWHERE.get(name, {})

    fields = fields_of(body_schema(operation))

    assert fields
    for field in fields:
        assert field in elsewhere.get(field, TABLES[name]).model_fields, f"{field} has no column in {name}"
    assert fields - elsewhere.keys() <= fields_of(answered)


@pytest.mark.parametrize(
    ("schema", "table"),
    [("AdReference", Ad), ("AdSetReference", AdSet), ("AdCampaignReference", AdCampaign), ("TagObject", Tag)],
)
def test_every_field_of_a_named_object_has_a_column(schema: str, table: type[Scoped]) -> None:
    fields = fields_of(SCHEMAS[schema])
    if table is Tag:
        fields -= {"date"}  # since when the contact has the tag: it lies with the contact

    assert fields
    assert fields <= set(table.model_fields)


def test_every_field_of_a_line_item_is_answered() -> None:
    answered = shape_of(SCHEMAS["Invoice"], CONTRACT.resolve).properties["items"].items

    assert answered
    assert fields_of(SCHEMAS["InvoiceItemInput"]) <= answered.properties.keys()
