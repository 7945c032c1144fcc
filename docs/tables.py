"""The tables of the documentation, made from the tables that the code uses."""

import argparse
import dataclasses
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from client_tests.generated.generators import GENERATORS
from mock_server import faults, pytest_plugin, settings
from mock_server.argument_parser import ArgumentParser
from mock_server.check.reports import FORMATS
from mock_server.commands import COMMANDS
from mock_server.datasets.command import counts_of
from mock_server.datasets.dataset import names, read_named
from mock_server.datasets.schema import dataset_schema
from mock_server.findings import CATALOGUE
from mock_server.pytest_plugin import Segmetrics
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.verdict.presentation.spec_excerpts import definition_of
from mock_server.web.admin import Admin


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def settings_table() -> str:
    return table(("option", "default", "meaning"), map(_setting, dataclasses.fields(ServeSettings)))


def _setting(setting: settings.Setting) -> tuple[str, str, str]:
    default = f"`{setting.default}`" if setting.default not in ("", False, (), None) else ""
    choices = setting.metadata["choices"]
    meaning = setting.metadata["help"] + (f"; `{'` or `'.join(choices)}`" if choices else "")
    return f"`{settings.option_of(setting.name)}`", default, meaning


def findings_table() -> str:
    rows = ((f"[`{code}`](findings/{code}.md)", kind.severity, kind.meaning) for code, kind in CATALOGUE.items())
    return table(("code", "severity", "when"), rows)


def operations_table() -> str:
    contract, prefix = Contract.load(), "/api/v1/{account_id}/{integration_id}"
    rows = (
        (
            f"`{one.name}`",
            f"`{one.method} {(one.api.mount + one.template).removeprefix(prefix)}`",
            definition_of(contract, one)["summary"],
        )
        for one in contract.operations.values()
    )
    return table(("operation", "call", "does"), rows)


def generators_table() -> str:
    operations = Contract.load().operations.keys()
    called = ((one, len(operations - one.uncallable)) for one in GENERATORS)
    rows = ((one.name, one.client, f"{count} of {len(operations)}", one.servers, one.note) for one, count in called)
    return table(("generator", "client", "operations called", "takes from the document", "notes"), rows)


def admin_table() -> str:
    # The routes only name the methods, which need no database.
    admin = Admin(*(cast("Any", None) for _ in range(4)))
    rows = (
        (f"`{' '.join(sorted((route.methods or set()) - {'HEAD'}))} {route.path}`", _doc(route.endpoint))
        for route in admin.routes()
    )
    return table(("call", "does"), rows)


def _doc(thing: object) -> str:
    """Return the docstring of a thing in one line."""
    text = inspect.getdoc(thing)
    if not text:
        raise SystemExit(f"{thing} has no docstring for the documentation")
    return " ".join(text.split())


def check_table() -> str:
    """Return the options of `check` but those of `reports_table`."""
    add_options = {name: add for name, _, add, _ in COMMANDS}["check"]
    parser = ArgumentParser()
    add_options(parser)
    reports = {one.option for one in FORMATS}
    options = (action for action in parser.variables.values() if not reports & {*action.option_strings})
    return table(("option", "meaning"), ((_option(action), str(action.help)) for action in options))


def _option(action: argparse.Action) -> str:
    value = "|".join(action.choices) if action.choices else action.metavar or ""
    return f"`{' '.join(filter(None, [action.option_strings[0], str(value)]))}`"


def reports_table() -> str:
    return table(("option", "does"), ((f"`{one.option} FILE`", one.help) for one in FORMATS))


def fault_rule() -> str:
    """Return what a rule may contain, as the docstring of the code says it."""
    text = inspect.getdoc(faults) or ""
    start = text.index("    operation  ")
    return f"```text\n{inspect.cleandoc(text[start : text.index('The counts are kept')])}\n```\n"


def fault_plans() -> str:
    plans = faults.built_in_plans().items()
    return "\n".join(
        f"`{name}`:\n\n<!-- run by: client_tests/test_faults.py -->\n\n```json\n"
        + "".join(f"{json.dumps(rule)}\n" for rule in rules)
        + "```\n"
        for name, rules in plans
    )


def datasets_table() -> str:
    found = [read_named(name, Contract.load()) for name in names()]
    rows = (
        (
            f"`{one.name}`",
            one.about,
            ", ".join(f"{count:,} `{operation}`" for operation, count in counts_of(one).items()),
        )
        for one in found
    )
    return table(("name", "what it is", "calls"), rows)


def recipe_table() -> str:
    recipe = dataset_schema([], [])["properties"]["recipe"]
    return table(("field of `recipe`", "value"), _fields(recipe, ""))


def _fields(schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for name, value in schema["properties"].items():
        path = f"{place}{name}"
        yield f"`{path}`", _value(value) + ("; required" if name in schema["required"] else "")
        inner = value.get("items", value)
        if "properties" in inner:
            yield from _fields(inner, f"{path}{'[]' if 'items' in value else ''}.")


def _value(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    kind = str(schema.get("type", "anything"))
    least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    if least is not None:
        beginning = "over" if "exclusiveMinimum" in schema else "from"
        return f"{kind} {beginning} {least:,}" + (f" to {most:,}" if most is not None else "")
    return f"list of {_value(schema['items'])}" if "items" in schema else kind


def plugin_table() -> str:
    """Return the attributes and methods of the fixture, in the order of the code."""
    sandbox = Segmetrics(
        cast("Any", None),
        {
            "base_url": "",
            "reading_url": "",
            "tracking_url": "",
            "account_id": "",
            "integrations": {"payments": "", "ads": ""},
            "api_key": "",
        },
    )
    credentials = [
        (f"`{name}`", "Credentials of the sandbox: what the client is given.")
        for name in vars(sandbox)
        if name[0] != "_" and "reports" not in name
    ]
    return table(("attribute", "meaning"), [*credentials, *_members()])


def _members() -> Iterator[tuple[str, str]]:
    for name, member in vars(Segmetrics).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield f"`{name}`", _doc(member)
        else:
            parameters = list(inspect.signature(member).parameters.values())[1:]
            shown = ", ".join(
                one.name + (f"={one.default!r}" if one.default is not one.empty else "") for one in parameters
            )
            yield f"`{name}({shown})`", _doc(member)


def plugin_settings() -> str:
    """Return the ini settings and options of the plugin, and its marker."""
    parser = _Parser()
    pytest_plugin.pytest_addoption(cast("pytest.Parser", parser))
    marker, _, meaning = pytest_plugin.MARKER.partition(": ")
    return table(("setting, option or marker", "meaning"), [*parser.rows, (f"`@pytest.mark.{marker}`", meaning)])


class _Parser:
    """Notes what the plugin adds to pytest's parser."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def addini(self, name: str, help: str, default: str) -> None:
        self.rows.append((f"`{name}`", help + (f" (default: `{default}`)" if default else "")))

    def getgroup(self, _: str) -> "_Parser":
        return self

    def addoption(self, name: str, *, help: str, **_: object) -> None:
        self.rows.append((f"`{name}`", help))
