"""The environment of a client's process: certificates in a private folder, variables, hooks; nothing remains."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_tests.intercepted.fake import PRODUCTION, Intercepted, intercepted
from client_tests.serving import served
from mock_server.errors import UsageError
from mock_server.intercept.interception import Interception
from mock_server.serving import played_hosts
from mock_server.spec import Contract

FOREIGN = "api.example.org"
HOSTS = played_hosts(Contract.load())
READING_HOST = "api.segmetrics.io"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.fixture(scope="module")
def running_fake() -> Iterator[Intercepted]:
    with intercepted() as fake:
        yield fake


@pytest.fixture
def fake(running_fake: Intercepted) -> Intercepted:
    running_fake.foreign.clear()
    running_fake.troubles.clear()
    return running_fake


def run(command: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)


def python(program: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return run([sys.executable, "-c", program], environment)


def node(program: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return run(["node", "--input-type=module", "-e", program], environment)


# Certificates


def test_the_folder_is_private_and_deleted_after_the_run() -> None:
    with Interception(HOSTS) as interception:
        interception.environment(1)
        folder = interception.folder
        mode = stat.S_IMODE(folder.stat().st_mode)

    assert mode == 0o700
    assert not folder.exists()


def test_the_folder_is_deleted_after_a_run_that_failed() -> None:
    with pytest.raises(KeyboardInterrupt), Interception(HOSTS) as interception:
        raise KeyboardInterrupt

    assert not interception.folder.exists()


def test_only_the_certificates_own_key_is_on_disk_and_only_while_it_is_read() -> None:
    """Reads each file that is written, also those that are deleted at once."""
    program = """
import os, trustme
from pathlib import Path
authorities, deleted = [], []
make, unlink = trustme.CA.__init__, os.unlink

def watched_make(authority, *args, **named):
    make(authority, *args, **named)
    authorities.append(authority)

def watched_unlink(path, *, dir_fd=None):
    if dir_fd is None:
        deleted.append(Path(path).read_bytes())
    unlink(path, dir_fd=dir_fd)

trustme.CA.__init__, os.unlink = watched_make, watched_unlink
from mock_server.intercept.interception import Interception
from mock_server.serving import played_hosts
from mock_server.spec import Contract
with Interception(played_hosts(Contract.load())) as interception:
    interception.environment(1)
    kept = [path.read_bytes() for path in interception.folder.rglob("*") if path.is_file()]

