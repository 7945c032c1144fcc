"""The files that the package contains: the contract, its test suite, and the fixtures.

In a checkout they are at its top; in the wheel, hatch puts them into `mock_server/_resources/`.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_PACKAGED = _PACKAGE / "_resources"


def resource_path(name: str) -> Path:
    """Return the path of a file or folder of the package, such as `openapi.yaml` or `fixtures`."""
    return (_PACKAGED if _PACKAGED.is_dir() else _PACKAGE.parent) / name
