"""The pytest plugin beside a baseline: what is known of a client fails no test, what is new or expired does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from client_tests.checked.suites import Suite

pytest_plugins = ["pytester"]

INI = "segmetrics_baseline = known.yaml"
KNOWN = """
def test_odd(segmetrics):
    add(segmetrics, 1, colour="red")
    add(segmetrics, 1, email="nobody")

def test_good(segmetrics):
    add(segmetrics, 1, first_name="Ada")
"""
NEW = """
def test_new(segmetrics):
    post(segmetrics, "product", {"id": 1})
"""
EMAIL = {"code": "bad-value", "operation": "upsert_contact", "pointer": "/body/email"}
COLOUR = {"code": "unknown-field", "operation": "upsert_contact", "pointer": "/body/colour"}
NAME = {"code": "missing-field", "operation": "upsert_product", "pointer": "/body/name"}


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    # Suites of one name are run one after another.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return Suite(pytester, monkeypatch)


@pytest.fixture
def baseline(pytester: pytest.Pytester) -> Path:
    return pytester.path / "known.yaml"


def entries(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))["findings"]
    return found


def write(file: Path, *known: dict[str, Any], coverage: dict[str, list[str]] | None = None) -> None:
    file.write_text(yaml.safe_dump({"version": 1, "findings": list(known), "coverage": coverage or {}}), "utf-8")


def summary(result: pytest.RunResult) -> list[str]:
    """Return the lines about the baseline."""
    lines = iter(result.outlines)
    assert any("segmetrics: baseline" in line for line in lines)
    found = []
    for line in lines:
        if line.startswith("="):
            break
        found += [line] if line else []
    return found


def test_the_first_session_writes_the_baseline_and_passes(suite: Suite, baseline: Path) -> None:
    adopted = suite.run(KNOWN, ini=INI)
    again = suite.run(KNOWN, ini=INI)

    adopted.assert_outcomes(passed=2)
    assert entries(baseline) == [EMAIL, COLOUR]
    assert summary(adopted) == ["known.yaml is written", "known.yaml: 2 known findings"]
    again.assert_outcomes(passed=2)
    assert again.ret == 0
    assert summary(again) == ["known.yaml: 2 known findings"]


def test_a_test_fails_on_what_is_new_alone(suite: Suite, baseline: Path) -> None:
    suite.run(KNOWN, ini=INI)

    result = suite.run(KNOWN + NEW, ini=INI)

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_new*", "  upsert_product /body/name: *[[]missing-field[]]"]
    )
    result.stdout.no_fnmatch_line("*[[]bad-value[]]*")
    assert summary(result) == [
        "known.yaml: 2 known findings, 1 new (--segmetrics-baseline-update adds them)",
    ]
    assert entries(baseline) == [EMAIL, COLOUR]


@pytest.mark.slow
def test_an_expired_finding_fails_its_test_by_name_whatever_its_severity(suite: Suite, baseline: Path) -> None:
    write(baseline, EMAIL, {**COLOUR, "expires": "2020-01-31", "ticket": "SHOP-12"})

    result = suite.run(KNOWN, "--segmetrics-baseline-update", ini=INI)

    result.assert_outcomes(passed=2, errors=1)
    expired = "the baseline's entry unknown-field at upsert_contact /body/colour expired on 2020-01-31"
    result.stdout.fnmatch_lines([f"  upsert_contact /body/colour: *({expired}) [[]unknown-field[]]"])
    assert summary(result)[1:] == ["known.yaml: 1 known finding", expired]
    assert entries(baseline) == [EMAIL, {**COLOUR, "expires": "2020-01-31", "ticket": "SHOP-12"}]


@pytest.mark.slow
def test_an_update_adds_and_pruning_drops_what_the_session_could_have_met(suite: Suite, baseline: Path) -> None:
    elsewhere = {"code": "not-found", "operation": "delete_invoice", "pointer": "/path/id"}
    of_contract = {"code": "contract/bad-data-400", "operation": "upsert_contact", "pointer": "/"}
    write(baseline, EMAIL, COLOUR, elsewhere, of_contract)
    mended = KNOWN.replace(', email="nobody"', "") + NEW

    added = suite.run(mended, "--segmetrics-baseline-update", ini=INI)
    after_update = entries(baseline)
    pruned = suite.run(mended, "--segmetrics-baseline-prune", ini=INI)

    for result in (added, pruned):
        result.assert_outcomes(passed=3)
    assert after_update == [elsewhere, EMAIL, COLOUR, NAME, of_contract]
    assert summary(added)[1] == (
        "known.yaml: 2 known findings, 2 not met any more (--segmetrics-baseline-prune drops them)"
    )
    assert entries(baseline) == [elsewhere, COLOUR, NAME, of_contract]


@pytest.mark.slow
def test_workers_send_what_they_found_to_the_one_that_writes(suite: Suite) -> None:
    tests = """
@pytest.mark.parametrize("number", range(8))
def test_it(segmetrics, number):
    add(segmetrics, 1, **{f"field_{number}": 1, "utm_source" if number else "utm_term": "x"})
    post(segmetrics, "product", {"id": 1, "name": number})
