"""The words of the repository: the field's terms in names and prose, and "is not a" in messages.

Each exemption states its reason; one that matches nothing any more fails too.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[1]
PROSE = ("*.md", "*.j2", "*.js", "*.cjs", "*.css", "*.yaml", "*.toml", "*.txt", ".ci/*")
HERE = Path(__file__).relative_to(CHECKOUT).as_posix()

# What a name of ours does not contain, and the standard term.
NAMES = {
    "told": "listed, reported, shown",
    "tell": "report, show, describe",
    "heed": "track, record",
    "hear": "receive, record",
    "settle": "commit, validate, convert",
    "intake": "conversion",
    "border": "policy",
    "dial": "connect",
    "law": "check",
    "claim": "assertion",
    "world": "model",
    "situation": "state",
    "exhibit": "excerpt",
    "look": "theme, appearance; to look up is to find",
    "conduct": "coverage, retries",
    "visit": "request, page",
    "mint": "create, generate",
    "learn": "ensure, record",
    "there": "existing",
    "gone": "removed, disconnected",
    "meant": "intended",
    "take_back": "roll back",
    "let_out": "pass through",
}
# The same for the files of a pattern alone.
NAMES_OF_FILES = {("mock_server/store/*", "mark"): "savepoint"}
# The forms of a word in NAMES that differ from it by more than an ending.
FORMS = {"heard": "hear", "taken_back": "take_back", "settling": "settle", "dialled": "dial"}
ENDING = re.compile("(?:s|ed|d|ing)$")
NAME_PART = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# What prose does not contain. Ordinary English passes: "look at the report", "there is", "it is gone".
PHRASES = {
    pattern: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for pattern in (
        "told|tells?|telling",
        "heed(?:s|ed)?|hears?|heard",
        "(?:take|takes|taken|taking|took) back",
        "settles?|settled|settling|intakes?",
        "(?:let|lets|letting) out",
        "dial|dials|dialled|dialling",
        "borders?(?!-|:)",
        "laws?|claims?|worlds?|situations?|exhibits?|conduct",
        "(?:a|the|its|their|our) looks?",
        "visits?|visited|visiting",
        "mints?|minted|minting",
        "learns?|learned|learnt|learning",
        "(?<!there )(?:is|are|was|were) no(?! longer| more)",
    )
}


@dataclass(frozen=True)
class Exemption:
    """Places where a word is right. `file`: a pattern of paths. `text`: a part of the line, or of the name."""

    file: str
    text: str
    reason: str


EXEMPTIONS = (
    Exemption(HERE, "", "it lists the words"),
    Exemption("mock_server/web/dashboard/swagger_ui/*", "", "files of Swagger UI, unchanged"),
    Exemption("CHANGELOG.md", "`-minted`", "it says what rules were called before"),
)


@dataclass(frozen=True)
class Place:
    """A name or a line with a word that is not ours."""

    file: str
    line: int
    text: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text.strip()[:120]!r}: {self.problem}"


def parts_of(name: str) -> list[str]:
    """Return the words of a name, and each two of them in a row, in the form that NAMES has."""
    words = [part.lower() for part in NAME_PART.findall(name)]
    pairs = [f"{first}_{second}" for first, second in pairwise(words)]
    return [FORMS.get(word, word) for word in (*words, *pairs)]


def problem_of(file: str, name: str) -> str | None:
    """Return what is wrong with a name in a file, if anything."""
    names = NAMES | {word: term for (pattern, word), term in NAMES_OF_FILES.items() if fnmatch(file, pattern)}
    for word in parts_of(name):
        for form in (word, ENDING.sub("", word), re.sub("(?:d|s)$", "", word)):
            if form in names:
                return f"'{form}' in a name; use {names[form]}"
    return None


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each name that a source defines, and each key of its dictionaries."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name
            case ast.Dict(keys=keys):
                for key in keys:
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield key.lineno, key.value


def prose_in(source: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the lines of a source's comments, docstrings and other texts of more than one word."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield from enumerate(node.value.splitlines(), node.lineno)


def places_in(file: str, text: str) -> Iterator[Place]:
    """Yield the places of a file where a word is not ours."""
    if problem := problem_of(file, Path(file).stem):
        yield Place(file, 0, Path(file).name, problem)
    prose_lines = list(enumerate(text.splitlines(), 1))
    if file.endswith(".py"):
        tree = ast.parse(text)
        prose_lines = list(prose_in(text, tree))
        for line, name in names_in(tree):
            if name.startswith("test_"):
                prose_lines.append((line, name.replace("_", " ")))
            elif problem := problem_of(file, name):
                yield Place(file, line, name, problem)
    for line, prose in prose_lines:
        for pattern, phrase in PHRASES.items():
            if found := phrase.search(prose):
                yield Place(file, line, prose, f"'{found[0]}' in prose (pattern {pattern!r})")


@cache
def places() -> list[Place]:
    """Return all places of the repository, those with an exemption included."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout, so its files cannot be listed")
    files = [file for file in listed.stdout.split("\0") if file and (CHECKOUT / file).is_file()]
    return [
        place
        for file in files
        if file.endswith(".py") or any(fnmatch(file, pattern) for pattern in PROSE)
        for place in places_in(file, (CHECKOUT / file).read_text("utf-8"))
    ]


def covers(exemption: Exemption, place: Place) -> bool:
    return fnmatch(place.file, exemption.file) and exemption.text in place.text


def test_names_and_prose_use_the_terms_of_the_field() -> None:
    found = [place for place in places() if not any(covers(exemption, place) for exemption in EXEMPTIONS)]

    assert not found, "\n" + "\n".join(map(str, found))


def test_every_exemption_has_a_reason_and_is_needed() -> None:
    found = places()

    assert all(exemption.reason for exemption in EXEMPTIONS)
    assert [exemption for exemption in EXEMPTIONS if not any(covers(exemption, place) for place in found)] == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.py", "def mint_id(): ..."),
        ("a.py", "class Visit: ..."),
        ("a.py", "def f(told): ..."),
        ("a.py", "there = 1"),
        ("a.py", "self.is_gone = True"),
        ("a.py", "{'meant': 1}"),
        ("a.py", "def take_back(): ..."),
        ("a.py", "taken_back = 1"),
        ("a.py", "def settledValue(): ..."),
        ("a.py", "# the caller is told so"),
        ("a.py", "raise ValueError('x is no whole number')"),
        ("a.py", "def test_a_client_is_told_why(): ..."),
        ("look.py", ""),
        ("mock_server/store/session.py", "def mark(): ..."),
        ("a.md", "A sandbox is minted for each test."),
        ("a.j2", "<p>That is no number.</p>"),
        ("a.yaml", "description: The server learns the product."),
        ("a.js", "// the look of the page"),
    ],
)
def test_a_word_that_is_not_ours_is_found(file: str, text: str) -> None:
    assert list(places_in(file, text)) != []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.py", "def lookup(mark): ..."),
        ("a.py", "outlawed = retold = mintage = 1"),
        ("a.py", "def test_there_is_no_proxy_and_the_contact_is_gone(): ..."),
        ("a.py", "raise ValueError('there is no such dataset')"),
        ("a.md", "Look at the report: there is no finding. What is gone is no longer listed."),
        ("a.css", "a { border: 1px solid; border-left: 0 }"),
    ],
)
def test_ordinary_english_passes(file: str, text: str) -> None:
    assert list(places_in(file, text)) == []
