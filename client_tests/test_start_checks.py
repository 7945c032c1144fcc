"""Mismatches of contract and code are named at start; a handler that fails after a write stores nothing.

Each test changes a copy of the checkout in one place.
"""

import copy
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from client_tests.bodies import ORDER
from client_tests.postgres import POSTGRES, fresh_schema
from client_tests.raw import connect, parsed, received
from client_tests.sandbox import Sandbox, errors_of
from client_tests.serving import ended, served
from mock_server.store.database import open_database
from mock_server.store.orders import PRODUCTS

ROOT = Path(__file__).parents[1]
DOCUMENT: Any = yaml.load((ROOT / "openapi.yaml").read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
TABLE, FINDINGS, TABLES = "mock_server/operations/table.py", "mock_server/findings.py", "mock_server/store/tables.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy `mock_server` and openapi.yaml into a folder."""
    # With the compiled modules, which halves a start; `*.pyc.*` are those that another process is just writing.
    shutil.copytree(ROOT / "mock_server", tmp_path / "mock_server", ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copy(ROOT / "openapi.yaml", tmp_path)
    return tmp_path


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, f"{file.name} does not contain {old!r}; adapt the test"
    file.write_text(text.replace(old, new), "utf-8")


def add_phone(checkout: Path, *schemas: str) -> None:
    """Give the objects of some of the schemas the field `phone`; of several forms, the one that is an object."""
    document = copy.deepcopy(DOCUMENT)
    for name in schemas:
        schema = document["components"]["schemas"][name]
        (described,) = (form for form in (schema, *schema.get("anyOf", ())) if "properties" in form)
        described["properties"]["phone"] = {"type": "string"}
    (checkout / "openapi.yaml").write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def mistakes_at_start(checkout: Path) -> str:
    """Start the server, which must end with one line about what does not fit together; return its text."""
    run = ended("serve", "--port", "0", cwd=checkout)
    assert (run.returncode, run.stdout) == (1, ""), run.stderr
    (line,) = run.stderr.splitlines()
    found = re.fullmatch("segmetrics-mock: openapi.yaml and the code do not fit together: (.*)", line)
    assert found, line
    return found[1]


def bodies() -> dict[str, str]:
    """Return the names of the operations that have a body, and of its schema."""
    return {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[
            -1
        ]
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    }


# The places of the objects within bodies, by their schema.
NESTED = {
    "TagObject": [f"{operation} /body/tags/*" for operation in ("upsert_contact", "add_tags", "remove_tags")],
    "AdReference": ["record_ad_performance /body/ad"],
    "AdSetReference": [f"record_ad_performance /body/{place}" for place in ("adset", "ad/adset")],
    "AdCampaignReference": [
        f"record_ad_performance /body/{place}"
        for place in ("adcampaign", "adset/adcampaign", "ad/adcampaign", "ad/adset/adcampaign")
    ],
}


def test_each_field_without_a_column_is_named_once_at_start(checkout: Path) -> None:
    add_phone(checkout, *bodies().values(), *NESTED)

    text = mistakes_at_start(checkout)

    found = re.findall(r"(\w+) takes the field (\S+), which nothing stores; give (?:the|a) table", text)
    objects = [*(f"{operation} /body" for operation in bodies()), *itertools.chain(*NESTED.values())]
    assert sorted(map(" ".join, found)) == sorted(f"{place}/phone" for place in objects)


def test_a_new_field_of_a_line_item_is_stored_and_answered(checkout: Path, http: httpx.Client) -> None:
    add_phone(checkout, "InvoiceItemInput")
    item = {**ORDER["items"][0], "phone": "555-0100"}

    with served("--check-answers", cwd=checkout) as server:
        sandbox = Sandbox.default(server.origin, http)
        answer = sandbox.stored("invoice", {**ORDER, "email": "ada@example.org", "items": [item]})
        (stored,) = sandbox.state()["invoices"]

    assert answer["invoice"]["items"][0]["phone"] == "555-0100"
    assert stored["items"][0]["phone"] == "555-0100"


ELEVENTH = """
paths:
  /v1/{account_id}/{integration_id}/refund:
    post:
      operationId: refund
      responses: {}
"""
CHANGES = {
    "a field without a column": (
        "openapi.yaml",
        "    ProductInput:\n      type: object\n      required: [id, name]\n      properties:\n",
        "    ProductInput:\n      type: object\n      properties:\n        phone: {type: string}\n",
        "upsert_product takes the field /body/phone, which nothing stores; give the table product"
        " a column 'phone', or say in operations/table.py where it is kept",
    ),
    "an operation without a row": (
        "openapi.yaml",
        "\npaths:\n",
        ELEVENTH,
        "the operation refund has no row in operations/table.py",
    ),
    "a row without an operation": (
        TABLE,
        "OPERATIONS: dict[str, Behaviour] = {",
        'OPERATIONS: dict[str, Behaviour] = {\n    "credit": Behaviour(invoices.delete_invoice),',
        "operations/table.py has a row credit, but no operation",
    ),
    "a warning outside the catalogue": (
        TABLE,
        '"tags-dropped":',
        '"tags-lost":',
        "upsert_contact: the finding tags-lost is not in the catalogue of findings.py",
    ),
    "a rule that the document does not have": (
        FINDINGS,
        '"tags-replaced"',
        '"tags-swapped"',
        "findings.py: tags-dropped names the rule tags-swapped, which openapi.yaml does not have",
    ),
    "a rule that the document lost": (
        "openapi.yaml",
        "name: tags-replaced",
        "name: tags-swapped",
        "findings.py: tags-dropped names the rule tags-replaced, which openapi.yaml does not have",
    ),
    "an unknown kind of integration": (
        "openapi.yaml",
        "x-integration: ads",
        "x-integration: shop",
        "record_ad_performance: x-integration is 'shop'; use payments or ads",
    ),
    "a value of an enum that the handler does not know": (
        "openapi.yaml",
        "enum: [events, tags, orders, subscriptions, lists, companies]",
        "enum: [events, tags, orders, subscriptions, lists, companies, notes]",
        "read_contact: 'notes' is a value of /query/extend/* in openapi.yaml or in the handler alone",
    ),
    "a field whose column has another name": (
        TABLES,
        "    first_name:",
        "    given_name:",
        "upsert_contact takes the field /body/first_name, which nothing stores; give the table contact"
        " a column 'first_name', or say in operations/table.py where it is kept",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new", "mistake"), CHANGES.values(), ids=CHANGES)
def test_what_does_not_fit_together_is_named_at_start(
    checkout: Path, file: str, old: str, new: str, mistake: str
) -> None:
    replace(checkout / file, old, new)

    text = mistakes_at_start(checkout)

    assert text == mistake


def test_all_mistakes_are_named_at_once(checkout: Path) -> None:
    for file, old, new, _ in CHANGES.values():
        if old != "name: tags-replaced":  # the catalogue's side of the same rule is changed already
            replace(checkout / file, old, new)

    text = mistakes_at_start(checkout)

    for *_, mistake in CHANGES.values():
        assert (mistake in text) == ("the rule tags-replaced" not in mistake)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column"), [("Contact", "email_key"), ("Tag", "has_own_id"), ("Sequence", "ids_made")]
)
def test_a_column_of_another_name_is_an_error_at_import(checkout: Path, table: str, column: str) -> None:
    tables = checkout / TABLES
    source = tables.read_text("utf-8")
    (definition,) = re.findall(rf"^class {table}\(.*?(?=\nclass )", source, re.MULTILINE | re.DOTALL)
    tables.write_text(source.replace(definition, definition.replace(column, "renamed")), "utf-8")

    run = subprocess.run(
        [sys.executable, "-c", "import mock_server.web.app"], cwd=checkout, capture_output=True, text=True, timeout=60
    )

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == f"AttributeError: {column}"


@pytest.mark.parametrize("is_update", [False, True], ids=["a new row", "an update"])
def test_a_column_that_the_table_does_not_have_is_not_stored(is_update: bool) -> None:
    database = open_database()
    with database.transaction() as unscoped:
        session = unscoped.scoped_to(1, "payments")
        before = PRODUCTS.put(session, None, {"id": "8", "name": "Holocron"}) if is_update else None

        with pytest.raises(ValueError, match=r"^product has no column \['colour', 'phone'\]$"):
            PRODUCTS.put(session, before, {"id": "8", "name": "Robe", "phone": "555-0100", "colour": "blue"})

        assert PRODUCTS.find(session, "8") == before
    database.close()


# Appended to operations/products.py: the handler stores the product, and then fails where its name says so.
FAILING_LATE = """

from mock_server.errors import ApiError

_stored = upsert_product


def upsert_product(call: Call, session: Session) -> Answer:
    answer = _stored(call, session)
    if call.body["name"] == "refused":
        raise ApiError(400, "late")
    if call.body["name"] == "broken":
        raise LookupError("late")
    return answer
"""
SETUPS = ["sqlite", "sqlite --check-answers"]
SETUPS += [setup.replace("sqlite", "postgresql") for setup in SETUPS] if POSTGRES else []


@pytest.fixture(params=SETUPS)
def failing_late(request: pytest.FixtureRequest, checkout: Path, http: httpx.Client) -> Iterator[Sandbox]:
    """Serve an account whose products are refused, or fail, after they were written."""
    with (checkout / "mock_server/operations/products.py").open("a", encoding="utf-8") as products:
        products.write(FAILING_LATE)
    database, *options = request.param.split()
    with nullcontext("") if database == "sqlite" else fresh_schema() as location:
        with served("--database", location, *options, cwd=checkout) as server:
            yield Sandbox.default(server.origin, http)


def test_of_a_call_that_is_refused_after_a_write_nothing_is_stored(failing_late: Sandbox) -> None:
    failing_late.stored("product", {"id": "8", "name": "Holocron"})

    texts = failing_late.refused(400, "product", {"id": "8", "name": "refused"})
    new_texts = failing_late.refused(400, "product", {"id": "9", "name": "refused"})
    failing_late.stored("product", {"id": "9", "name": "Robe"})

    assert texts == new_texts == ["late"]
    assert names(failing_late) == {"8": "Holocron", "9": "Robe"}
    assert [entry["answer"]["status"] for entry in failing_late.requests()] == [200, 400, 400, 200]


@pytest.mark.slow
def test_a_call_that_fails_after_a_write_leaves_those_of_its_moment_alone(failing_late: Sandbox) -> None:
    broken = {"3", "8", "13", "18"}
    ids = [str(number) for number in range(20)]

    answers = posted_at_once(
        failing_late, [{"id": id, "name": "broken" if id in broken else f"Product {id}"} for id in ids]
    )

    for id, answer in zip(ids, answers, strict=True):
        if id in broken:
            assert answer.status_code == 500
            assert errors_of(answer) == [
                "the fake failed, a bug of it: nothing was stored. Its terminal has the details; please report them"
            ]
        else:
            assert answer.status_code == 200
            assert answer.json() == {"status": "success", "product": {"id": id, "name": f"Product {id}"}}
    assert names(failing_late) == {id: f"Product {id}" for id in ids if id not in broken}
    failing_late.stored("product", {"id": "3", "name": "Robe"})


# Appended to web/masked.py: an exchange with a certain unknown field fails when its operation is carried out already.
FAILING_LATER = """

_shown = findings_without


def findings_without(findings: Sequence[Finding], keys: Keys) -> tuple[Finding, ...]:
    if any(finding.pointer == "/body/broken" for finding in findings):
        raise LookupError("later")
    return _shown(findings, keys)
"""


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def test_a_bug_beside_the_operation_takes_no_other_call_with_it(
    database: str, checkout: Path, http: httpx.Client, tmp_path: Path
) -> None:
    """A bug in one call made 4,586 calls of the same moments fail and left them out of the journal."""
    with (checkout / "mock_server/web/masked.py").open("a", encoding="utf-8") as masked:
        masked.write(FAILING_LATER)
    bodies = [{"id": str(number), "name": "Robe"} | ({} if number % 5 else {"broken": "1"}) for number in range(40)]
    with nullcontext("") if database == "sqlite" else fresh_schema() as location:
        with (
            (tmp_path / "printed").open("w", encoding="utf-8") as errors,
            served("--database", location, cwd=checkout, stderr=errors) as server,
        ):
            sandbox = Sandbox.default(server.origin, http)
            answers = posted_at_once(sandbox, bodies)
            stored, journal = names(sandbox), sandbox.requests()
            sandbox.send("POST", f"product?note={sandbox.api_key}", json=bodies[0])

    assert [answer.status_code for answer in answers] == [500 if "broken" in body else 200 for body in bodies]
    assert stored.keys() == {body["id"] for body in bodies if "broken" not in body}
    assert sorted(entry["answer"]["status"] for entry in journal) == [200] * 32 + [500] * 8
    printed = (tmp_path / "printed").read_text("utf-8")
    assert "/product?note=…6789 failed" in printed
    assert sandbox.api_key not in printed


def names(sandbox: Sandbox) -> dict[str, str]:
    """Return the names of the stored products by their ids."""
    return {product["id"]: product["name"] for product in sandbox.state()["products"]}


def posted_at_once(sandbox: Sandbox, products: list[dict[str, str]]) -> list[httpx.Response]:
    """Post each product on a connection of its own, all of which are open before the first byte is sent."""
    connections = [connect(sandbox.origin) for _ in products]
    try:
        for connection, product in zip(connections, products, strict=True):
            body = json.dumps(product).encode()
            lines = [
                f"POST {httpx.URL(sandbox.url('product')).path} HTTP/1.1",
                "Host: localhost",
                f"Authorization: {sandbox.api_key}",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                "Connection: close",
            ]
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return [parsed(received(connection)) for connection in connections]
    finally:
        for connection in connections:
            connection.close()