"""
    two = ("-p", "xdist", "-n", "2")

    adopted = suite.run(tests, *two, ini=INI)
    again = suite.run(tests, ini=INI)
    new = suite.run(tests + NEW, *two, ini=INI)
    fallen = suite.run(tests.replace("utm_term", "utm_source"), *two, ini=INI)

    adopted.assert_outcomes(passed=8)
    assert summary(adopted) == ["known.yaml is written", "known.yaml: 9 known findings"]
    again.assert_outcomes(passed=8)
    assert summary(again) == ["known.yaml: 9 known findings"]
    new.assert_outcomes(passed=9, errors=1)
    assert fallen.ret == 1
    assert summary(fallen)[1].endswith(": upsert_contact lost /body/utm_term")


@pytest.mark.slow
def test_what_a_test_allows_is_not_in_the_baseline_and_what_came_before_a_seed_is(suite: Suite, baseline: Path) -> None:
    result = suite.run(
        """
@pytest.mark.segmetrics(allow=["bad-value"])
def test_allowed(segmetrics):
    add(segmetrics, 1, email="nobody")
    add(segmetrics, 1, colour="red")

def test_seed(segmetrics):
    post(segmetrics, "product", {"id": 1})
    segmetrics.seed("demo")
    post(segmetrics, "nothing", {})
""",
        ini=INI,
    )

    result.assert_outcomes(passed=2)
    no_operation = {"code": "unknown-path", "operation": None, "pointer": "/path"}
    assert entries(baseline) == [no_operation, COLOUR, NAME]


FULL = """
def test_one(segmetrics):
    add(segmetrics, 1, utm_source="news")

def test_two(segmetrics):
    add(segmetrics, 1, last_name="Lovelace")
    assert FINE
"""


@pytest.mark.slow
def test_fallen_coverage_fails_a_session_of_all_tests(suite: Suite, baseline: Path) -> None:
    suite.run(f"FINE = True{FULL}", ini=INI)
    less = f"FINE = True{FULL}".replace('utm_source="news"', 'first_name="Ada"')

    fallen = suite.run(less, ini=INI)
    of_folder = suite.run(less, ".", ini=INI)

    for result in (fallen, of_folder):
        result.assert_outcomes(passed=2)
        assert result.ret == 1
        (line,) = summary(result)[1:]
        assert line.startswith("coverage ")
        assert line.endswith(": upsert_contact lost /body/utm_source")
    assert "/body/utm_source" in baseline.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ("-k", "two"),
        ("-m", "not slow"),
        ("--deselect", "test_shop.py::test_one"),
        ("test_shop.py::test_two",),
        ("test_shop.py",),
        ("-k", "two", "-p", "xdist", "-n", "2"),
        ("--ignore", "elsewhere"),
    ],
    ids=" ".join,
)
def test_a_part_of_the_tests_says_nothing_of_the_coverage_and_drops_nothing(
    suite: Suite, baseline: Path, options: tuple[str, ...]
) -> None:
    marked = f"FINE = True{FULL}".replace("def test_one", "@pytest.mark.slow\ndef test_one")
    ini = f"{INI}\nmarkers =\n  slow: slow"
    coverage = {"upsert_contact": ["/body/utm_source", "/body/utm_term", "call"]}
    write(baseline, EMAIL, coverage=coverage)

    part = suite.run(marked, *options, ini=ini)
    pruned = suite.run(marked, *options, "--segmetrics-baseline-prune", ini=ini)

    assert (part.ret, pruned.ret) == (0, 0)
    assert summary(part) == ["known.yaml: 0 known findings"]
    assert summary(pruned) == [
        "known.yaml is written; nothing is dropped from it, because not all tests were run",
        "known.yaml: 0 known findings",
    ]
    assert entries(baseline) == [EMAIL]
    kept = yaml.safe_load(baseline.read_text("utf-8"))["coverage"]["upsert_contact"]
    assert {"/body/utm_term", "/body/last_name"} <= set(kept)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-x",)], ids=["to the end", "stopped"])
def test_a_session_with_tests_that_fail_by_themselves_writes_nothing_and_says_why(
    suite: Suite, baseline: Path, options: tuple[str, ...]
) -> None:
    result = suite.run(f"FINE = False{FULL}", *options, ini=INI)

    result.assert_outcomes(passed=1, failed=1)
    why = "the session was stopped" if options else "1 test failed by itself"
    assert summary(result)[0] == f"known.yaml is not written: {why}"
    assert not baseline.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "options", "ini", "why"),
    [
        ("findings: [", (), INI, "is not YAML"),
        ("version: 2\nfindings: []", (), INI, "cannot be used: version"),
        ("version: 1\nfindings: []", ("--segmetrics-baseline-prune",), "", "segmetrics_baseline = FILE"),
        ("version: 1\nfindings: []", (), "segmetrics_baseline = no/folder/known.yaml", "its folder does not exist"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_named_before_the_first_test(
    suite: Suite, baseline: Path, text: str, options: tuple[str, ...], ini: str, why: str
) -> None:
    baseline.write_text(text, "utf-8")

    result = suite.run(KNOWN, *options, ini=ini)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{why}*"])
