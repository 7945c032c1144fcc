"""Texts that commands, reports and pages share."""

import pytest

from mock_server.text import counted, printable


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 findings"), (1, "1 finding"), (2, "2 findings"), (1200, "1,200 findings")]
)
def test_a_number_has_its_noun(number: int, text: str) -> None:
    assert counted(number, "finding") == text


def test_control_characters_are_escaped_but_those_to_keep() -> None:
    assert printable("\x1b[31mé\n\u202e") == r"\x1b[31mé\x0a\u202e"
    assert printable("one\ntwo\x07", keep="\n") == "one\ntwo\\x07"


@pytest.mark.parametrize("code", [0x034F, 0x115F, 0x1160, 0x17B4, 0x180B, 0x2800, 0x3164, 0xFE0F, 0xFFA0, 0xE0100])
def test_characters_that_nobody_sees_are_escaped(code: int) -> None:
    digits = f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    assert printable(f"é{chr(code)}b") == f"é{digits}b"
