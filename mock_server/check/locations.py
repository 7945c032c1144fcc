"""Where in the client's own code a finding is shown: the line that made the call, as far as it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mock_server.verdict.reported_findings import ReportedFinding


@dataclass(frozen=True, slots=True)
class Location:
    """A file, relative to the working directory if it is below that, and a line, from 1."""

    file: str
    line: int


def call_locations(finding: ReportedFinding) -> list[Location]:
    """Return the lines that made the calls of a finding; none where they are not known."""
    return [location_of(site) for site in finding["call_sites"]]


def location_of(call_site: str) -> Location:
    """Return the location that a text `file:line` names."""
    file, _, line = call_site.rpartition(":")
    return Location(file, int(line))


def shown_locations(finding: ReportedFinding, command: Sequence[str]) -> list[Location]:
    """Return at least one location, for formats that need one: else that of the command which was run."""
    return call_locations(finding) or [_location_of_command(command)]


def _location_of_command(command: Sequence[str]) -> Location:
    """Return the first argument that is a file of the working directory, or else the last word."""
    files = (word for word in command[1:] if not Path(word).is_absolute() and Path(word).is_file())
    return Location(Path(next(files, command[-1])).as_posix(), 1)
