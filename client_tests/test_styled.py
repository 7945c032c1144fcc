"""Text for a terminal: its parts, its lines, its width."""

import pytest

from mock_server.styled import Text, columns_of

SENTENCE = Text.of(("Money", "bold"), " is whole cents: ", ("send 49", "red"), ".")


@pytest.mark.parametrize("width", [7, 10, 16, 33, 80])
def test_a_text_is_broken_at_blanks_and_keeps_its_words_and_styles(width: int) -> None:
    lines = list(SENTENCE.wrapped(width))

    assert " ".join(line.plain for line in lines) == SENTENCE.plain
    assert max(columns_of(line.plain) for line in lines) <= width
    assert [part for line in lines for part in line.parts if part[1] == "bold"] == [("Money", "bold")]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("a bcdefgh i", 4, ["a", "bcde", "fgh", "i"]),
        ("a  b", 80, ["a  b"]),
        ("漢字 かな", 4, ["漢字", "かな"]),
        ("漢字かな", 5, ["漢字", "かな"]),
        ("e\u0301e\u0301 e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
    ],
)
def test_a_line_has_at_most_so_many_columns(text: str, width: int, lines: list[str]) -> None:
    assert [line.plain for line in Text.of(text).wrapped(width)] == lines


def test_styles_become_codes_only_in_colour() -> None:
    text = Text.of(("bad", "bold red"), " value")

    assert text.shown(in_colour=True) == "\x1b[1;31mbad\x1b[0m value"
    assert text.shown(in_colour=False) == "bad value"


def test_lines_keep_their_styles() -> None:
    lines = list(Text.of(("a\nb", "dim"), "c\n").lines())

    assert [line.parts for line in lines] == [(("a", "dim"),), (("b", "dim"), ("c", "")), ()]
