"""Datasets: built-in ones by name, and a user's own by file."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from mock_server.datasets.schema import DatasetDocument, dataset_schema
from mock_server.datasets.yaml_lines import DatasetError, ParsedYaml, ValuePath, parse, parse_today
from mock_server.errors import ApiError, UsageError
from mock_server.fakedata import Recipe
from mock_server.resources import resource_path
from mock_server.settings import EMPTY
from mock_server.spec import Contract
from mock_server.store.accounts import ADS, PAYMENTS
from mock_server.text import nearest

_MAX_ERRORS = 10
# Findings that are not mistakes in a file.
_TAKEN = {"naive-date", "missing-ad-field"}
_FILE_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class ListedPayload:
    """A payload that a file lists, with its values converted. `kind`: of the integration. `line`: from 1."""

    kind: str
    operation: str
    body: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset: the `payloads`, then those generated from the `recipe`. `name`: of a user's file, its path."""

    name: str
    about: str
    today: date
    payloads: tuple[ListedPayload, ...]
    recipe: Recipe
    recipe_line: int
    is_user_file: bool

    def error_at(self, line: int, text: str) -> UsageError:
        return UsageError(f"{self.name}, line {line}: {text}")


@cache
def names() -> tuple[str, ...]:
    """Return the names of the built-in datasets, `empty` first."""
    found = sorted(path.stem for path in resource_path("fixtures").glob("*.yaml"))
    return (EMPTY, *(name for name in found if name != EMPTY))


def parse_today_option(text: str) -> date | None:
    """Return the value of `--today`; None if it is empty. Raises UsageError."""
    try:
        return parse_today(text) if text else None
    except ValueError:
        raise UsageError(f"--today is '{text}'; it must be a day such as 2026-06-30") from None


@lru_cache
def read_named(name: str, contract: Contract, today: date | None = None) -> Dataset:
    """Return a built-in dataset; it is read once, since every new or reset sandbox may need it.

    Raises ApiError 400 for any other name, which is never read as the name of a file.
    """
    if name not in names():
        raise ApiError(400, f"'{name[:100]}' is not a dataset; use one of {', '.join(names())}")
    path = resource_path("fixtures") / f"{name}.yaml"
    return _read(name, path.read_text("utf-8"), contract, today, is_user_file=False)


def read(name: str, contract: Contract, today: date | None = None) -> Dataset:
    """Return a built-in dataset, or that of a file. `today`: instead of the dataset's own.

    Raises UsageError, which names file, line and remedy for each error.
    """
    if name in names():
        return read_named(name, contract, today)
    path = Path(name)
    if path.suffix not in _FILE_SUFFIXES and not path.is_file():
        hint = nearest(name, names()) or f"; use one of {', '.join(names())}, or name a .yaml file"
        raise UsageError(f"'{name}' is not a dataset{hint}")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"the dataset {name} cannot be read: {error.strerror}; check its path") from error
    except UnicodeDecodeError:
        raise UsageError(f"the dataset {name} cannot be read: it is not UTF-8; save it as UTF-8") from None
    return _read(name, text, contract, today, is_user_file=True)


def _read(name: str, text: str, contract: Contract, today: date | None, *, is_user_file: bool) -> Dataset:
    try:
        parsed = parse(text, today)
    except DatasetError as error:
        raise UsageError(f"{name}, line {error.line}: {error.text}") from None
    errors = _schema_errors(parsed, contract)
    payloads = [] if errors else _payloads(parsed, contract, errors)
    if errors:
        shown = sorted(errors, key=lambda error: error.line)[:_MAX_ERRORS]
        texts = [f"{name}, line {error.line}: {error.text}" for error in shown]
        more = len(errors) - len(shown)
        raise UsageError("\n".join([*texts, *([f"and {more} more errors"] if more else [])]))
    document: DatasetDocument = parsed.value
    return Dataset(
        name=name,
        about=document.get("about", ""),
        today=today or parse_today(document["today"]),
        payloads=tuple(payloads),
        recipe=document.get("recipe") or {},
        recipe_line=parsed.line(["recipe"]),
        is_user_file=is_user_file,
    )


def _schema_errors(parsed: ParsedYaml, contract: Contract) -> list[DatasetError]:
    """Return where the file does not have the form of a dataset."""
    if not isinstance(parsed.value, dict):
        return [DatasetError(1, "a dataset is a mapping with 'today' and the lists of payloads; see docs/data.md")]
    operations = [name for name, operation in contract.operations.items() if operation.takes_body]
    schema = dataset_schema(operations, [PAYMENTS, ADS])
    found = jsonschema_rs.validator_for(schema).iter_errors(parsed.value)
    return [_schema_error(error, parsed, schema) for error in found]


def _schema_error(error: ValidationError, parsed: ParsedYaml, schema: Any) -> DatasetError:
    path, kind = list(error.instance_path), error.kind
    where = ".".join(map(str, path))
    if isinstance(kind, ValidationErrorKind.AdditionalProperties):
        for step in error.schema_path[:-1]:
            schema = schema[step]
        key, known = kind.unexpected[0], list(schema["properties"])
        close = difflib.get_close_matches(key, known, n=1)
        remedy = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
        return DatasetError(parsed.line([*path, key]), f"{where or 'a dataset'} has no key '{key}'; {remedy}")
    if isinstance(kind, ValidationErrorKind.Required):
        remedy = "add `today: '2026-06-30'`" if kind.property == "today" else "add it"
        return DatasetError(parsed.line(path), f"{where or 'the dataset'} has no '{kind.property}'; {remedy}")
    return DatasetError(parsed.line(path), f"'{where}' cannot be used: {error.message}")


def _payloads(parsed: ParsedYaml, contract: Contract, errors: list[DatasetError]) -> list[ListedPayload]:
    """Return the payloads in the order of the file, and add to `errors` where they break the contract."""
    found = []
    for kind in (key for key in parsed.value if key in (PAYMENTS, ADS)):
        for operation, bodies in parsed.value[kind].items():
            for number, body in enumerate(bodies):
                path = (kind, operation, number)
                try:
                    values, findings = contract.read_values(contract.operations[operation], body)
                    found.append(ListedPayload(kind, operation, values, parsed.line(path)))
                except ApiError as refusal:
                    findings = refusal.findings
                errors += [
                    DatasetError(_line_of(parsed, path, finding.pointer), f"{operation}: {finding.message}")
                    for finding in findings
                    if finding.code not in _TAKEN
                ]
    return found


def _line_of(parsed: ParsedYaml, path: ValuePath, pointer: str) -> int:
    """Return the line of the value that a finding's pointer names, in the body at `path`."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("/body").split("/")[1:]]
    return parsed.line([*path, *(int(step) if step.isdigit() else step for step in steps)])
