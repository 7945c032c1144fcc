"""Text functions that commands, reports and pages share."""

from collections.abc import Iterable
from difflib import get_close_matches


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 finding` or `1,200 findings`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str, *, keep: str = "") -> str:
    """Replace the control characters of a text, which could control a terminal, except those in `keep`."""
    return "".join(character if character.isprintable() or character in keep else "\ufffd" for character in text)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'serve'?` where a word is like a known one or begins one, else nothing."""
    names = list(known)
    near = get_close_matches(word, names, 1) or [name for name in names if word and name.startswith(word)]
    return f"; did you mean '{near[0]}'?" if near else ""
