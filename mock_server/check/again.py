"""The command that sends a call of a run again. The run's own fake is gone by then, so it calls `serve`."""

import re

from mock_server.journal import ShownExchange
from mock_server.settings import ServeSettings
from mock_server.spec import Contract
from mock_server.spec.paths import mount_of
from mock_server.store.accounts import DEFAULT_SANDBOX, Sandbox
from mock_server.verdict.presentation.curl import curl_of


def curl_again(exchange: ShownExchange, sandbox: Sandbox, contract: Contract) -> str:
    """Return the curl command, for the default sandbox in place of the run's own.

    Empty where the journal did not keep the whole body.
    """
    request = exchange["request"]
    if request["bytes"] > len(request["body"].encode()):
        return ""
    defaults = ServeSettings()
    origin = f"http://{defaults.host}:{defaults.port}"
    path = request["path"]
    for kind, integration in sandbox.integrations.items():
        own = f"/{DEFAULT_SANDBOX.account_id}/{DEFAULT_SANDBOX.integrations[kind]}/"
        path = path.replace(f"/{sandbox.account_id}/{integration}/", own, 1)
    if contract.account_in(path) == sandbox.account_id:  # of an API that names no integration
        mount, named = mount_of(path), re.escape(sandbox.account_id)
        below = re.sub(rf"(?<=[/=]){named}(?=[/?&]|$)", DEFAULT_SANDBOX.account_id, path.removeprefix(mount), count=1)
        path = mount + below
    return curl_of({**exchange, "request": {**request, "path": path}}, origin, DEFAULT_SANDBOX.api_key)
