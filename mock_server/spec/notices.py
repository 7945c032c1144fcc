"""What is noticed about the values of a body while it is converted."""

from collections import defaultdict
from collections.abc import Collection

from mock_server.findings import Evidence, Finding
from mock_server.spec.near_names import near_name

# Findings of one code about a body. In a megabyte there is room for a hundred thousand.
_MOST = 1000
# Different unknown names of a body whose near name is searched for.
_MOST_SEARCHED = 100


class Notices:
    """Findings about a body, of each code at most so many."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._near_names: dict[tuple[str, Collection[str]], str | None] = {}

    def near_name(self, sent: str, known: frozenset[str]) -> str | None:
        """Return the known name that is like the one sent, as far as there is room for another search."""
        key = (sent, known)
        if key not in self._near_names and len(self._near_names) < _MOST_SEARCHED:
            self._near_names[key] = near_name(sent, known)
        return self._near_names.get(key)

    def has_room(self, code: str) -> bool:
        return self._counts[code] < _MOST

    def add(self, code: str, pointer: str, evidence: Evidence, *, case: str = "", **data: object) -> None:
        """Add a finding, if there is room; the arguments are those of `Finding.of`."""
        if self.has_room(code):
            self.keep(Finding.of(code, pointer, evidence, case=case, **data))

    def keep(self, finding: Finding) -> None:
        """Add a finding for which there is room."""
        self._counts[finding.code] += 1
        self.found.append(finding)
