"""What the pytest plugin reports: which tests fail, why, and what the run covered."""

import pytest

from client_tests.checked.suites import Suite, exercised

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    return Suite(pytester, monkeypatch)


def test_a_broken_contract_fails_the_test_in_its_teardown_and_says_why(suite: Suite) -> None:
    result = suite.run("""
def test_values(segmetrics):
    for _ in range(2):
        add(segmetrics, 1, email="nobody", date_created="yesterday")

def test_near_miss(segmetrics):
    post(segmetrics, "contacts", {})

def test_good(segmetrics):
    add(segmetrics, 1)
""")

    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_values*",
            "the client broke the contract",
            "  upsert_contact /body/date_created: 'date_created' is \"yesterday\"*(2 times)",
            "*ERROR at teardown of test_near_miss*",
            "the client broke the contract",
            "  /path: there is no POST */contacts; the closest operation is POST */contact [[]unknown-path[]]",
        ]
    )


def test_a_test_that_fails_by_itself_shows_its_findings_too(suite: Suite) -> None:
    result = suite.run("""
def test_it(segmetrics):
    assert add(segmetrics, 1, email="nobody").status == 200
""")

    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*assert 400 == 200*"])
    result.stdout.fnmatch_lines(["  upsert_contact /body/email: *[[]bad-value[]]"])


def test_the_marker_sets_the_mode_and_what_is_allowed(suite: Suite) -> None:
    result = suite.run("""
ORDER = {"id": "1", "name": 7}

@pytest.mark.segmetrics(allow=["bad-value"])
def test_expected(segmetrics):
    assert post(segmetrics, "product", ORDER).status == 400

@pytest.mark.segmetrics(allow=["missing-field"])
def test_another_expected(segmetrics):
    assert post(segmetrics, "product", ORDER).status == 400

@pytest.mark.segmetrics(mode="lenient", allow=["bad-value"])
class TestLenient:
    def test_it(self, segmetrics):
        assert add(segmetrics, 1, tags="New Lead").status == 200
        assert [tag["name"] for tag in segmetrics.contacts[0]["tags"]] == ["New Lead"]

@pytest.mark.segmetrics(mode="loose")
def test_mode(segmetrics):
    raise AssertionError("is not reached")

@pytest.mark.segmetrics(alow=["bad-value"])
def test_typo(segmetrics):
    raise AssertionError("is not reached")
""")

    result.assert_outcomes(passed=3, errors=3)
    result.stdout.fnmatch_lines(["*at teardown of test_another_expected*"])
    result.stdout.fnmatch_lines(["*'mode'*loose*strict*lenient*"])
    result.stdout.fnmatch_lines(["*alow*"])


WARNED = """
def test_it(segmetrics):
    add(segmetrics, 1, email="ada@example.org")
    add(segmetrics, 2, email="ada@example.org")
"""
NOTICED = """
def test_it(segmetrics):
    add(segmetrics, 1, colour="red")
"""
BROKEN = """
def test_it(segmetrics):
    add(segmetrics, 1, email="nobody")
"""


@pytest.mark.parametrize(
    ("fail_on", "tests", "errors"),
    [
        ("violation", WARNED, 0),
        ("warning", WARNED, 1),
        ("warning", BROKEN, 1),
        ("never", BROKEN, 0),
        ("warning", NOTICED, 0),
        ("notice", NOTICED, 1),
    ],
    ids=[
        *("a warning passes", "a warning fails", "so does a violation", "a violation passes"),
        *("a notice passes", "a notice fails"),
    ],
)
def test_the_ini_option_says_what_fails(fail_on: str, tests: str, errors: int, suite: Suite) -> None:
    result = suite.run(tests, ini=f"segmetrics_fail_on = {fail_on}")

    result.assert_outcomes(passed=1, errors=errors)


def test_another_value_of_the_ini_option_is_misuse(suite: Suite) -> None:
    result = suite.run(BROKEN, ini="segmetrics_fail_on = error")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: segmetrics_fail_on must be one of violation, warning, notice, never*"])


def test_a_failure_that_the_client_never_tries_again_is_a_warning(suite: Suite) -> None:
    result = suite.run(
        """
def test_it(segmetrics):
    segmetrics.fail_next("upsert_contact")
    add(segmetrics, 1)
""",
        ini="segmetrics_fail_on = warning",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["  upsert_contact /answer: *[[]no-retry[]]"])


def test_the_summary_shows_what_the_run_exercised(suite: Suite) -> None:
    result = suite.run("""
def test_name(segmetrics):
    add(segmetrics, 1, first_name="Ada")

def test_email(segmetrics):
    add(segmetrics, 1, email="ada@example.org")
""")

    assert exercised(result)["upsert_contact"] == (2, 4)
    assert exercised(result)["upsert_product"] == (0, 0)


def test_there_is_no_summary_where_nothing_was_called(suite: Suite) -> None:
    result = suite.run("""
def test_it():
    pass

def test_idle(segmetrics):
    pass
""")

    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*segmetrics: exercised*")
