"""The command `segmetrics-mock`."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from mock_server import __version__, settings
from mock_server.errors import SpecError, UsageError
from mock_server.settings import ServeSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; its exit code: 0, 1 for a broken contract, 2 for misuse."""
    arguments = _parser().parse_args(argv)
    try:
        _serve(arguments)
    except UsageError as error:
        print(f"segmetrics-mock: {error}", file=sys.stderr)
        return 2
    except SpecError as error:
        print(f"segmetrics-mock: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segmetrics-mock", description="A local stand-in for the SegMetrics import API."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve", help="serve the fake", epilog=f"Every option is also a variable: {settings.ENVIRONMENT_PREFIX}PORT."
    )
    for setting in dataclasses.fields(ServeSettings):
        option = "--" + setting.name.replace("_", "-")
        help = setting.metadata["help"]
        if settings.is_switch(setting):
            serve.add_argument(option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=help)
        elif settings.is_list(setting):
            serve.add_argument(option, action="append", default=argparse.SUPPRESS, metavar="NAME", help=help)
        else:
            kind = type(setting.default)
            shown = f"{help} (default: {setting.default})" if setting.default else help
            serve.add_argument(option, type=kind, default=argparse.SUPPRESS, help=shown)
    return parser


def _serve(arguments: argparse.Namespace) -> None:
    given = {name: value for name, value in vars(arguments).items() if name != "command"}
    chosen = settings.from_environment() | given
    chosen["allow_host_header"] = tuple(chosen.get("allow_host_header", ()))
    from mock_server.serving import serve

    serve(ServeSettings(**chosen))
