"""The subcommands, each with its options and what it runs: `COMMANDS` has them all.

What a subcommand needs is imported when it runs: `serve` must start fast.
"""

import argparse
import dataclasses
import gc
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mock_server import settings
from mock_server.argument_parser import ArgumentParser
from mock_server.check.reports import FORMATS
from mock_server.errors import UsageError
from mock_server.findings import CATALOGUE, FAIL_ON
from mock_server.settings import ServeSettings

NAME = "segmetrics-mock"
SHELLS = ("bash", "zsh", "fish")
# The resources of `fake`, as in `fakedata`, which is loaded only when it is used; a test compares them.
FAKED = ("contact", "invoice", "subscription", "product", "ad_performance", "tags")
_MOST_FAKES = 200_000


def _add_serve(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_serve)
    for setting in dataclasses.fields(ServeSettings):
        option, help = settings.option_of(setting.name), setting.metadata["help"]
        if settings.is_switch(setting):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=help)
        elif settings.is_list(setting):
            parser.add_argument(option, action="append", default=argparse.SUPPRESS, metavar="NAME", help=help)
        else:
            shown = f"{help} (default: {setting.default})" if setting.default else help
            parser.add_argument(option, default=argparse.SUPPRESS, help=shown)


def _serve(arguments: argparse.Namespace) -> int:
    gc.disable()  # until all is loaded: it would find nothing, and that search takes a sixth of the start
    from mock_server.serving import serve

    given = {
        setting.name: _read(setting, getattr(arguments, setting.name))
        for setting in dataclasses.fields(ServeSettings)
        if hasattr(arguments, setting.name)
    }
    serve(ServeSettings(**settings.from_environment() | given))
    return 0


def _read(setting: settings.Setting, value: Any) -> Any:
    """Return the value of an option. A text is parsed as in the environment; lists and switches are parsed already."""
    if isinstance(value, list):
        return tuple(value)
    return settings.parse(setting, value, settings.option_of(setting.name)) if isinstance(value, str) else value


def _add_check(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_check)
    for format in FORMATS:
        parser.add_argument(format.option, default="", metavar="FILE", help=format.help)
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default="violation", help="the least severity that fails (default: violation)"
    )
    parser.add_argument("--fail-under", type=_percent, default=0.0, metavar="PERCENT", help="fail below this coverage")
    parser.add_argument(
        "--coverage-of",
        choices=settings.COVERAGE_OF,
        default="used",
        help="the operations that the coverage counts: those that the client uses, or all (default: used)",
    )
    _add_baseline(parser)
    parser.add_argument("--mode", choices=settings.MODES, default=settings.STRICT, help="as for serve")
    parser.add_argument("--faults", default="", metavar="FILE", help="a fault plan: a file, or a built-in one")
    parser.add_argument("--dataset", default="empty", metavar="NAME", help="as for serve")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="HOST", help="another host that may be called for real"
    )
    parser.add_argument(
        "--allow-port",
        action="append",
        type=_port,
        default=[],
        metavar="PORT",
        help="a further port of this machine, and of each --allow-host, that an isolated command may call",
    )
    parser.add_argument(
        "--isolate",
        choices=settings.ISOLATE,
        nargs="?",
        const=settings.ALWAYS,
        default=settings.AUTO,
        help="run the command in a network of its own, where only the fake can be reached (Linux; default: auto)",
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="FILE",
        help="a bundle of CA certificates that the client brings along; isolated, it finds the fake's in there too",
    )
    parser.add_argument("--verbose", action="store_true", help="print all mistakes, and the coverage of each operation")
    parser.add_argument("--account", default="", metavar="ID", help="the account id that is hard-coded in the client")
    parser.add_argument("--integration", default="", metavar="ID", help="its payments integration, likewise")
    parser.add_argument("--api-key", default="", metavar="KEY", help="its API key, likewise")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the client's own command")


def _add_baseline(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--baseline", default="", metavar="FILE", help="known findings, which do not fail; the first run writes them"
    )
    parser.add_argument("--baseline-update", action="store_true", help="add to the baseline what this run finds")
    parser.add_argument(
        "--baseline-prune",
        action="store_true",
        help="like --baseline-update, and drop what this run does not meet in the operations that it calls",
    )


