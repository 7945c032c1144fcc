"""A client that imports, reads and tracks, with the three production hosts baked in, is judged on all of them."""

from pathlib import Path

import pytest

from client_tests.checked import checked, client
from client_tests.isolated import needs_namespaces

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("isolate", [pytest.param("always", marks=needs_namespaces), "never"])
def test_what_is_right_on_all_three_hosts_is_clean(tmp_path: Path, isolate: str) -> None:
    ended = checked(tmp_path, client("three_hosts", "good"), "--isolate", isolate)

    assert ended.code == 0, ended.stdout + ended.stderr
    assert ended.stdout.split()[:3] == ["200"] * 3
    assert ended.report["findings"] == ended.report["foreign_hosts"] == []
    covered = ended.report["coverage"]["operations"]
    assert [name for name, one in covered.items() if one["requests"]] == ["upsert_contact", "read_contact", "identify"]
    assert {"/query/extend/*=tags", "/query/extend/*=orders"} <= covered["read_contact"]["fields"].keys()


def test_what_is_wrong_on_any_of_them_is_found(tmp_path: Path) -> None:
    ended = checked(tmp_path, client("three_hosts", "bad"), "--report-html", tmp_path / "report.html")

    assert ended.code == 1
    assert ended.stdout.split()[:5] == ["400", "400", "501", "200", "400"]
    found = {(one["operation"], one["code"], one["pointer"]) for one in ended.report["findings"]}
    assert found == {
        ("upsert_contact", "bad-value", "/body/email"),
        ("read_contact", "bad-value", "/query/extend/1"),
        (None, "not-played", "/path"),
        ("identify", "former-name", "/query/account_id"),
        ("identify", "former-name", "/query/email"),
        ("identify", "missing-field", "/query/e"),
    }
    assert ended.report["foreign_hosts"] == []
    assert "The lists are `events`, `tags`" in ended.stdout
    assert "http://127.0.0.1:8642/reading/demo/contact/1?extend=tags%2Cnotes'" in ended.stdout
    assert "'http://127.0.0.1:8642/tracking/identify?a=demo'" in ended.stdout
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<mark>extend=tags%2Cnotes</mark>" in page
    (extend,) = [one for one in ended.report["findings"] if one["operation"] == "read_contact"]
    assert (extend["sent"], extend["expected"][:9]) == ('"notes"', "The lists")
