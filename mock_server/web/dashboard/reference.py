"""The API reference: Swagger UI over the contract, filled in with a sandbox, without any network.

`swagger_ui/` holds files of the npm package `swagger-ui-dist`, unchanged; `.ci/update-swagger-ui` brings a newer
release. The alternatives do not fit: `flask-swagger-ui` brings the same files, with Flask and four packages more;
`swagger-ui-bundle` stopped at 4.15, which cannot show OpenAPI 3.1; `swagger-ui-py` is older and has an editor of 25 MB;
the packages of Scalar load it from a CDN or are three times the size.
"""

from pathlib import Path
from typing import Any

import orjson
from starlette.exceptions import HTTPException

from mock_server.store import accounts
from mock_server.store.accounts import ADS, DEFAULT_SANDBOX, PAYMENTS
from mock_server.web.dashboard.page import Page, PageContext, Redirect

_NAMES = ("swagger-ui.css", "swagger-ui-bundle.js")
# The files of Swagger UI, by name.
SWAGGER = {name: Path(__file__).parent / "swagger_ui" / name for name in _NAMES}


def reference(context: PageContext) -> Page | Redirect:
    """Show the reference; a path without an account leads to that of the default sandbox."""
    if not context.account_id:
        if accounts.find(context.session, DEFAULT_SANDBOX.account_id) is None:
            raise HTTPException(404, "There is no default sandbox; choose one at /__admin/ui.")
        return Redirect(f"{context.request.url.path.rstrip('/')}/{DEFAULT_SANDBOX.account_id}")
    return Page("reference.html.j2", "API reference")


def reference_document(context: PageContext) -> bytes:
    """Return the contract as the reference shows it: with this server, and the sandbox's ids as examples."""
    served = context.contract.served_at(context.origin, f"This server, sandbox {context.account_id}")
    document: dict[str, Any] = orjson.loads(orjson.dumps(served))
    # A page of this server can call no other.
    for described in (document, *document["paths"].values()):
        if "servers" in described:
            del described["servers"][1:]
    parameters = document["components"]["parameters"]
    parameters["AccountId"]["example"] = context.account_id
    parameters["IntegrationId"]["example"] = context.sandbox.integrations[PAYMENTS]
    parameters["AdsIntegrationId"]["example"] = context.sandbox.integrations[ADS]
    for operation in context.contract.operations.values():
        for parameter in document["paths"][operation.template][operation.method.lower()].get("parameters", ()):
            if parameter.get("name") == operation.account_parameter:
                parameter["example"] = context.account_id
    return orjson.dumps(document)