def _percent(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or float(text) > 100:
        raise UsageError(f"--fail-under is '{text}'; it must be a number from 0 to 100")
    return float(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"'{text}' is not a port, a whole number from 1 to 65535")
    return int(text)


def _check(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise UsageError("say what to run: segmetrics-mock check -- COMMAND ...")
    from mock_server.check.command import CheckOptions, check

    names = {option.name for option in dataclasses.fields(CheckOptions)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    given |= {name: tuple(given[name]) for name in ("allow_host", "allow_port", "trust")}
    given["reports"] = {one.name: path for one in FORMATS if (path := getattr(arguments, one.argument))}
    return check(command, CheckOptions(**given), again=_again(arguments, command))


def _again(arguments: argparse.Namespace, command: Sequence[str]) -> str:
    """Return the command line that repeats a run, for a shell. The API key is left to a variable."""
    options = arguments.given[: len(arguments.given) - len(command)]
    return " ".join([NAME, *(_without_key(word, arguments.api_key) for word in [*options, *command])])


def _without_key(word: str, key: str) -> str:
    """Return a word for a shell, with a variable in place of the API key, as in `--api-key=KEY`."""
    if not key or key not in word:
        return shlex.quote(word)
    return '"$SEGMETRICS_API_KEY"'.join(shlex.quote(part) if part else "" for part in word.split(key))


def _add_contract(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_contract)
    parser.add_argument("url", metavar="URL", help="the base that ends in /api, such as http://127.0.0.1:8642/api")
    parser.add_argument("--account", metavar="ID", help="account (default: SEGMETRICS_ACCOUNT_ID, else demo)")
    parser.add_argument("--integration", metavar="ID", help="likewise SEGMETRICS_INTEGRATION_ID, else payments")
    parser.add_argument("--api-key", metavar="KEY", help="likewise SEGMETRICS_API_KEY, else that of demo")
    parser.add_argument(
        "--reading-url", metavar="URL", help="where what is stored can be read, such as https://api.segmetrics.io"
    )
    depth = parser.add_mutually_exclusive_group()
    for option in (
        depth.add_argument(
            "--quick", dest="depth", action="store_const", const="quick", help="some 20 seconds at a fake"
        ),
        depth.add_argument("--deep", dest="depth", action="store_const", const="deep", help="some ten minutes"),
    ):
        parser.note_option(option)
    parser.add_argument("--ca-file", type=Path, metavar="FILE", help="certificates to trust in place of the system's")
    parser.add_argument("--seed", type=int, metavar="N", help="repeats the run with that seed")
    parser.add_argument("--fail-fast", action="store_true", help="stop after the first operation with a finding")
    parser.add_argument("--report-junit", type=Path, metavar="FILE", help="write the report as JUnit")
    _add_baseline(parser)
    parser.add_argument("--report-har", type=Path, metavar="FILE", help="write all generated calls as HAR")
    parser.add_argument("--verbose", action="store_true", help="list all rules that are not documented")
    parser.add_argument("--yes-write", action="store_true", help="write to a server that is not on this machine")


def _contract(arguments: argparse.Namespace) -> int:
    from mock_server.contract.command import contract
    from mock_server.contract.options import options_from

    return contract(options_from(arguments))


def _add_fake(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_fake)
    parser.add_argument("resource", metavar="RESOURCE", choices=FAKED, help=", ".join(FAKED))
    parser.add_argument("--count", type=_count, default=1, metavar="N", help="how many (default: 1)")
    parser.add_argument("--seed", type=_whole, default=1, metavar="N", help="other data for each seed (default: 1)")
    parser.add_argument("--today", default="", metavar="DAY", help="day that dates count from (default: 2026-06-30)")


def _count(text: str) -> int:
    # They are planned in memory, some 2 KB each.
    if (count := _whole(text)) > _MOST_FAKES:
        raise argparse.ArgumentTypeError(f"{count} is too many; make at most {_MOST_FAKES:,} and change the --seed")
    return count


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 10**9):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to 1000000000")
    return int(text)


def _fake(arguments: argparse.Namespace) -> int:
    from mock_server.datasets.command import print_fakes

    return print_fakes(arguments.resource, arguments.count, arguments.seed, arguments.today)


def _add_datasets(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_datasets)


def _datasets(_: argparse.Namespace) -> int:
    from mock_server.datasets.command import print_datasets

    return print_datasets()


def _add_faults(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_faults)


def _faults(_: argparse.Namespace) -> int:
    from mock_server.faults import built_in_plans

    for name, rules in built_in_plans().items():
        print(name, *(f"  {json.dumps(rule)}" for rule in rules), sep="\n")
    return 0


def _add_findings(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_findings)
    parser.add_argument("code", nargs="?", metavar="CODE", choices=CATALOGUE, help="one finding, with its rules")


def _findings(arguments: argparse.Namespace) -> int:
    from mock_server.check.explained import print_findings

    return print_findings(arguments.code)


def _add_completion(parser: ArgumentParser) -> None:
    parser.set_defaults(run=_completion)
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def _completion(arguments: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["segmetrics-mock"], shell=arguments.shell))
    return 0


# Name, help, what adds its options, and those of its parser.
COMMANDS: Sequence[tuple[str, str, Callable[[ArgumentParser], None], Mapping[str, Any]]] = (
    (
        "serve",
        "serve the fake",
        _add_serve,
        {
            "usage": "segmetrics-mock serve [options]",
            "examples": [
                "segmetrics-mock serve --dataset demo",
                "segmetrics-mock serve --port 0 --database data.db --mode lenient",
                f"{settings.variable_of('port')}=9000 segmetrics-mock serve   # each option is a variable too",
            ],
        },
    ),
    (
        "check",
        "run a client's own command and check every request that it sends",
        _add_check,
        {
            "usage": "segmetrics-mock check [options] -- COMMAND ...",
            "reads_variables": True,
            "examples": [
                "segmetrics-mock check -- npm test",
                "segmetrics-mock check --report-html report.html -- python shop.py",
                "segmetrics-mock check --faults lost-answers --fail-on warning -- go test ./...",
            ],
        },
    ),
    (
        "contract",
        "test whether a server keeps the contract",
        _add_contract,
        {
            "usage": "segmetrics-mock contract [options] URL",
            "reads_variables": True,
            "examples": ["segmetrics-mock contract http://127.0.0.1:8642/api --quick"],
        },
    ),
    (
        "fake",
        "print valid payloads as JSON lines",
        _add_fake,
        {"examples": ["segmetrics-mock fake invoice --count 3"]},
    ),
    ("datasets", "list the built-in datasets", _add_datasets, {}),
    ("faults", "list the built-in fault plans", _add_faults, {}),
    ("findings", "explain what can be found", _add_findings, {"examples": ["segmetrics-mock findings tags-dropped"]}),
    (
        "completion",
        "print what completes commands and options in a shell",
        _add_completion,
        {"examples": ['eval "$(segmetrics-mock completion bash)"', "segmetrics-mock completion fish | source"]},
    ),
)
