"""Text functions that commands, reports and pages share."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

# In a URL: between user and host, where that of a database may not be encoded, or as a parameter.
_PASSWORD = re.compile(
    r"""(postgres[a-z+]*://[^\s:@/?#]*:)\S*(?=@)|(://[^\s:@/?#]*:)[^\s@/]*(?=@)|([?&](?:ssl)?password=)[^\s&'"]*""",
    re.IGNORECASE,
)
# Fillers, joiners and variation selectors: Python counts them as printable.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 finding` or `1,200 findings`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str, *, keep: str = "") -> str:
    """Return a text with characters that control a terminal, or that nobody sees, as escapes: `\\x1b`, `\\u202e`.

    Those in `keep` stay.
    """
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(
        one if one in keep or (one.isprintable() and not _UNSEEN.match(one)) else _escape(one) for one in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def without_passwords(text: str) -> str:
    """Return a text with the password of each URL in it masked."""
    return _PASSWORD.sub(lambda found: f"{found[found.lastindex or 0]}***", text)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'serve'?` where a word is like a known one or begins one, else nothing."""
    names = list(known)
    near = get_close_matches(word, names, 1) or [name for name in names if word and name.startswith(word)]
    return f"; did you mean '{near[0]}'?" if near else ""


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case: `product_name` and `productName` are two each."""
    return [word.lower() for word in _WORD.findall(name)]
