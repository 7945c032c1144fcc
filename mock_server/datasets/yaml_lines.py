"""The YAML of a dataset with the line of each value, so that an error can name its line.

Plain scalars are read as in YAML 1.2: `yes` and `2026-06-30` are texts. One is a number only where the number would be
written so: `000123`, `02142`, `1.10` and `1e3` are texts, as ids, postal codes and versions must be.
`!today -30 16:15:00` is the day 30 days before today, followed by the rest of the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMERIC = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,19})?")
_RELATIVE = re.compile(r"([-+]?[0-9]{1,6})(.*)", re.DOTALL)
_MAX_DEPTH = 64

# The path to a value: keys, and indexes in lists.
ValuePath = tuple[str | int, ...]


class DatasetError(Exception):
    """An error in a file. `line`: from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass(slots=True)
class ParsedYaml:
    """A parsed file. `value`: with dates relative to today replaced by days."""

    value: Any = None
    _lines: dict[ValuePath, int] = field(default_factory=dict)

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of the value at `path`, or of the innermost value around it."""
        existing = tuple(path)
        while existing and existing not in self._lines:
            existing = existing[:-1]
        return self._lines.get(existing, 1)


def parse_today(text: str) -> date:
    """Return the day that a text such as `2026-06-30` names. Raises ValueError."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError
    day = date.fromisoformat(text)
    if not 1900 <= day.year <= 2900:
        raise ValueError
    return day


def parse(text: str, today: date | None) -> ParsedYaml:
    """Parse the text of a file. `today`: instead of the one in the file. Raises DatasetError."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DatasetError(
            mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise DatasetError(1, f"this is not YAML: {' '.join(str(error).split()) or 'it nests too deeply'}") from None
    reader = _Reader(today or _today_in(node))
    if node is not None:
        reader.parsed.value = reader.read(node, ())
    return reader.parsed


def _today_in(node: yaml.Node | None) -> date | None:
    """Return the file's `today`, which `!today` needs before the file is read."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == "today" and isinstance(value, yaml.ScalarNode):
            try:
                return parse_today(value.value)
            except ValueError:
                raise DatasetError(
                    _line(value), f"'today' is '{value.value}'; write a day such as 2026-06-30"
                ) from None
    return None


class _Reader:
    """Convert YAML's nodes into values, and record their lines."""

    def __init__(self, today: date | None) -> None:
        self.parsed = ParsedYaml()
        self._today = today

    def read(self, node: yaml.Node, path: ValuePath) -> Any:
        if len(path) > _MAX_DEPTH:
            raise DatasetError(_line(node), f"this nests deeper than {_MAX_DEPTH} levels; flatten it")
        self.parsed._lines[path] = _line(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(entry, (*path, number)) for number, entry in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: ValuePath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DatasetError(_line(key), "this key is not a text; write a plain name")
            if key.value in found:
                raise DatasetError(_line(key), f"the key '{key.value}' occurs twice; merge both into one")
            found[key.value] = self.read(value, (*path, key.value))
            self.parsed._lines[(*path, key.value)] = _line(key)
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        text: str = node.value
        if node.tag == "!today":
            return self._relative(node, text)
        if node.tag.startswith("!"):
            raise DatasetError(_line(node), f"the tag {node.tag} is unknown; the only tag is !today")
        if node.style:  # type: ignore[attr-defined]
            return text
        if text in _WORDS:
            return _WORDS[text]
        return _number(text) if _NUMERIC.fullmatch(text) else text

    def _relative(self, node: yaml.Node, text: str) -> str:
        found = _RELATIVE.fullmatch(text.strip())
        if not found or self._today is None:
            remedy = "write a number of days, such as !today -30 16:15:00, and a 'today' at the top of the file"
            raise DatasetError(_line(node), f"'!today {text}' cannot be read; {remedy}")
        return (self._today + timedelta(days=int(found[1]))).isoformat() + found[2]


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _number(text: str) -> int | float | str:
    """Return the number that a text stands for, or the text where the number would be written otherwise."""
    number = float(text) if "." in text else int(text)
    return number if str(number) == text else text
