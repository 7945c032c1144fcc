"""A user's own dataset file: what it can contain, and errors that name their line."""

import re
from pathlib import Path

import httpx
import pytest

from client_tests.sandbox import Sandbox
from client_tests.serving import ended, served
from mock_server.datasets.yaml_lines import parse

pytestmark = pytest.mark.slow


def error_of(path: Path, text: str) -> str:
    """What `serve` says about a file with this text."""
    path.write_text(text, "utf-8")
    run = ended("serve", "--port", "0", "--dataset", str(path))
    assert run.returncode == 2, run
    assert "Traceback" not in run.stderr
    return run.stderr.replace(str(path), path.name)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return tmp_path / "shop.yaml"


def test_an_own_file_is_served(shop: Path, http: httpx.Client) -> None:
    shop.write_text(
        """
today: 2026-03-01
payments:
  upsert_contact:
    - {contact_id: 1, first_name: yes, date_created: !today -1 16:15:00+01:00}
recipe:
  contacts: {count: 5, sources: [{utm_source: letter}]}
"""
    )

    with served("--dataset", str(shop)) as server:
        first, *others = Sandbox.default(server.origin, http).state()["contacts"]

    assert first["first_name"] == "yes"
    assert first["date_created"] == "2026-02-28T15:15:00+00:00"
    assert [contact["utm_source"] for contact in others] == ["letter"] * 5


def test_the_example_of_the_documentation_is_served(shop: Path, http: httpx.Client) -> None:
    page = (Path(__file__).parents[1] / "docs" / "data.md").read_text("utf-8")
    (example,) = re.findall(r"^```yaml\n(today: .*?)^```", page, re.DOTALL | re.MULTILINE)
    shop.write_text(example, "utf-8")

    with served("--dataset", str(shop)) as server:
        stored = Sandbox.default(server.origin, http).state()

    assert [contact["email"] for contact in stored["contacts"]] == ["ada@example.org"]
    assert [order["contact_id"] for order in stored["invoices"]] == ["1"]
    assert [figure["date"] for figure in stored["ad_performance"]] == ["2026-06-29"]


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("", 1, ["a dataset is a mapping"]),
        ("today: 2026-06-30\npayments: [\n", 3, ["this is not YAML"]),
        ("about: x\n", 1, ["has no 'today'", "add `today: '2026-06-30'`"]),
        ("today: 2026-02-30\n", 1, ["'today' is '2026-02-30'", "write a day such as"]),
        ("today: 2026-06-30\npaiments: {}\n", 2, ["no key 'paiments'", "did you mean 'payments'?"]),
        ("today: 2026-06-30\npayments:\n  delete_contact: []\n", 3, ["payments has no key 'delete_contact'"]),
        ("today: 2026-06-30\ntoday: 2026-06-30\n", 2, ["the key 'today' occurs twice"]),
        ("today: 2026-06-30\nabout: !file x\n", 2, ["the tag !file is unknown"]),
        ("today: 2026-06-30\nabout: !today soon\n", 2, ["'!today soon' cannot be read", "!today -30 16:15:00"]),
        ("today: 2026-06-30\nrecipe:\n  contacts:\n    count: many\n", 4, ["'recipe.contacts.count' cannot be used"]),
        ("today: 2026-06-30\nrecipe:\n  orders: {count: 1, products: []}\n", 3, ["recipe.orders.products"]),
        (
            "today: 2026-06-30\npayments:\n  upsert_contact:\n    - contact_id: 1\n      emial: a@example.org\n",
            5,
            ["upsert_contact", "emial"],
        ),
        (
            "today: 2026-06-30\npayments:\n  upsert_contact:\n    - {contact_id: 1}\n    - email: nobody\n",
            5,
            ["upsert_contact", "'email' is \"nobody\"", "one @"],
        ),
        ("today: 2026-06-30\npayments:\n  upsert_product:\n    - id: 1\n", 4, ["missing 'name' field"]),
        (
            "today: 2026-06-30\npayments:\n  add_tags:\n    - {contact_id: 1, tags: [VIP]}\n",
            4,
            ["contact '1' does not exist in this integration", "Create it"],
        ),
        (
            "today: 2026-06-30\nrecipe:\n  contacts:\n    count: 1\n    sources: [{}]\n    tags: {'': 1}\n",
            2,
            ["the recipe generates a payload for upsert_contact that breaks the contract"],
        ),
        ("a: &a [*a]\n", 1, ["nests deeper than 64 levels"]),
    ],
)
def test_an_error_names_file_line_and_remedy(shop: Path, text: str, line: int, parts: list[str]) -> None:
    message = error_of(shop, text)

    assert f"shop.yaml, line {line}: " in message
    assert all(part in message for part in parts), message


def test_all_mistakes_are_listed_at_once_in_the_files_order(shop: Path) -> None:
    wrong = "".join(f"    - {{id: {number}}}\n" for number in range(12))

    message = error_of(shop, f"today: 2026-06-30\npayments:\n  upsert_product:\n{wrong}")

    lines = message.splitlines()
    assert len(lines) == 11
    assert "line 4: " in lines[0]
    assert "line 13: " in lines[9]
    assert lines[10] == "and 2 more errors"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nothing", "'nothing' is not a dataset; use one of empty, demo, edge-cases, large, or name a .yaml file"),
        ("missing.yaml", "the dataset missing.yaml cannot be read: No such file or directory; check its path"),
    ],
)
def test_a_dataset_that_does_not_exist_is_an_error(name: str, text: str) -> None:
    run = ended("serve", "--port", "0", "--dataset", name)

    assert (run.returncode, run.stderr) == (2, f"segmetrics-mock: {text}\n")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *(("000000123", "000000123"), ("02142", "02142"), ("1.10", "1.10"), ("1e3", "1e3"), ("0x10", "0x10")),
        *(("yes", "yes"), ("+5", "+5"), ("1_000", "1_000"), ("-0", "-0"), (".5", ".5"), ("12:30", "12:30")),
        *(("7", 7), ("-7", -7), ("0", 0), ("0.5", 0.5), ("-1.25", -1.25), ("true", True), ("9" * 30, "9" * 30)),
    ],
)
def test_a_plain_scalar_is_a_number_only_where_the_number_is_written_so(written: str, read: object) -> None:
    value = parse(f"today: 2026-06-30\nvalue: {written}\n", None).value["value"]

    assert (value, type(value)) == (read, type(read))


def test_leading_zeros_of_ids_and_custom_fields_are_stored(http: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "zeros.yaml"
    contact = "{contact_id: 000000123, custom_fields: {Zip: 02142, Version: 1.10}}"
    file.write_text(f"today: 2026-06-30\npayments:\n  upsert_contact:\n    - {contact}\n", "utf-8")

    with served("--dataset", str(file)) as server:
        (stored,) = Sandbox.default(server.origin, http).state()["contacts"]

    assert stored["contact_id"] == "000000123"
    assert stored["custom_fields"] == {"Zip": "02142", "Version": "1.10"}
