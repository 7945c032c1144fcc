"""The command `segmetrics-mock`. What a subcommand needs is imported when it runs: `serve` must start fast."""

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
        code: int = arguments.run(arguments)
    except UsageError as error:
        print(f"segmetrics-mock: {error}", file=sys.stderr)
        return 2
    except SpecError as error:
        print(f"segmetrics-mock: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segmetrics-mock", description="A local stand-in for the SegMetrics import API."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="serve the fake"))
    _add_check(commands.add_parser("check", help="run a client's own command and judge every call it makes"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"Every option is also a variable, such as {settings.variable_of('port')}."
    parser.set_defaults(run=_serve)
    for setting in dataclasses.fields(ServeSettings):
        option = "--" + setting.name.replace("_", "-")
        help = setting.metadata["help"]
        if settings.is_switch(setting):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=help)
        elif settings.is_list(setting):
            parser.add_argument(option, action="append", default=argparse.SUPPRESS, metavar="NAME", help=help)
        else:
            shown = f"{help} (default: {setting.default})" if setting.default else help
            kind, choices = type(setting.default), setting.metadata["choices"]
            parser.add_argument(option, type=kind, choices=choices, default=argparse.SUPPRESS, help=shown)


def _serve(arguments: argparse.Namespace) -> int:
    from mock_server.serving import serve

    names = {setting.name for setting in dataclasses.fields(ServeSettings)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    chosen = settings.from_environment() | given
    serve(ServeSettings(**chosen | {"allow_host_header": tuple(chosen.get("allow_host_header", ()))}))
    return 0


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.usage = "segmetrics-mock check [options] -- COMMAND ..."
    parser.set_defaults(run=_check)
    for kind in ("json", "junit", "html"):
        parser.add_argument(f"--report-{kind}", default="", metavar="FILE", help=f"write the report as {kind.upper()}")
    parser.add_argument("--fail-under", type=float, default=0.0, metavar="PERCENT", help="fail below this coverage")
    parser.add_argument("--mode", choices=settings.MODES, default=settings.STRICT, help="as for serve")
    parser.add_argument("--account", default="", metavar="ID", help="the account id that the client has baked in")
    parser.add_argument("--integration", default="", metavar="ID", help="likewise its payments integration")
    parser.add_argument("--api-key", default="", metavar="KEY", help="likewise its API key")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the client's own command")


def _check(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise UsageError("say what to run: segmetrics-mock check -- COMMAND ...")
    from mock_server.check.command import CheckOptions, check

    names = {option.name for option in dataclasses.fields(CheckOptions)}
    return check(command, CheckOptions(**{name: value for name, value in vars(arguments).items() if name in names}))
