"""A user's test suite on the plugin's fixture, run by pytest in a process of its own."""

import re
from importlib.metadata import entry_points

import pytest

from client_tests.checked import CHECKOUT

PLUGIN = "segmetrics_mock"
# Not so where the checkout is only on the path: then there are no entry points. `.ci/run` installs the package.
IS_INSTALLED = bool(entry_points(group="pytest11", name=PLUGIN))
OPTIONS = ["-p", "no:cacheprovider", "--strict-markers", "-W", "error"]

SHOP = """
import json
from http.client import HTTPConnection
from types import SimpleNamespace
from urllib.parse import urlsplit


def post(sandbox, path, body, integration="payments"):
    base = urlsplit(sandbox.base_url)
    connection = HTTPConnection(base.netloc, timeout=30)
    headers = {"Authorization": sandbox.api_key, "Content-Type": "application/json"}
    path = f"{base.path}/v1/{sandbox.account_id}/{integration}/{path}"
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return SimpleNamespace(status=answer.status, body=body)


def add(sandbox, contact_id, **fields):
    return post(sandbox, "contact", {"contact_id": contact_id, **fields})
"""


class Suite:
    """Runs tests, given as text, which find their client as `shop`.

    Of the installed plugins only this one is loaded, by its entry point: Schemathesis takes seconds to load.
    """

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester = pytester
        monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(self, tests: str, *options: str, ini: str = "") -> pytest.RunResult:
        """Run the tests with the client SHOP. `ini`: a line for pytest's settings."""
        return self.run_with(SHOP, f"import pytest\nfrom shop import add, post\n{tests}", *options, ini=ini)

    def run_with(self, shop: str, tests: str, *options: str, ini: str = "") -> pytest.RunResult:
        """Run the tests with another client."""
        self._pytester.makepyfile(shop=shop, test_shop=tests)
        self._pytester.makeini(f"[pytest]\n{ini}\n")
        plugin = PLUGIN if IS_INSTALLED else "mock_server.pytest_plugin"
        return self._pytester.runpytest_subprocess("-p", plugin, *OPTIONS, *options, timeout=120)


def exercised(result: pytest.RunResult) -> dict[str, tuple[int, int]]:
    """Return requests and covered points by operation, as the terminal summary shows them."""
    rows = re.findall(r"^(\w+) +(\d+) requests +(\d+) of \d+ points$", result.stdout.str(), re.MULTILINE)
    return {name: (int(requests), int(points)) for name, requests, points in rows}
