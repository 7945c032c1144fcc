"""The API reference: Swagger UI over the contract, filled in with a sandbox, without any network.

Swagger UI's files come with `flask-swagger-ui`, whose releases follow Swagger UI's own within days. The others looked
at: `swagger-ui-bundle` stopped at 4.15, which cannot show OpenAPI 3.1; `swagger-ui-py` brings an editor of 25 MB and
is older; the packages of Scalar load it from a CDN or are three times the size. Only its files are read: neither it nor
Flask is imported.
"""

from importlib.metadata import files
from pathlib import Path
from typing import Any

import orjson
from starlette.exceptions import HTTPException

from mock_server.store import accounts
from mock_server.store.accounts import ADS, DEFAULT_SANDBOX, PAYMENTS
from mock_server.web.dashboard.visit import View, Visit

_PACKAGE = "flask-swagger-ui"
_NAMES = ("swagger-ui.css", "swagger-ui-bundle.js")
# The files of Swagger UI, by name.
SWAGGER: dict[str, Path] = {
    file.name: Path(str(file.locate())) for file in files(_PACKAGE) or () if file.name in _NAMES
}


def reference(visit: Visit) -> View:
    """The page; without an account in its path it is that of the default sandbox."""
    if not visit.account_id:
        if accounts.find(visit.session, DEFAULT_SANDBOX.account_id) is None:
            raise HTTPException(404, "There is no default sandbox; choose one below /__admin/ui.")
        return View("", "", {"goto": f"{visit.request.url.path.rstrip('/')}/{DEFAULT_SANDBOX.account_id}"})
    return View("reference.html.j2", "API reference")


def reference_document(visit: Visit) -> bytes:
    """The contract for this page alone: this server instead of production, the sandbox's ids as examples."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(visit.contract.document))
    document["servers"] = [{"url": f"{visit.origin}/api", "description": f"This server, sandbox {visit.account_id}"}]
    parameters = document["components"]["parameters"]
    parameters["AccountId"]["example"] = visit.account_id
    parameters["IntegrationId"]["example"] = visit.integration(PAYMENTS)
    for operation in visit.contract.operations.values():
        item = document["paths"][operation.template]
        if "Ads" in item[operation.method.lower()].get("tags", ()):
            item["parameters"] = [_for_ads(one, document, visit.integration(ADS)) for one in item["parameters"]]
    return orjson.dumps(document)


def _for_ads(parameter: dict[str, Any], document: dict[str, Any], integration_id: str) -> dict[str, Any]:
    if parameter.get("$ref", "").endswith("/IntegrationId"):
        return {**document["components"]["parameters"]["IntegrationId"], "example": integration_id}
    return parameter
