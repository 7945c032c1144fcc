"""Find the operation that an unknown path was probably meant for, by the words of the path.

The document's `x-synonyms` give other words for the literal segments of its paths, `absent_paths` of an API say what
segments are that others show and it does not have.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from mock_server.text import words_of

# A word that is as like another as this is taken for a slip of the pen: 'contct', 'subscripton'.
_LIKENESS = 0.87
_SHORTEST_LIKE = 4
_MOST_WORDS = 20
_LONGEST_WORD = 40

_VERSION = re.compile(r"v[0-9]+")
_PART = re.compile(r"[A-Za-z0-9]+")


class Endpoint(NamedTuple):
    """A method and the template of a path, such as `/v1/{account_id}/{integration_id}/invoice/{id}`."""

    method: str
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class _Match(NamedTuple):
    """How well a word of a path fits a literal segment, and where in the path it stands, from 0 to 1."""

    score: float
    place: float


class Search:
    """Searches among the endpoints of one API.

    `synonyms`: other words for a segment. `absent`: what a segment is that this API does not have. By the segment.
    """

    def __init__(
        self, endpoints: Iterable[Endpoint], synonyms: Mapping[str, Sequence[str]], absent: Mapping[str, str]
    ) -> None:
        self._endpoints = list(endpoints)
        self._absent = absent
        self._synonyms = {segment: {_singular(word) for word in words} for segment, words in synonyms.items()}
        templates = [endpoint.template.strip("/").split("/") for endpoint in self._endpoints]
        shared = takewhile(lambda steps: len(set(steps)) == 1, zip(*templates, strict=False))
        self._prefix = [steps[0] for steps in shared] if len(templates) > 1 else []

    def advice(self, method: str, segments: Sequence[str]) -> str:
        """Return what to call instead of an unknown path: the closest endpoint, or all where none is close."""
        known = next((self._absent[name] for name in self._below_prefix(segments) if name in self._absent), None)
        if known:
            return f"{known}; {self._listed()}"
        if closest := self.closest(method, segments):
            return f"the closest operation is {closest}"
        return self._listed()

    def closest(self, method: str, segments: Sequence[str]) -> Endpoint | None:
        """Return the endpoint closest to a path, given as its decoded segments; None where none is close."""
        resource = self._below_prefix(segments)
        found = self._best(method, resource, synonyms=True)
        # Account or integration were left out, so the resource may stand in their place. Their own names are words
        # too ('payments'), so that a synonym proves nothing here.
        return found if found or resource == segments else self._best(method, segments, synonyms=False)

    def _listed(self) -> str:
        if not self._prefix:
            return f"the operations are {', '.join(map(str, self._endpoints))}"
        prefix = "/" + "/".join(self._prefix)
        below = (f"{method} {template.removeprefix(prefix)}" for method, template in self._endpoints)
        return f"the operations are, below {prefix}, {', '.join(below)}"

    def _below_prefix(self, segments: Sequence[str]) -> Sequence[str]:
        """Return what follows version, account and integration; all of a path without a version."""
        for number, segment in enumerate(segments):
            if _VERSION.fullmatch(segment):
                return segments[number + len(self._prefix) :]
        return segments

    def _best(self, method: str, segments: Sequence[str], *, synonyms: bool) -> Endpoint | None:
        words = [word for segment in segments for word in _words_of(segment)][:_MOST_WORDS]
        scored = [
            (score, -number)
            for number, endpoint in enumerate(self._endpoints)
            if (score := self._score(endpoint, method, words, synonyms))
        ]
        return self._endpoints[-max(scored)[1]] if scored else None

    def _score(self, endpoint: Endpoint, method: str, words: Sequence[str], synonyms: bool) -> float:
        """Return how close an endpoint is; 0 where no word names its resource."""
        resource, *rest = endpoint.template.strip("/").split("/")[len(self._prefix) :]
        named = self._match(resource, words, synonyms)
        if not named.score:
            return 0
        others = [segment for segment in rest if not segment.startswith("{")]
        # `DELETE /tags/7` means `remove`: a method is a word as well.
        refined = [self._match(segment, [*words, method.lower()], True).score or -0.1 for segment in others]
        # What writes, or reads, is a POST in this API.
        same_method = (method == "DELETE") == (endpoint.method == "DELETE")
        return named.score + 0.2 * named.place + sum(refined) + 0.3 * same_method

    def _match(self, segment: str, words: Sequence[str], synonyms: bool) -> _Match:
        """Return the best match of the words with a literal segment, the later ones first."""
        others = self._synonyms.get(segment, set()) if synonyms else set()
        matches = [
            _Match(_likeness(_singular(segment), others, word), number / max(len(words) - 1, 1))
            for number, word in enumerate(words)
        ]
        return max(matches, default=_Match(0, 0))


def _likeness(segment: str, synonyms: set[str], word: str) -> float:
    if word == segment:
        return 1
    if word in synonyms:
        return 0.9
    if len(word) < _SHORTEST_LIKE:
        return 0
    ratios = [difflib.SequenceMatcher(None, word, known).ratio() for known in (segment, *synonyms)]
    return max(ratios) * 0.8 if max(ratios) >= _LIKENESS else 0


def _words_of(segment: str) -> list[str]:
    """Return the words of a segment in the singular; what has digits is an id ('52b46f27ad') and has none."""
    parts = [part for part in _PART.findall(segment[:_LONGEST_WORD]) if part.isalpha()]
    return [_singular(word) for part in parts for word in words_of(part)]


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
