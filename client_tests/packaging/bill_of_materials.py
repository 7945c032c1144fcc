"""Bills of materials, read with CycloneDX' own schema."""

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

SWAGGER_UI = "swagger-ui-dist"


def components(text: str) -> dict[str, str]:
    """Return the version of each package that a valid bill lists beside the product and the Swagger UI in it."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    found = {one["name"]: one["version"] for one in bill["components"]}
    assert bill["metadata"]["component"]["name"] == "segmetrics-mock"
    assert len(found) == len(bill["components"])
    assert all(one["licenses"] for one in bill["components"])
    assert {one["ref"] for one in bill["dependencies"]} == {
        one["bom-ref"] for one in [bill["metadata"]["component"], *bill["components"]] if one["name"] != SWAGGER_UI
    }
    del found[SWAGGER_UI]
    return found
