"""The command `segmetrics-mock`. What a subcommand needs is imported when it runs: `serve` must start fast."""

import argparse
import dataclasses
import gc
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mock_server import __version__, settings
from mock_server.check.reports import FORMATS
from mock_server.errors import SpecError, StoreError, UsageError
from mock_server.findings import FAIL_ON
from mock_server.settings import ServeSettings

NAME = "segmetrics-mock"

# The resources of `fake`, as in `fakedata`, which is loaded only when it is used; a test compares them.
FAKED = ("contact", "invoice", "subscription", "product", "ad_performance", "tags")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 for a broken contract, 2 for misuse."""
    try:
        arguments = _parser().parse_args(argv)
        arguments.given = sys.argv[1:] if argv is None else argv
        code: int = arguments.run(arguments)
    except (StoreError, UsageError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    except SpecError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=NAME, description="A local stand-in for the SegMetrics import API.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="serve the fake"))
    _add_check(commands.add_parser("check", help="run a client's own command and check every request that it sends"))
    _add_fake(commands.add_parser("fake", help="print valid payloads as JSON lines"))
    commands.add_parser("datasets", help="list the built-in datasets").set_defaults(run=_datasets)
    _add_contract(commands.add_parser("contract", help="test whether a server keeps the contract"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"Every option is also a variable, such as {settings.variable_of('port')}."
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


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"{NAME} check [options] -- COMMAND ..."
    parser.set_defaults(run=_check)
    for format in FORMATS:
        parser.add_argument(format.option, default="", metavar="FILE", help=format.help)
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default="violation", help="the least severity that fails (default: violation)"
    )
    parser.add_argument("--fail-under", type=_percent, default=0.0, metavar="PERCENT", help="fail below this coverage")
    parser.add_argument(
        "--baseline", default="", metavar="FILE", help="known findings, which do not fail; the first run writes them"
    )
    parser.add_argument("--baseline-update", action="store_true", help="add to the baseline what this run finds")
    parser.add_argument(
        "--baseline-prune",
        action="store_true",
        help="like --baseline-update, and drop what this run does not meet in the operations that it calls",
    )
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
    parser.add_argument("--account", default="", metavar="ID", help="the account id that is hard-coded in the client")
    parser.add_argument("--integration", default="", metavar="ID", help="its payments integration, likewise")
    parser.add_argument("--api-key", default="", metavar="KEY", help="its API key, likewise")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the client's own command")


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
    words = [NAME, *(_without_key(word, arguments.api_key) for word in options), *map(shlex.quote, command)]
    return " ".join(words)


def _without_key(word: str, key: str) -> str:
    """Return a word for a shell, with a variable in place of the API key: `--api-key KEY` or `--api-key=KEY`."""
    if key and (word == key or word.endswith(f"={key}")):
        return f'{word.removesuffix(key)}"$SEGMETRICS_API_KEY"'
    return shlex.quote(word)


def _add_contract(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_contract)
    parser.add_argument("url", metavar="URL", help="the base that ends in /api, such as http://127.0.0.1:8642/api")
    parser.add_argument("--account", metavar="ID", help="account (default: SEGMETRICS_ACCOUNT_ID, else demo)")
    parser.add_argument("--integration", metavar="ID", help="likewise SEGMETRICS_INTEGRATION_ID, else payments")
    parser.add_argument("--api-key", metavar="KEY", help="likewise SEGMETRICS_API_KEY, else that of demo")
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--quick", dest="depth", action="store_const", const="quick", help="under a minute on a fake")
    depth.add_argument("--deep", dest="depth", action="store_const", const="deep", help="some ten minutes")
    parser.add_argument("--seed", type=int, metavar="N", help="repeats the run with that seed")
    parser.add_argument("--fail-fast", action="store_true", help="stop after the first operation with a finding")
    parser.add_argument("--report-junit", type=Path, metavar="FILE", help="write the report as JUnit")
    parser.add_argument("--report-har", type=Path, metavar="FILE", help="write all generated calls as HAR")
    parser.add_argument("--yes-write", action="store_true", help="write to a server that is not on this machine")


def _contract(arguments: argparse.Namespace) -> int:
    from mock_server.contract.command import contract, options_from

    return contract(options_from(arguments))


def _add_fake(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_fake)
    parser.add_argument("resource", metavar="RESOURCE", choices=FAKED, help=", ".join(FAKED))
    parser.add_argument("--count", type=_whole, default=1, metavar="N", help="how many (default: 1)")
    parser.add_argument("--seed", type=_whole, default=1, metavar="N", help="other data for each seed (default: 1)")
    parser.add_argument("--today", default="", metavar="DAY", help="day that dates count from (default: 2026-06-30)")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 10**9):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to 1000000000")
    return int(text)


def _fake(arguments: argparse.Namespace) -> int:
    from mock_server.datasets.command import print_fakes

    return print_fakes(arguments.resource, arguments.count, arguments.seed, arguments.today)


def _datasets(_: argparse.Namespace) -> int:
    from mock_server.datasets.command import print_datasets

    return print_datasets()
