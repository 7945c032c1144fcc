"""`check` of a client whose calls do not arrive: the report names the cause and the option that helps."""

import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import certifi
import pytest

from client_tests.checked import PRODUCTION, Checked, checked, client
from client_tests.isolated import needs_namespaces

PRODUCTION_HOST = "import.segmetrics.io"
RUNS = 3
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
isolations = pytest.mark.parametrize("isolate", [pytest.param("always", marks=needs_namespaces), "never"])
PYCURL = """
import pycurl, sys
handle = pycurl.Curl()
handle.setopt(handle.URL, sys.argv[1])
handle.setopt(handle.CAINFO, sys.argv[2])
handle.perform()
"""
PINNED = """
import os, socket, ssl, sys
from urllib.parse import urlsplit
proxy = urlsplit(os.environ.get("https_proxy", ""))
with socket.create_connection((proxy.hostname, proxy.port) if proxy.port else (sys.argv[1], 443)) as connection:
    if proxy.port:
        connection.sendall(f"CONNECT {sys.argv[1]}:443 HTTP/1.1\\r\\n\\r\\n".encode())
        connection.recv(4096)
    with ssl.create_default_context().wrap_socket(connection, server_hostname=sys.argv[1]) as pinned:
        pinned.getpeercert(binary_form=True)
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle that a client brings along."""
    return Path(shutil.copy(certifi.where(), tmp_path / "bundle.pem"))


def reasons(ended: Checked) -> str:
    return "\n".join(ended.report["verdict"]["reasons"])


@pytest.mark.slow
@isolations
@pytest.mark.parametrize(
    "short_lived",
    [
        pytest.param(["curl", "-sS", "--cacert", "BUNDLE", PRODUCTION], marks=needs_curl, id="curl"),
        pytest.param(
            [sys.executable, "-c", PYCURL, PRODUCTION, "BUNDLE"],
            marks=pytest.mark.skipif(find_spec("pycurl") is None, reason="pycurl is not installed"),
            id="pycurl",
        ),
    ],
)
def test_a_handshake_that_a_short_lived_client_breaks_off_is_reported_each_time(
    short_lived: list[str], isolate: str, bundle: Path, tmp_path: Path
) -> None:
    call = shlex.join(short_lived).replace("BUNDLE", str(bundle))
    both = f"{shlex.join(client('shop', 'good'))}; {call}; true"

    for _ in range(RUNS):
        ended = checked(tmp_path, ["sh", "-c", both], "--isolate", isolate)

        assert ended.code == 1
        assert f"{PRODUCTION_HOST}: the TLS handshake ended without a request" in reasons(ended)
        assert "--trust FILE" in reasons(ended)
        assert "--isolate always" in reasons(ended)


@pytest.mark.slow
@isolations
def test_a_connection_without_a_request_is_reported(isolate: str, tmp_path: Path) -> None:
    ended = checked(tmp_path, [sys.executable, "-c", PINNED, PRODUCTION_HOST], "--isolate", isolate)

    assert ended.code == 1, ended.stderr
    assert f"{PRODUCTION_HOST}: the TLS handshake ended without a request" in reasons(ended)
    assert "If it pins certificates" in reasons(ended)


@pytest.mark.slow
@isolations
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_client_that_insists_on_http_2_is_named(isolate: str, tmp_path: Path) -> None:
    program = f"""
    const session = require("node:http2").connect("https://{PRODUCTION_HOST}");
    session.on("error", () => {{}});
    session.request({{ ":path": "/api/v1/x" }}).on("error", () => {{}}).end();
    """

    ended = checked(tmp_path, ["node", "-e", program], "--isolate", isolate)

    assert ended.code == 1, ended.stderr
    assert f"{PRODUCTION_HOST}: the client sent HTTP/2" in reasons(ended)
    assert "HTTP/1.1" in reasons(ended)


@pytest.mark.slow
@needs_curl
@needs_namespaces
def test_http_2_without_tls_is_named(tmp_path: Path) -> None:
    ended = checked(tmp_path, ["curl", "-sS", "--http2-prior-knowledge", f"http://{PRODUCTION_HOST}/api/v1/x"])

    assert "the client sent HTTP/2" in reasons(ended)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("isolate", "remedy"),
    [pytest.param("always", "--trust FILE", marks=needs_namespaces), ("never", "--isolate always")],
)
def test_a_command_without_a_call_gets_the_likely_causes(isolate: str, remedy: str, tmp_path: Path) -> None:
    ended = checked(tmp_path, ["true"], "--isolate", isolate)

    assert ended.code == 1
    assert ended.report["verdict"]["headline"] == "nothing was captured"
    for cause in ("it made no call", "another base URL baked in", "SEGMETRICS_BASE_URL", remedy):
        assert cause in reasons(ended)


@pytest.mark.slow
def test_a_command_that_fails_before_its_first_call_gets_the_likely_causes(tmp_path: Path) -> None:
    ended = checked(tmp_path, ["sh", "-c", "exit 3"])

    assert ended.code == 3
    assert ended.report["verdict"]["headline"] == "the command failed with exit code 3 before its first call"
    for remedy in ("--account, --integration and --api-key", "SEGMETRICS_API_KEY", "--allow-host HOST"):
        assert remedy in reasons(ended)


@pytest.mark.slow
def test_a_command_that_fails_after_its_first_call_is_not(tmp_path: Path) -> None:
    ended = checked(tmp_path, ["sh", "-c", f"{shlex.join(client('shop', 'good'))}; exit 3"])

    assert ended.report["verdict"]["headline"] == "the command failed with exit code 3"
    assert reasons(ended) == ""


@pytest.mark.slow
def test_again_repeats_all_options_as_a_shell_reads_them(tmp_path: Path) -> None:
    options = ["--account", "my shop", "--mode", "lenient", "--isolate=never", "--fail-under", "0"]

    ended = checked(tmp_path, ["echo", "a b"], *options)

    again = ended.stdout.rpartition("Again: ")[2].partition("\n")[0]
    assert shlex.split(again) == [
        *("segmetrics-mock", "check", "--report-json", str(tmp_path / "report.json")),
        *(*options, "--", "echo", "a b"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("option", [["--api-key", "k'ey-4711"], ["--api-key=k'ey-4711"]])
def test_again_leaves_the_api_key_to_a_variable(option: list[str], tmp_path: Path) -> None:
    ended = checked(tmp_path, ["true"], *option)

    again = ended.stdout.rpartition("Again: ")[2].partition("\n")[0]
    assert "ey-4711" not in again
    assert '--api-key "$SEGMETRICS_API_KEY" ' in again.replace("=", " ")
