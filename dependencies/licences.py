"""Print docs/licences.md from the metadata of what is installed: `python -m dependencies.licences > docs/licences.md`.

It needs an environment with every extra, such as that of the tests, on Linux.
"""

import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from dependencies.packages import SWAGGER_UI_LICENCE, licence_of, normalized

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]

_HEAD = f"""# Licences

What `pip install segmetrics-mock` installs beside it, by the metadata of the packages; on Windows also `colorama`
(BSD-3-Clause) and `tzdata` (Apache-2.0). The wheel itself, MIT, contains Swagger UI, {SWAGGER_UI_LICENCE}. The bill of
materials in the [image](container.md), `/opt/segmetrics-mock/sbom.cdx.json`, has the versions too.

`.venv/bin/python -m dependencies.licences > docs/licences.md` writes this page.
"""


def required(requirements: Iterable[str]) -> set[str]:
    """Return the names of all packages that the requirements bring, directly or not, on this system."""
    found: set[tuple[str, str]] = set()
    todo = [(Requirement(line), "") for line in requirements]
    while todo:
        requirement, extra = todo.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = normalized(requirement.name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in found:
                found.add((name, wanted))
                todo += [(Requirement(line), wanted) for line in distribution(name).requires or []]
    return {name for name, _ in found}


def page() -> str:
    """Return the text of docs/licences.md."""
    core = required(PROJECT["dependencies"])
    extras = PROJECT["optional-dependencies"]
    parts = [_HEAD, *_table("Without extras", core)]
    for extra in ("contracts", "postgres"):
        parts += _table(f"What `[{extra}]` adds", required(extras[extra]) - core)
    return "\n".join(parts).rstrip() + "\n"


def _table(title: str, names: Iterable[str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| package | licence |\n| --- | --- |"
    for name in sorted(names):
        yield f"| {name} | {licence_of(distribution(name))} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