(authority,) = authorities
key = authority.private_key_pem.bytes()
assert len(kept) >= 3 and not any(b"PRIVATE KEY" in content for content in kept)
assert any(b"PRIVATE KEY" in content for content in deleted), "the watch does not work"
assert not any(key in content for content in deleted)
"""

    ended = python(program, dict(os.environ))

    assert ended.returncode == 0, ended.stderr


def test_each_run_has_an_authority_of_its_own() -> None:
    with Interception(HOSTS) as one, Interception(HOSTS) as other:
        bundles = [Path(run.environment(1)["SSL_CERT_FILE"]).read_text("ascii") for run in (one, other)]

    assert bundles[0] != bundles[1]


@pytest.mark.parametrize("name", [PRODUCTION, PRODUCTION.upper() + ".", "", "a:b:c"])
def test_what_cannot_be_passed_through_is_misuse(name: str) -> None:
    with pytest.raises(UsageError, match="--allow-host"):
        Interception(HOSTS, allow_hosts=[name])


# What the user has set


def test_what_the_user_has_set_is_added_to() -> None:
    base = {
        "NODE_OPTIONS": "--max-old-space-size=512",
        "PYTHONPATH": f"/mine{os.pathsep}/yours",
        "JAVA_TOOL_OPTIONS": "-Dmine=1",
        "JAVA_HOME": "/opt/java",
        "PHP_INI_SCAN_DIR": "/etc/mine",
        "MINE": "kept",
    }

    with Interception(HOSTS) as interception:
        environment = interception.environment(1, base)

    assert environment["NODE_OPTIONS"].startswith("--max-old-space-size=512 --require ")
    assert environment["PYTHONPATH"].endswith(f"{os.pathsep}/mine{os.pathsep}/yours")
    assert environment["JAVA_TOOL_OPTIONS"].startswith("-Dmine=1 -Dhttp.proxyHost=127.0.0.1 ")
    assert environment["PHP_INI_SCAN_DIR"].startswith(f"/etc/mine{os.pathsep}")
    assert environment["MINE"] == "kept"


def test_an_environment_without_any_of_them_keeps_the_defaults() -> None:
    with Interception(HOSTS) as interception:
        environment = interception.environment(1, {})

    assert environment["PHP_INI_SCAN_DIR"].startswith(os.pathsep), "an empty part is the folder that was compiled in"
    assert os.pathsep not in environment["PYTHONPATH"], "an empty part would be the current folder"
    assert "JAVA_TOOL_OPTIONS" not in environment, "without Java it has nothing to say"


def test_proxies_and_exceptions_of_the_user_do_not_bypass_the_fake() -> None:
    names = ("http_proxy", "HTTPS_PROXY", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_DIR")
    base = dict.fromkeys(names, "http://proxy.example.org,.segmetrics.io")

    with Interception(HOSTS) as interception:
        environment = interception.environment(8642, base)

    assert environment["http_proxy"] == environment["HTTPS_PROXY"] == "http://127.0.0.1:8642"
    assert environment["NO_PROXY"] == environment["no_proxy"] == "localhost,127.0.0.1,::1"
    assert environment.keys().isdisjoint({"ALL_PROXY", "all_proxy", "SSL_CERT_DIR"})


def test_the_users_own_certificates_stay_trusted(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    own = {
        "SSL_CERT_FILE": tmp_path / "openssl.pem",
        "REQUESTS_CA_BUNDLE": tmp_path / "requests.pem",
        "CURL_CA_BUNDLE": tmp_path / "missing.pem",
        "NODE_EXTRA_CA_CERTS": tmp_path / "node.pem",
        "SSL_CERT_DIR": tmp_path / "folder",
    }
    for name in ("openssl", "requests", "node", "folder/own"):
        (tmp_path / f"{name}.pem").write_text(f"# A comment\n{CERTIFICATE.format(name)}", "ascii")

    with Interception(HOSTS) as interception:
        environment = interception.environment(1, {name: str(path) for name, path in own.items()})
        bundle = Path(environment["SSL_CERT_FILE"]).read_text("ascii")

    for name in ("openssl", "requests", "node", "folder/own"):
        assert bundle.count(CERTIFICATE.format(name)) == 1
    assert bundle.count("-----BEGIN CERTIFICATE-----") > len(own), "the system's, and ours"


def test_the_users_wget_settings_are_kept(tmp_path: Path) -> None:
    (tmp_path / "wgetrc").write_text("user_agent = mine\n", "utf-8")

    with Interception(HOSTS) as interception:
        environment = interception.environment(1, {"SYSTEM_WGETRC": str(tmp_path / "wgetrc")})
        written = Path(environment["SYSTEM_WGETRC"]).read_text("utf-8")

    assert written.startswith("user_agent = mine\n")
    assert f"ca_certificate = {environment['SSL_CERT_FILE']}" in written


# Hooks


def test_the_users_own_sitecustomize_runs_too(fake: Intercepted, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.mine = __file__\n", "utf-8")
    program = "import sys, sitecustomize, socket; print(sys.mine, sitecustomize.__file__, socket.getaddrinfo.__name__)"

    ended = python(program, fake.environment(PYTHONPATH=str(tmp_path)))

    own = str(tmp_path / "sitecustomize.py")
    assert ended.stdout.split() == [own, own, "hooked_getaddrinfo"], ended.stderr


@needs_node
def test_the_users_own_node_options_apply_too(fake: Intercepted, tmp_path: Path) -> None:
    own = tmp_path / "own hook.cjs"
    own.write_text("globalThis.mine = 'ran';", "utf-8")

    ended = node("console.log(mine)", fake.environment(NODE_OPTIONS=f'--require "{own}"'))

    assert ended.stdout == "ran\n", ended.stderr


@pytest.mark.parametrize(
    "program",
    [
        "import socket, sys; sys.stdout.write(str(socket.getaddrinfo(HOST, 443, type=socket.SOCK_STREAM)[0][4]))",
        "import socket, sys; s = socket.create_connection((HOST, 443)); sys.stdout.write(str(s.getpeername()))",
        "import socket, sys; s = socket.socket(); s.connect((HOST, 80)); sys.stdout.write(str(s.getpeername()))",
        "import socket, sys; s = socket.socket(); s.connect_ex((HOST, 80)); sys.stdout.write(str(s.getpeername()))",
        "import socket, sys; s = socket.socket(); s.connect((socket.gethostbyname(HOST), 443));"
        " sys.stdout.write(str(s.getpeername()))",
    ],
)
@pytest.mark.parametrize("host", [PRODUCTION, READING_HOST, PRODUCTION.upper()])
def test_sockets_of_python_lead_to_the_fake(fake: Intercepted, program: str, host: str) -> None:
    ended = python(program.replace("HOST", repr(host)), fake.environment())

    assert ended.stdout == str(("127.0.0.1", fake.port)), ended.stderr


def test_python_that_ignores_the_proxy_is_refused_a_foreign_host_and_it_is_recorded(fake: Intercepted) -> None:
    program = f"import http.client; http.client.HTTPSConnection('{FOREIGN}').request('GET', '/')"

    ended = python(program, fake.environment())

    assert ended.returncode != 0
    assert f"pass --allow-host {FOREIGN}" in ended.stderr
    assert fake.foreign == [FOREIGN]


@needs_node
@pytest.mark.parametrize(
    "program",
    [
        f"await fetch('https://{FOREIGN}/x').catch((error) => {{ throw error.cause }})",
        f"import https from 'node:https'; https.get('https://{FOREIGN}/x')",
        f"import http from 'node:http'; http.request('http://{FOREIGN}/x', {{ method: 'POST' }}).end('body')",
        f"import net from 'node:net'; net.connect(443, '{FOREIGN}').write('early')",
        f"import tls from 'node:tls'; tls.connect({{ port: 443, host: '{FOREIGN}' }})",
    ],
)
def test_a_foreign_host_is_blocked_and_recorded_for_node_that_ignores_the_proxy(
    fake: Intercepted, program: str
) -> None:
    ended = node(program, fake.environment())

    assert ended.returncode != 0
    assert f"pass --allow-host {FOREIGN}" in ended.stderr
    assert fake.foreign == [FOREIGN]


def test_hooks_leave_this_machine_alone(fake: Intercepted) -> None:
    url = f"{fake.origin}/__admin/health"

    by_python = python(f"import urllib.request as u; print(u.urlopen('{url}').status)", fake.environment())

    assert by_python.stdout == "200\n", by_python.stderr
    if shutil.which("node"):
        by_node = node(f"console.log((await fetch('{url}')).status)", fake.environment())
        assert by_node.stdout == "200\n", by_node.stderr


def test_hooks_leave_services_of_this_machine_alone(fake: Intercepted) -> None:
    program = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(socket.create_connection(("localhost", server.getsockname()[1])).getpeername() == server.getsockname())
    print(socket.socket().connect_ex(server.getsockname()))
"""

    ended = python(program, fake.environment())

    assert ended.stdout.split() == ["True", "0"], ended.stderr
    assert fake.foreign == []


