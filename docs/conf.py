"""How Sphinx makes the site.

sphinx-build --fail-on-warning --nitpicky docs build/site
"""

from typing import Any

from mock_server import __version__

project = "segmetrics-mock"
release = __version__
extensions = ["myst_parser"]
exclude_patterns = ["examples"]
myst_heading_anchors = 3
smartquotes = False  # else it makes a dash of the two of an option
html_theme = "furo"
html_title = f"segmetrics-mock {__version__}"
html_copy_source = False
html_use_index = False
html_show_copyright = False


def setup(app: Any) -> None:
    app.connect("source-read", _add_pages_of_findings)


def _add_pages_of_findings(_: Any, name: str, source: list[str]) -> None:
    """Add the pages below the one that lists them. In the page itself GitHub would show it as code."""
    if name == "findings":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\nfindings/*\n```\n"
