"""What `check` prints: mistakes first, the verdict last, and all of it in the width that there is."""

import re
import shlex
from pathlib import Path

import pytest

from client_tests.checked import CHECKOUT, Checked, checked, client, on_a_terminal
from client_tests.test_check_verdict import plan

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
WIDTHS = (60, 80, 200)
HOSTILE = "a" * 150 + r"\x1b[8m</script>"
BAD_AND_HOSTILE = f"{shlex.join(client('shop', 'bad'))}; {shlex.join(client('hostile', HOSTILE))}"


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return checked(tmp_path_factory.mktemp("bad"), client("shop", "bad"))


def test_a_block_has_the_spot_marked_what_is_expected_the_evidence_and_a_command(bad: Checked) -> None:
    block = bad.stdout.partition("\n\nviolation bad-value: upsert_invoice /body/items/0/amount\n")[2]

    lines = block.partition("\n\ncoverage")[0].splitlines()
    assert lines == [
        "  'items/0/amount' is \"ten\", which is text. Money is whole cents: 12.50 is sent as 1250.",
        "",
        '            "name": "Course",',
        '            "product_id": "course",',
        '  >         "amount": "ten"',
        "                      ^^^^^",
        "          }",
        "        ]",
        "",
        "  evidence: the vendor's developer reference says so",
        "  calls: #2",
        f"  from: client_tests/checked/shop.py:{post_line()}",
    ]
    (again,) = re.findall(r"^  again: (.*)", bad.stdout, re.MULTILINE)
    assert again.startswith("curl http://127.0.0.1:8642/api/v1/demo/payments/invoice -H 'authorization: sandbox-key-")


def post_line() -> int:
    """Return the line of the client that makes its calls."""
    lines = (CHECKOUT / "client_tests/checked/shop.py").read_text("utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if "urlopen(request" in line]
    return number


def test_the_verdict_is_the_last_line_and_says_what_to_do_next(bad: Checked) -> None:
    *_, counts, verdict = bad.stdout.splitlines()

    assert counts == "2 requests, 3 violations, 0 warnings, 0 notices"
    assert verdict == (
        "segmetrics-mock check: the contract is broken; mend what was found, or accept it with --baseline FILE"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "options", "verdict"),
    [
        (client("shop", "good"), [], "the contract holds; next: --faults lost-answers rehearses an outage"),
        (["true"], [], "nothing was captured; see the likely causes"),
        (["false"], [], "the command failed with exit code 1 before its first call; its own output says why"),
    ],
)
def test_each_verdict_has_its_advice(command: list[str], options: list[str], verdict: str, tmp_path: Path) -> None:
    ended = checked(tmp_path, command, *options)

    assert ended.stdout.splitlines()[-1] == f"segmetrics-mock check: {verdict}"


def test_lost_writes_end_in_a_verdict_of_their_own(tmp_path: Path) -> None:
    rules = plan(tmp_path, {"operation": "upsert_invoice", "fault": {"status": 503}})

    ended = checked(tmp_path, client("shop", "good"), "--faults", rules)

    assert "\nafter the lost answer to #2 (upsert_invoice) the client gave up: the write is lost\n" in ended.stdout
    assert ended.stdout.endswith(
        "check: the contract holds, but 1 write was lost; let the client send a call again until it is answered\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("command", [["sh", "-c", BAD_AND_HOSTILE], ["true"]], ids=["much", "nothing"])
def test_all_but_commands_fits_the_terminal(command: list[str], columns: int) -> None:
    printed = COLOUR.sub("", on_a_terminal(*command, columns=columns))

    lines = [line for line in printed.splitlines() if not line.lstrip().startswith(("again: ", "Again: "))]
    assert max(map(len, lines)) <= columns
    if columns == 200:
        assert max(map(len, lines)) > 80


@pytest.mark.slow
def test_elsewhere_than_on_a_terminal_lines_are_whole_unless_columns_are_given(tmp_path: Path, bad: Checked) -> None:
    narrow = checked(tmp_path, client("shop", "bad"), COLUMNS="60")

    sentence = "A date is `2018-10-03`, `2018-10-02 16:15:00` or ISO 8601; without an offset it is UTC."
    assert f"{sentence}\n" in bad.stdout
    assert sentence not in narrow.stdout
    assert sentence in " ".join(narrow.stdout.split())


@pytest.mark.slow
def test_colours_follow_the_usual_variables(tmp_path: Path, bad: Checked) -> None:
    command = client("shop", "bad")

    assert "\x1b[1;31mviolation\x1b[0m" in on_a_terminal(*command)
    assert "\x1b[1;31m" not in on_a_terminal(*command, NO_COLOR="1")
    assert "\x1b[" not in bad.stdout
    assert "\x1b[1;31mviolation\x1b[0m" in checked(tmp_path, command, FORCE_COLOR="1").stdout


@pytest.mark.slow
def test_the_same_mistake_many_times_is_printed_once_with_its_count(tmp_path: Path) -> None:
    command = ["sh", "-c", "; ".join(["$PYTHON -m client_tests.checked.shop bad"] * 7)]

    ended = checked(tmp_path, command, PYTHON=client("shop")[0])

    assert ended.stdout.count("violation bad-value: upsert_invoice /body/amount\n") == 1
    assert "\n  calls: #2, #4, #6, #8, #10, 7 times in all\n" in ended.stdout


@pytest.mark.slow
def test_verbose_has_the_coverage_of_each_operation(tmp_path: Path, bad: Checked) -> None:
    ended = checked(tmp_path, client("shop", "bad"), "--verbose")

    assert re.search(r"^upsert_invoice +1 +400 × 1 +1 of [0-9]+", ended.stdout, re.MULTILINE)
    assert "not exercised in upsert_contact: " in ended.stdout
    assert "not exercised" not in bad.stdout


@pytest.mark.slow
def test_very_many_mistakes_stay_on_a_few_screens(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"

    ended = checked(tmp_path, client("wide"), GITHUB_STEP_SUMMARY=summary, GITHUB_ACTIONS="true", COLUMNS="80")

    assert ended.report["summary"]["notices"] >= 20_000
    assert len(ended.stdout.splitlines()) < 200
    assert "more mistakes; --verbose and --report-html FILE show them:" in ended.stdout
    assert len(summary.read_bytes()) < 2**20
    assert "\nand 19,8" in summary.read_text("utf-8")
