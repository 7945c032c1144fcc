"""What is noticed about the values of a body while it is converted."""

from collections import Counter

from mock_server.findings import Evidence, Finding

# Findings of one code about a body. In a megabyte there is room for a hundred thousand.
_MOST = 1000


class Notices:
    """Findings about a body, of each code at most so many."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def has_room(self, code: str) -> bool:
        return self._counts[code] < _MOST

    def add(self, code: str, pointer: str, evidence: Evidence, *, case: str = "", **data: object) -> None:
        """Add a finding, if there is room; the arguments are those of `Finding.of`."""
        if self.has_room(code):
            self.keep(Finding.of(code, pointer, evidence, case=case, **data))

    def keep(self, finding: Finding) -> None:
        if self.has_room(finding.code):
            self._counts[finding.code] += 1
            self.found.append(finding)