def test_a_foreign_host_is_refused_to_python_on_any_port(fake: Intercepted) -> None:
    program = f"""
import socket
for attempt in (
    lambda: socket.create_connection(({FOREIGN!r}, 5432)),
    lambda: socket.socket().connect(("203.0.113.7", 5432)),
    lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::7", 5432)),
):
    try:
        attempt()
    except OSError as error:
        print(error)
print(socket.socket().connect_ex(("203.0.113.7", 5433)) != 0)
socket.socket(type=socket.SOCK_DGRAM).connect(("203.0.113.7", 1))
"""

    ended = python(program, fake.environment())

    assert "pass --allow-host 203.0.113.7:5432" in ended.stdout, ended.stderr
    assert ended.stdout.splitlines()[-1] == "True"
    assert fake.foreign == [FOREIGN, "203.0.113.7", "2001:db8::7", "203.0.113.7"]


@needs_node
@pytest.mark.parametrize(
    "target", ["5432, '203.0.113.7'", "{port: 5432, host: '2001:db8::7'}", f"5432, '{FOREIGN}'", f"'5432', '{FOREIGN}'"]
)
def test_a_foreign_host_is_refused_to_node_on_any_port(fake: Intercepted, target: str) -> None:
    ended = node(f"import net from 'node:net'; net.connect({target}).write('early')", fake.environment())

    assert ended.returncode != 0
    assert "--allow-host " in ended.stderr
    (host,) = fake.foreign
    assert host in target


def test_no_hook_without_its_variable(fake: Intercepted) -> None:
    environment = fake.environment()
    del environment["SEGMETRICS_MOCK_HOOK"]

    ended = python("import socket; print(socket.getaddrinfo.__name__)", environment)

    assert ended.stdout == "getaddrinfo\n", ended.stderr


# `serve --intercept`


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_exports_route_a_program_in_another_terminal_to_the_fake() -> None:
    with served("--intercept") as server:
        assert server.process.stdout
        exports = "".join(iter(server.process.stdout.readline, "unset ALL_PROXY all_proxy SSL_CERT_DIR\n"))
        call = f"curl -sS -H 'Authorization: sandbox-key-0123456789' --json '{json.dumps({'email': 'a@example.org'})}'"
        script = f"{exports}\n{call} https://{PRODUCTION}/api/v1/demo/payments/contact"

        ended = run(["sh", "-c", script], dict(os.environ))
        folder = Path(re.findall(r"export SSL_CERT_FILE=(\S+)", exports)[0]).parent
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=10)

    assert json.loads(ended.stdout)["status"] == "success", ended.stderr
    assert not folder.exists()
