"""Mistakes that lose or change what a client sends, under `check`."""

from pathlib import Path

import pytest

from client_tests.checked import checked, client

pytestmark = pytest.mark.slow


def test_units_copied_emails_and_prefixes_are_found_with_their_evidence(tmp_path: Path) -> None:
    ended = checked(tmp_path, client("mistaken", "units"), "--isolate", "never")

    findings = [one for one in ended.report["findings"] if one["severity"] != "notice"]
    assert {(one["code"], one["pointer"], one["evidence"]) for one in findings} == {
        ("key-prefix", "/headers/authorization", "documented"),
        ("invisible-character", "/body/email", "assumed"),
        ("misspelled-field", "/body/frist_name", "client"),
        ("decimal-money", "/body/amount", "assumed"),
        ("decimal-money", "/body/paid", "assumed"),
        ("decimal-money", "/body/items/0/amount", "assumed"),
        ("unmatched-email", "/body/email", "documented"),
    }
    assert ended.code == 1


def test_lenient_mode_accepts_the_values_of_a_form_and_still_fails(tmp_path: Path) -> None:
    ended = checked(tmp_path, client("mistaken", "values"), "--isolate", "never", "--mode", "lenient")

    assert {(one["code"], one["evidence"]) for one in ended.report["findings"]} == {("bad-value", "assumed")}
    statuses = ended.report["coverage"]["operations"]["upsert_invoice"]["statuses"]
    assert {status for status, count in statuses.items() if count} == {"200"}
    assert ended.code == 1
