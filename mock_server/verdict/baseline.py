"""A baseline: the findings that are known, so that a run fails on what is new. One format for all commands.

A finding is known by its code, its operation and its pointer, with `*` for the places in lists; its text, which quotes
what was sent, does not count. The file also keeps the coverage points that a client exercised, see `comparison`.

`check` and `contract` may share a file. The codes of `contract` start with `contract/`, and each command leaves the
entries of the other as they are.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

import jsonschema_rs
import yaml

from mock_server.errors import UsageError

_HEADER = """\
# Known findings, written by segmetrics-mock. A run fails on findings that are not listed here.
# `reason`, `ticket` and `expires` (a day, such as 2027-01-31) are yours to add to a finding; other comments are lost
# when the file is updated.
"""
_INDEX = re.compile(r"/[0-9]+(?=/|$)")
_VERSION = 1
_SCHEMA = jsonschema_rs.validator_for(
    {
        "type": "object",
        "required": ["version", "findings"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": _VERSION},
            "commands": {"type": "array", "items": {"enum": ["check", "contract"]}},
            "findings": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["code", "operation", "pointer"],
                    "additionalProperties": False,
                    "properties": {
                        "code": {"type": "string"},
                        "operation": {"type": ["string", "null"]},
                        "pointer": {"type": "string"},
                        "reason": {"type": "string"},
                        "ticket": {"type": "string"},
                        "expires": {"type": "string", "format": "date"},
                    },
                },
            },
            "coverage": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
    validate_formats=True,
)

# Which command an entry belongs to. The pytest plugin knows a client as `check` does.
Command = Literal["check", "contract"]
# What the codes of `contract` start with.
CONTRACT_CODE = "contract/"
# Code, operation, pointer.
Identity = tuple[str, str | None, str]


class Place(TypedDict):
    """What distinguishes a finding from others."""

    code: str
    operation: str | None
    pointer: str


class BaselineEntry(Place):
    """A known finding. `expires`: the last day on which it is accepted."""

    reason: NotRequired[str]
    ticket: NotRequired[str]
    expires: NotRequired[str]


class _Loader(yaml.SafeLoader):
    """YAML in which a day stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known to a command. `coverage`: the points that the client exercised, by operation.

    `others`: the entries of the other command. `commands`: those that have written the file.
    """

    command: Command
    entries: Mapping[Identity, BaselineEntry] = field(default_factory=dict)
    coverage: Mapping[str, Sequence[str]] = field(default_factory=dict)
    others: Sequence[BaselineEntry] = ()
    commands: frozenset[Command] = frozenset()

    @property
    def is_new(self) -> bool:
        """Return whether the command has not written the file yet: its first run does."""
        return self.command not in self.commands


class EntryComparison(TypedDict):
    """The findings of a run beside those that are known.

    `known`: how many entries the run met, apart from those that have `expired`. `not_met`: the entries that it did not
    meet.
    """

    known: int
    expired: list[BaselineEntry]
    not_met: list[BaselineEntry]


def identity(place: Place) -> Identity:
    """Return what distinguishes a finding from others, as a key."""
    return place["code"], place["operation"], _INDEX.sub("/*", place["pointer"])


def is_known(baseline: Baseline, place: Place, today: date) -> bool:
    """Return whether a finding is in the baseline, and its entry has not expired."""
    entry = baseline.entries.get(identity(place))
    return entry is not None and not has_expired(entry, today)


def compare_entries(baseline: Baseline, findings: Iterable[Place], today: date) -> EntryComparison:
    """Compare the findings of a run with those that are known."""
    found = set(map(identity, findings))
    met = [entry for key, entry in baseline.entries.items() if key in found]
    expired = [entry for entry in met if has_expired(entry, today)]
    return {
        "known": len(met) - len(expired),
        "expired": expired,
        "not_met": [entry for key, entry in baseline.entries.items() if key not in found],
    }


def entries_with(
    baseline: Baseline, findings: Iterable[Place], drops: Callable[[BaselineEntry], bool]
) -> dict[Identity, BaselineEntry]:
    """Return the entries with those of all findings. Entries keep their reason, ticket and day.

    `drops`: whether to drop an entry that is not among the findings.
    """
    found: dict[Identity, BaselineEntry] = {
        (code, operation, pointer): {"code": code, "operation": operation, "pointer": pointer}
        for code, operation, pointer in map(identity, findings)
    }
    kept = {key: entry for key, entry in baseline.entries.items() if key in found or not drops(entry)}
    return {**found, **kept}


def expiry(entry: BaselineEntry) -> str:
    """Return a sentence on an entry that has expired."""
    place = f"{entry['operation']} {entry['pointer']}" if entry["operation"] else entry["pointer"]
    return f"the baseline's entry {entry['code']} at {place} expired on {entry.get('expires')}"


def has_expired(entry: BaselineEntry, today: date) -> bool:
    """Return whether an entry is not accepted any more."""
    return "expires" in entry and date.fromisoformat(entry["expires"]) < today


def baseline_of(path: str, command: Command, *, changes: bool) -> Baseline | None:
    """Return the baseline that a command line names, None where it names none. `changes`: whether it is to be changed.

    Raises UsageError where there is nothing to change, and one that says what is wrong with the file.
    """
    if not path:
        if changes:
            raise UsageError("name the baseline to change: --baseline FILE")
        return None
    if not Path(path).resolve().parent.is_dir():
        raise UsageError(f"{path} cannot be written: its folder does not exist")
    return read_baseline(path, command)


def read_baseline(path: str, command: Command) -> Baseline:
    """Return the baseline of a command in a file; an empty one where there is no such file yet.

    Raises UsageError that says what is wrong with the file.
    """
    try:
        document = yaml.load(Path(path).read_text("utf-8"), _Loader)
    except FileNotFoundError:
        return Baseline(command)
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the baseline {path} is not YAML: {' '.join(str(error).split())}") from error
    mistakes = [
        f"{'/'.join(map(str, error.instance_path)) or 'the file'}: {error.message}"
        for error in _SCHEMA.iter_errors(document)
    ]
    if mistakes:
        raise UsageError(f"the baseline {path} cannot be used: {'; '.join(mistakes[:5])}")
    entries: Sequence[BaselineEntry] = document["findings"]
    return Baseline(
        command,
        entries={identity(entry): entry for entry in entries if _command_of(entry) == command},
        coverage=document.get("coverage", {}),
        others=[entry for entry in entries if _command_of(entry) != command],
        commands=frozenset(document.get("commands", ["check"])),
    )


def _command_of(place: Place) -> Command:
    return "contract" if place["code"].startswith(CONTRACT_CODE) else "check"


def write_baseline(path: str, baseline: Baseline) -> None:
    """Write a baseline to a file, sorted, so that a change of it reads well in a review. Raises UsageError."""
    entries = sorted([*baseline.entries.values(), *baseline.others], key=_position)
    document = {
        "version": _VERSION,
        "commands": sorted({*baseline.commands, baseline.command}),
        "findings": [dict(entry) for entry in entries],
        "coverage": {name: sorted(baseline.coverage[name]) for name in sorted(baseline.coverage)},
    }
    text = _HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be written: {error.strerror}") from error


def _position(place: Place) -> tuple[str, ...]:
    code, operation, pointer = identity(place)
    return _command_of(place), operation or "", code, pointer
