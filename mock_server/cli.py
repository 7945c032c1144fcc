"""The command `segmetrics-mock`: its arguments, and how it ends."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from mock_server import __version__, output, settings
from mock_server.argument_parser import ArgumentParser
from mock_server.commands import COMMANDS, NAME
from mock_server.errors import SpecError, StoreError, UsageError
from mock_server.text import nearest, without_passwords

_CLOSED_PIPE = 128 + 13  # as a shell reports SIGPIPE
_INTERRUPTED = 128 + 2
# Variables with the prefix that are not settings: `check` gives it to the command.
_INTERNAL_VARIABLES = ("SEGMETRICS_MOCK_HOOK",)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 1 for a broken contract, 2 for misuse."""
    output.open_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        # What a client sent may hold characters that the terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    given = sys.argv[1:] if argv is None else argv
    if not given:
        parser.print_help(sys.stderr)
        return 2
    try:
        arguments = parser.parse_command(given)
        arguments.given = given
        _warn_of_unknown_variables(parser)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except (StoreError, UsageError) as error:
        output.complain(f"{NAME}: {without_passwords(str(error))}")
        return 2
    except SpecError as error:
        output.complain(f"{NAME}: {error}")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough of it, such as `head`.
        output.discard()
        return _CLOSED_PIPE
    except OSError as error:
        output.discard()
        text = f"{error.filename or 'the output'} cannot be used: {error.strerror}"
        output.complain(f"{NAME}: {without_passwords(text)}")
        return 2
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog=NAME,
        description="A local stand-in for the SegMetrics import API.",
        examples=["segmetrics-mock serve", "segmetrics-mock check -- npm test", "segmetrics-mock COMMAND --help"],
    )
    parser.add_argument("-V", "--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, help, add, options in COMMANDS:
        command = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.", **options)
        command.set_defaults(parser=command)
        add(command)
        parser.variables_of_commands |= command.variables
    return parser


def _warn_of_unknown_variables(parser: ArgumentParser) -> None:
    known = {*parser.variables_of_commands, *_INTERNAL_VARIABLES}
    for name in sorted(os.environ):
        if name.startswith(settings.ENVIRONMENT_PREFIX) and name not in known:
            output.complain(f"{NAME}: the variable {name} is not a setting{nearest(name, known)}")
