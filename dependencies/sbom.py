"""Print the software bill of materials of an environment with segmetrics-mock, as CycloneDX 1.6 in JSON.

    python -m dependencies.sbom > sbom.cdx.json

It lists what is installed beside the product, and the Swagger UI in it. With SOURCE_DATE_EPOCH, seconds, it is the same
each time. The Containerfile runs it for the image.
"""

import json
import os
import re
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from dependencies.packages import PRODUCT, SWAGGER_UI_LICENCE, Package, installed, swagger_ui_version

Component = dict[str, Any]

_EXPRESSION = re.compile(r"\(?[A-Za-z0-9.+-]+\)?( (AND|OR|WITH) \(?[A-Za-z0-9.+-]+\)?)*")


def document(packages: list[Package], at: datetime) -> dict[str, Any]:
    """Return the bill of materials. Raises StopIteration where the product is not installed."""
    product = next(one for one in packages if one.name == PRODUCT)
    others = sorted((one for one in packages if one.name != PRODUCT), key=lambda one: one.name)
    swagger_ui = _component(f"pkg:npm/swagger-ui-dist@{swagger_ui_version()}", SWAGGER_UI_LICENCE)
    components = [*(_component(_purl(one), one.licence) for one in others), swagger_ui]
    references = {one.name: _purl(one) for one in packages}
    graph = {
        _purl(one): sorted(references[name] for name in one.requires if name in references)
        for one in [product, *others]
    }
    graph[_purl(product)].append(swagger_ui["bom-ref"])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ' '.join(references.values()))}",
        "version": 1,
        "metadata": {
            "timestamp": at.isoformat(),
            "component": {**_component(_purl(product), product.licence), "type": "application"},
        },
        "components": components,
        "dependencies": [{"ref": reference, "dependsOn": needed} for reference, needed in graph.items()],
    }


def _purl(package: Package) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def _component(purl: str, licence: str) -> Component:
    name, _, version = purl.rpartition("/")[2].partition("@")
    component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if not licence:
        return component
    is_expression = _EXPRESSION.fullmatch(licence)
    return {**component, "licenses": [{"expression": licence} if is_expression else {"license": {"name": licence}}]}


def main() -> int:
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    json.dump(document(list(installed()), datetime.fromtimestamp(seconds, UTC)), sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
