"""The files that travel with the package: the contract, and later what else the kit needs.

In a checkout they lie at its top; in the wheel hatch puts them into `mock_server/_kit/`.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_KIT = _PACKAGE / "_kit"


def kit_path(name: str) -> Path:
    """Where the file or folder `name` of the kit lies, such as `openapi.yaml` or `fixtures`."""
    return (_KIT if _KIT.is_dir() else _PACKAGE.parent) / name
