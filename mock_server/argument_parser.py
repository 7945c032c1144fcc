"""argparse with what this command line adds: suggestions, variables, and the usage of the very command."""

import argparse
import os
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from mock_server.errors import UsageError
from mock_server.settings import ENVIRONMENT_PREFIX, SWITCH_VALUES
from mock_server.text import nearest, printable, without_passwords

_INVALID_CHOICE = re.compile(r"invalid choice: '(?P<given>.*)' \(choose from (?P<choices>.*)\)")


class ArgumentParser(argparse.ArgumentParser):
    """The parser of a command.

    `examples`: lines that `--help` ends with. `reads_variables`: take the default of each option from its variable.
    """

    def __init__(self, *, examples: Sequence[str] = (), reads_variables: bool = False, **options: Any) -> None:
        self._actions_by_option: dict[str, argparse.Action] = {}
        self._reads_variables = reads_variables
        # The variables of all commands of this parser.
        self.variables_of_commands: dict[str, argparse.Action] = {}
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        if examples:
            self.epilog = "\n".join(["examples:", *(f"  {example}" for example in examples)])

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        action = super().add_argument(*names, **options)
        self.note_option(action)
        return action

    def note_option(self, action: argparse.Action) -> None:
        """Remember an action that was added through a group."""
        for option in action.option_strings:
            if option.startswith("--"):
                self._actions_by_option[option] = action

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._reads_variables:
            self._read_variables()
        return super().parse_known_args(args, namespace)

    def parse_command(self, argv: Sequence[str] | None) -> argparse.Namespace:
        """Parse a command line; what no command knows is an error of the command that it was given to."""
        arguments: argparse.Namespace
        arguments, unknown = self.parse_known_args(argv)
        if unknown:
            parser: ArgumentParser = getattr(arguments, "parser", self)
            given = unknown[0].partition("=")[0]
            near = nearest(given, parser._actions_by_option)
            parser.error(f"there is no option {given}{near}" if given.startswith("-") else f"'{given}' is one too many")
        return arguments

    def error(self, message: str) -> NoReturn:
        if found := _INVALID_CHOICE.search(message):
            choices = [choice.strip(" '") for choice in found["choices"].split(",")]
            message += nearest(found["given"], choices)
        super().error(printable(without_passwords(message)))

    @property
    def variables(self) -> dict[str, argparse.Action]:
        """The environment variable of each option."""
        return {
            ENVIRONMENT_PREFIX + option.removeprefix("--").replace("-", "_").upper(): action
            for option, action in self._actions_by_option.items()
            if action.dest not in ("help", "version")
        }

    def _read_variables(self) -> None:
        """Make the environment's values the defaults of the options. Raises UsageError that names the variable."""
        for variable, action in self.variables.items():
            if variable in os.environ:
                self.set_defaults(**{action.dest: _value_of(action, os.environ[variable], variable)})


def _value_of(action: argparse.Action, text: str, variable: str) -> Any:
    if action.nargs == 0:
        if text not in SWITCH_VALUES:
            raise UsageError(f"{variable} is '{text}'; it must be one of {', '.join(SWITCH_VALUES)}")
        return action.const if SWITCH_VALUES[text] else action.default
    if isinstance(action.default, list):
        return [_converted(action, part.strip(), variable) for part in text.split(",") if part.strip()]
    return _converted(action, text, variable)


def _converted(action: argparse.Action, text: str, variable: str) -> Any:
    convert: Any = action.type or str
    try:
        value = convert(text)
    except (argparse.ArgumentTypeError, ValueError) as error:
        raise UsageError(f"{variable}: {error}") from error
    if action.choices is not None and value not in action.choices:
        choices = ", ".join(action.choices)
        raise UsageError(f"{variable} is '{text}'{nearest(text, action.choices)}; it must be one of {choices}")
    return value
