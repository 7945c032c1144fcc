"""A dataset's YAML with the line of each value, so that a mistake can be told where it is.

Plain words are read as in YAML 1.2: `yes` and `2026-06-30` are texts. `!today -30 16:15:00` is the day 30 days
before today, with what is written after the number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER = re.compile(r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_RELATIVE = re.compile(r"([-+]?[0-9]{1,6})(.*)", re.DOTALL)
_MAX_DEPTH = 64

# The way to a value: keys, and places in lists from 0.
Place = tuple[str | int, ...]


class MistakeError(Exception):
    """What is wrong in a file, and in which line, from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass(slots=True)
class Document:
    """`value`: with all that is relative to today worked out."""

    value: Any = None
    _lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Sequence[str | int]) -> int:
        """The line of the value at `place`, or of the closest value around it that is there."""
        way = tuple(place)
        while way and way not in self._lines:
            way = way[:-1]
        return self._lines.get(way, 1)


def day_of_today(text: str) -> date:
    """The day that a file, or who runs it, calls today; at the start of it, in UTC. Raises ValueError."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError
    day = date.fromisoformat(text)
    if not 1900 <= day.year <= 2900:
        raise ValueError
    return day


def parse(text: str, today: date | None) -> Document:
    """Reads the text of a file. `today`: instead of the one that stands in it. Raises MistakeError."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise MistakeError(
            mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise MistakeError(1, f"this is not YAML: {' '.join(str(error).split()) or 'it nests too deep'}") from None
    reader = _Reader(today or _own_today(node))
    if node is not None:
        reader.document.value = reader.read(node, ())
    return reader.document


def _own_today(node: yaml.Node | None) -> date | None:
    """The file's `today`, which `!today` needs before the file is read."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == "today" and isinstance(value, yaml.ScalarNode):
            try:
                return day_of_today(value.value)
            except ValueError:
                raise MistakeError(
                    _line(value), f"'today' is '{value.value}'; write a day such as 2026-06-30"
                ) from None
    return None


class _Reader:
    """Turns YAML's nodes into values, and notes their lines."""

    def __init__(self, today: date | None) -> None:
        self.document = Document()
        self._today = today

    def read(self, node: yaml.Node, place: Place) -> Any:
        if len(place) > _MAX_DEPTH:
            raise MistakeError(_line(node), f"this nests deeper than {_MAX_DEPTH} levels; flatten it")
        self.document._lines[place] = _line(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(entry, (*place, number)) for number, entry in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise MistakeError(_line(key), "a key must be a text")
            if key.value in found:
                raise MistakeError(_line(key), f"'{key.value}' stands here twice; put both into one")
            found[key.value] = self.read(value, (*place, key.value))
            self.document._lines[(*place, key.value)] = _line(key)
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        text: str = node.value
        if node.tag == "!today":
            return self._relative(node, text)
        if node.tag.startswith("!"):
            raise MistakeError(_line(node), f"the tag {node.tag} is unknown; there is !today alone")
        if node.style:  # type: ignore[attr-defined]
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text):
            return int(text)
        return float(text) if _NUMBER.fullmatch(text) else text

    def _relative(self, node: yaml.Node, text: str) -> str:
        found = _RELATIVE.fullmatch(text.strip())
        if not found or self._today is None:
            remedy = "write a number of days, such as !today -30 16:15:00, and a 'today' at the file's top"
            raise MistakeError(_line(node), f"'!today {text}' cannot be read; {remedy}")
        return (self._today + timedelta(days=int(found[1]))).isoformat() + found[2]


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line + 1
    return line
