"""What a client under `check` relies on: data keep their form, orders find contacts, answers can be sent again."""

import sys
from pathlib import Path

import pytest

from client_tests.checked import Checked, checked

pytestmark = pytest.mark.slow

CLIENT = """
import json, os, urllib.request

def post(path, body, integration="INTEGRATION"):
    account, key = os.environ["SEGMETRICS_ACCOUNT_ID"], os.environ["SEGMETRICS_API_KEY"]
    url = f"{os.environ['SEGMETRICS_BASE_URL']}/v1/{account}/{os.environ[f'SEGMETRICS_{integration}_ID']}/{path}"
    headers = {"Content-Type": "application/json", "Authorization": key}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)

ITEM = {"name": "Course", "product_id": "p", "amount": 4900}
ORDER = {"id": "o-1", "amount": 4900, "paid": 4900, "date_created": "2018-10-02T16:15:00Z", "items": [ITEM]}
"""


def check(folder: Path, script: str, *options: str | Path) -> Checked:
    return checked(folder, [sys.executable, "-c", CLIENT + script], *options)


def test_ids_of_a_dataset_keep_their_leading_zeros(tmp_path: Path) -> None:
    dataset = tmp_path / "shop.yaml"
    contact = "{contact_id: 000123, email: ada@example.org}"
    dataset.write_text(f"today: 2026-06-30\npayments:\n  upsert_contact:\n    - {contact}\n", "utf-8")

    found = check(tmp_path, 'post("invoice", {**ORDER, "contact_id": "000123"})', "--dataset", dataset)

    assert found.code == 0, found.stdout


def test_a_contact_of_another_integration_counts_for_an_order(tmp_path: Path) -> None:
    script = 'post("contact", {"contact_id": 1}, "ADS_INTEGRATION")\npost("invoice", {**ORDER, "contact_id": 1})'

    found = check(tmp_path, script)

    assert found.code == 0, found.stdout


def test_what_is_answered_can_be_sent_again_unchanged(tmp_path: Path) -> None:
    script = """
contact = post("contact", {"contact_id": 1, "email": "ada@example.org", "tags": ["Buyer"]})["contact"]
order = post("invoice", {**ORDER, "contact_id": 1})["invoice"]
assert post("contact", contact)["contact"] == contact
assert post("invoice", order)["invoice"] == order
"""

    found = check(tmp_path, script)

    assert found.code == 0, found.stdout
    assert found.report["findings"] == []


@pytest.mark.parametrize("isolate", ["auto", "never"])
def test_a_client_ends_quietly_when_nobody_reads_its_pipe(tmp_path: Path, isolate: str) -> None:
    """Python ignores SIGPIPE, and a program that it starts would, too: it then complains of a broken pipe."""
    found = checked(tmp_path, ["sh", "-c", "yes | head -1"], "--isolate", isolate)

    assert "y\n" in found.stdout
    assert "pipe" not in found.stderr
