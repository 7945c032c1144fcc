"""Pages of the report as trees, and how to find a finding in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Element:
    """An element of a page: `parts` are texts and elements."""

    tag: str
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    parts: "list[str | Element]" = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def all(self, tag: str = "", **attributes: str) -> "Iterator[Element]":
        """Yield the elements inside. `class_`: one of the element's classes."""
        for part in self.parts:
            if isinstance(part, Element):
                if (not tag or part.tag == tag) and all(part.has(*pair) for pair in attributes.items()):
                    yield part
                yield from part.all(tag, **attributes)

    def has(self, name: str, value: str) -> bool:
        return value in (self.attributes.get(name.rstrip("_")) or "").split()


class Reader(HTMLParser):
    """Reads a page as a tree; raises AssertionError for a tag that is not closed properly."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("page")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].parts.append(element)
        if tag not in ("meta", "img", "link", "input"):
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def read(page: str) -> Element:
    reader = Reader()
    reader.feed(page)
    reader.close()
    (root,) = reader.open
    return root


def finding(page: str, pointer: str, code: str = "") -> Element:
    """Return the only finding that the page shows for a pointer."""
    (found,) = (
        one
        for one in read(page).all("details", class_="finding")
        if next(one.all("code", class_="pointer")).text == pointer and code in one.text
    )
    return found


def marks(page: str, pointer: str, code: str = "") -> list[str]:
    return [mark.text for mark in finding(page, pointer, code).all("mark")]
