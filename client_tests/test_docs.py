"""The documentation: what is generated is up to date, the blocks of code run, and the site is whole and offline."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from client_tests.checked import CHECKOUT, environment
from client_tests.serving import served
from docs.generate import pages

DOCS = CHECKOUT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
SHOWN_ORIGIN = "http://127.0.0.1:8642"
# What is printed, and Sphinx's own directives.
NOT_CODE = re.compile(r"text|\{.*\}")
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n\n)?^```(?P<language>[^\n]*)\n(?P<code>.*?)^```$", re.M | re.S)
# The commands that a page's client needs; a page whose tools are absent is skipped.
TOOLS = ("php", "java", "go", "ruby", "node")


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served() as server:
        yield server.origin


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code. `mark`: what the comment before it says, such as `not run: needs Docker`."""

    language: str
    code: str
    mark: str


def blocks(page: Path) -> Iterator[Block]:
    for found in BLOCK.finditer(page.read_text("utf-8")):
        if not NOT_CODE.fullmatch(found["language"]):
            yield Block(found["language"], found["code"], found["mark"] or "")


def commands(page: Path) -> str:
    """Return the commands of a page that are run here."""
    return "".join(block.code for block in blocks(page) if block.language == "sh" and not block.mark)


def test_what_is_generated_is_up_to_date() -> None:
    changed = [page.name for page, text in pages() if not page.exists() or page.read_text("utf-8") != text]

    assert changed == [], "generate them again: .venv/bin/python -m docs.generate"
    assert {page for page, _ in pages() if page.parent.name == "findings"} == set((DOCS / "findings").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        kind, _, rest = block.mark.partition(": ")
        match kind:
            case "not run":
                assert rest
            case "run by":
                assert (CHECKOUT / rest).is_file()
            case "file":
                assert re.search(rf"\b{re.escape(rest)}\b", commands(page)), f"{rest} of {page.name} is not used"
            case _:
                assert (block.language, block.mark) == ("sh", ""), block


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(page: Path, origin: str, tmp_path: Path) -> None:
    script = commands(page).replace(SHOWN_ORIGIN, origin).replace("COMMAND ...", "python shop.py")
    if missing := [tool for tool in TOOLS if re.search(rf"\b{tool} ", script) and shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    shutil.copy(CHECKOUT / "client_tests" / "checked" / "buyers.py", tmp_path / "shop.py")
    for block in blocks(page):
        if block.mark.startswith("file: "):
            (tmp_path / block.mark[6:]).write_text(block.code.replace(SHOWN_ORIGIN, origin), "utf-8")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))

    ended = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, env=environment(PATH=path), capture_output=True, text=True, timeout=300
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


class Links(HTMLParser):
    """What a page refers to. `loaded`: without a click. `followed`: by one. `ids`: what can be referred to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: set[str] = set()
        self.followed: set[str] = set()
        self.ids: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name in ("src", "href") and value:
                (self.followed if tag == "a" else self.loaded).add(value)


@pytest.mark.slow
def test_the_site_is_built_strictly_and_needs_no_network(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going", "--nitpicky", DOCS, site],
        cwd=tmp_path,
        env=environment(PYTHONPATH=CHECKOUT),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr
    found = {page: Links(page) for page in site.rglob("*.html")}

    assert len(found) >= len(PAGES)
    assert (site / "searchindex.js").stat().st_size > 10_000
    loaded = {(page, link) for page, links in found.items() for link in links.loaded}
    assert [link for _, link in loaded if urlsplit(link).netloc] == []
    styles = "".join(sheet.read_text("utf-8") for sheet in site.rglob("*.css"))
    assert re.findall(r"url\([\"']?(?:https?:)?//|@import", styles) == []
    followed = {(page, link) for page, links in found.items() for link in links.followed}
    assert {f"{page.name}: {link}" for page, link in loaded | followed if is_dead(page, link, found)} == set()


def is_dead(page: Path, link: str, found: dict[Path, Links]) -> bool:
    """Return whether a link within the site leads nowhere."""
    url = urlsplit(link)
    if url.scheme or url.netloc:
        return False
    target = (page.parent / unquote(url.path)).resolve() if url.path else page
    if not url.fragment or target not in found:
        return not target.exists()
    return url.fragment not in found[target].ids
