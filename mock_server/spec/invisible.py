"""Characters that nobody sees, in texts that are compared: emails, ids and names of tags."""

import re
import unicodedata
from functools import cache

# Blanks but the ordinary one, zero-width and formatting characters, fillers.
_INVISIBLE = re.compile(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f"
    "\u2800\u3164\ufeff\uffa0]"
    # These three belong between the characters of emoji and of some scripts.
    "|(?<![^\\x00-\\x7f])[\u200c\u200d\u3000]|[\u200c\u200d\u3000](?![^\\x00-\\x7f])"
)
# Characters of a text that are shown.
_SHOWN = 60


def invisible_characters(text: str) -> list[str]:
    """Return the code point and the name of each invisible character, such as `U+200B ZERO WIDTH SPACE`."""
    if text.isascii():
        return []
    return [f"U+{ord(one):04X} {unicodedata.name(one, 'unnamed')}" for one in dict.fromkeys(_INVISIBLE.findall(text))]


def escaped(text: str) -> str:
    """Return the beginning of the text with its invisible characters as `\\u200b`."""
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return _INVISIBLE.sub(lambda found: _escape(found[0]), shown)


@cache
def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}"
