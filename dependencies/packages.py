"""Packages as their own metadata describes them; with the standard library alone, for the image has nothing else."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from pathlib import Path

PRODUCT = "segmetrics-mock"
SWAGGER_UI_LICENCE = "Apache-2.0"

_INSTALLERS = {"pip", "setuptools", "wheel"}
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package. `licence`: an SPDX expression where it states one. `requires`: names, without extras."""

    name: str
    version: str
    licence: str
    requires: frozenset[str]


def installed() -> Iterator[Package]:
    """Yield what is installed in this environment, but for what installs."""
    for distribution in distributions():
        name = normalized(distribution.name)
        if name not in _INSTALLERS:
            requires = frozenset(
                normalized(found[0])
                for line in distribution.requires or []
                if "extra ==" not in line and (found := _NAME.match(line))
            )
            yield Package(name, distribution.version, licence_of(distribution), requires)


def normalized(name: str) -> str:
    """Return the name of a package as an index compares it."""
    return re.sub("[-_.]+", "-", name).lower()


def licence_of(distribution: Distribution) -> str:
    """Return the SPDX expression of a package, or the name that it gives its licence; empty where it gives none."""
    metadata = distribution.metadata
    stated = next((text for key in ("License-Expression", "License") for text in metadata.get_all(key) or []), "")
    if not stated or len(stated) > _LONGEST_NAME:
        classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
        stated = " AND ".join(_spdx(line.rpartition(" :: ")[2]) for line in classifiers)
    return _spdx(stated)


def swagger_ui_version() -> str:
    """Return the version of the Swagger UI that is part of the product."""
    spec = find_spec("mock_server")
    assert spec
    (folder,) = spec.submodule_search_locations or []
    described = json.loads((Path(folder) / "web/dashboard/swagger_ui/package.json").read_text("utf-8"))
    return str(described["version"])


def _spdx(name: str) -> str:
    return _SPDX.get(name, name)
