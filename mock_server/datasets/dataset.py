"""Datasets: named ones that travel with the package, and a user's own files."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from mock_server.datasets.document import Document, MistakeError, day_of_today, parse
from mock_server.datasets.schema import dataset_schema
from mock_server.errors import ApiError, UsageError
from mock_server.resources import resource_path
from mock_server.settings import EMPTY
from mock_server.spec import Contract
from mock_server.store.accounts import ADS, PAYMENTS

_SHOWN_MISTAKES = 10
_FILE_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Written:
    """A payload as a file lists it, read by the contract. `kind`: of the integration; `line`: in the file, from 1."""

    kind: str
    operation: str
    body: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """`name`: of a built-in one, else the file's path. `payloads` come first, then what the `recipe` makes."""

    name: str
    about: str
    today: date
    payloads: tuple[Written, ...]
    recipe: Mapping[str, Any]
    recipe_line: int
    is_own: bool

    def mistake(self, line: int, text: str) -> UsageError:
        return UsageError(f"{self.name}, line {line}: {text}")


@cache
def names() -> tuple[str, ...]:
    """The built-in datasets, `empty` first."""
    found = sorted(path.stem for path in resource_path("fixtures").glob("*.yaml"))
    return (EMPTY, *(name for name in found if name != EMPTY))


def day(text: str) -> date | None:
    """The value of `--today`; None where it is empty. Raises UsageError."""
    try:
        return day_of_today(text) if text else None
    except ValueError:
        raise UsageError(f"--today is '{text}'; it must be a day such as 2026-06-30") from None


@lru_cache
def read_named(name: str, contract: Contract, today: date | None = None) -> Dataset:
    """A built-in dataset, read once: each sandbox that is made or reset asks for one.

    Raises ApiError 400 for any other text, which is never taken for a file's name.
    """
    if name not in names():
        raise ApiError(400, f"there is no dataset '{name[:100]}'; use one of {', '.join(names())}")
    path = resource_path("fixtures") / f"{name}.yaml"
    return _read(name, path.read_text("utf-8"), contract, today, is_own=False)


def read(name: str, contract: Contract, today: date | None = None) -> Dataset:
    """A built-in dataset, or a file's. `today`: instead of the one that stands in it.

    Raises UsageError that names file, line and remedy for each mistake.
    """
    if name in names():
        return read_named(name, contract, today)
    path = Path(name)
    if path.suffix not in _FILE_SUFFIXES and not path.is_file():
        raise UsageError(f"there is no dataset '{name}'; use one of {', '.join(names())}, or name a .yaml file")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"the dataset {name} cannot be read: {error.strerror}; check its path") from error
    except UnicodeDecodeError:
        raise UsageError(f"the dataset {name} cannot be read: it is not UTF-8; save it so") from None
    return _read(name, text, contract, today, is_own=True)


def _read(name: str, text: str, contract: Contract, today: date | None, *, is_own: bool) -> Dataset:
    try:
        document = parse(text, today)
    except MistakeError as mistake:
        raise UsageError(f"{name}, line {mistake.line}: {mistake.text}") from None
    mistakes = list(_misfits(document, contract))
    payloads = [] if mistakes else list(_payloads(document, contract, mistakes))
    if mistakes:
        shown = sorted(mistakes, key=lambda mistake: mistake.line)[:_SHOWN_MISTAKES]
        texts = [f"{name}, line {mistake.line}: {mistake.text}" for mistake in shown]
        further = len(mistakes) - len(shown)
        raise UsageError("\n".join([*texts, *([f"and {further} further mistakes"] if further else [])]))
    value = document.value
    return Dataset(
        name=name,
        about=value.get("about", ""),
        today=today or day_of_today(value["today"]),
        payloads=tuple(payloads),
        recipe=value.get("recipe") or {},
        recipe_line=document.line(["recipe"]),
        is_own=is_own,
    )


def _misfits(document: Document, contract: Contract) -> list[MistakeError]:
    """Return what is wrong with the file as a dataset."""
    if not isinstance(document.value, dict):
        return [MistakeError(1, "a dataset is a mapping with 'today' and the lists of payloads; see the README")]
    operations = [name for name, operation in contract.operations.items() if operation.body is not None]
    schema = dataset_schema(operations, [PAYMENTS, ADS])
    found = jsonschema_rs.validator_for(schema).iter_errors(document.value)
    return [_misfit(error, document, schema) for error in found]


def _misfit(error: ValidationError, document: Document, schema: Any) -> MistakeError:
    place, kind = list(error.instance_path), error.kind
    where = ".".join(map(str, place))
    if isinstance(kind, ValidationErrorKind.AdditionalProperties):
        for step in error.schema_path[:-1]:
            schema = schema[step]
        key, known = kind.unexpected[0], list(schema["properties"])
        close = difflib.get_close_matches(key, known, n=1)
        remedy = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
        return MistakeError(document.line([*place, key]), f"{where or 'a dataset'} has no key '{key}'; {remedy}")
    if isinstance(kind, ValidationErrorKind.Required):
        remedy = "add `today: '2026-06-30'`" if kind.property == "today" else "add it"
        return MistakeError(document.line(place), f"{where or 'the dataset'} lacks '{kind.property}'; {remedy}")
    return MistakeError(document.line(place), f"'{where}' cannot be used: {error.message}")


def _payloads(document: Document, contract: Contract, mistakes: list[MistakeError]) -> list[Written]:
    """The payloads in the file's order; what the contract refuses goes into `mistakes`."""
    found = []
    for kind in (key for key in document.value if key in (PAYMENTS, ADS)):
        for operation, bodies in document.value[kind].items():
            for number, body in enumerate(bodies):
                place = (kind, operation, number)
                try:
                    values, findings = contract.read_body(contract.operations[operation], body)
                    found.append(Written(kind, operation, values, document.line(place)))
                except ApiError as refusal:
                    findings = refusal.findings
                mistakes += [
                    MistakeError(_line_of(document, place, finding.pointer), f"{operation}: {finding.message}")
                    for finding in findings
                    if finding.code != "naive-date"
                ]
    return found


def _line_of(document: Document, place: tuple[str | int, ...], pointer: str) -> int:
    """The line of what a finding's pointer names within the body at `place`."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("/body").split("/")[1:]]
    return document.line([*place, *(int(step) if step.isdigit() else step for step in steps)])
