"""`check` and clients that read no certificates from their environment: they bring a bundle along, or pin one."""

import os
import shlex
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from client_tests.checked import PRODUCTION, checked, run
from client_tests.isolated import needs_namespaces

URL = f"{PRODUCTION}/v1/nobody/payments/contact"
pytestmark = pytest.mark.slow
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
PERL = f"""
use LWP::UserAgent;
my $answer = LWP::UserAgent->new->post("{URL}", Content => "{{}}");
print $answer->status_line, "\\n";
"""
PINNED = f"""
import ssl, certifi, httpx
pinned = ssl.create_default_context(cafile=certifi.where())
print(httpx.post("{URL}", json={{}}, verify=pinned, trust_env=False).status_code)
"""


def has_lwp() -> bool:
    perl = shutil.which("perl")
    return perl is not None and not subprocess.run([perl, "-MLWP::Protocol::https", "-e", "1"], stderr=-3).returncode


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle that a client brings along."""
    return Path(shutil.copy(certifi.where(), tmp_path / "brought along.pem"))


@needs_namespaces
@pytest.mark.parametrize("wrapper", [[], ["env", "-i"]])
def test_a_client_that_pins_certifi_reaches_the_fake(wrapper: list[str], tmp_path: Path) -> None:
    before = Path(certifi.where()).read_bytes()

    ended = checked(tmp_path, [*wrapper, sys.executable, "-c", PINNED])

    assert ended.stdout.startswith("401\n"), ended.stderr
    assert ended.report["summary"]["requests"] == 1
    assert Path(certifi.where()).read_bytes() == before


@needs_namespaces
@pytest.mark.parametrize(
    "place", [".venv/lib/python3.12/site-packages/certifi", "bin/../lib/python3/dist-packages/pip/_vendor/certifi"]
)
def test_certifi_is_found_in_environments_of_the_folder_and_of_the_path(
    place: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    folder = tmp_path / place
    folder.mkdir(parents=True)
    own = Path(shutil.copy(bundle, folder / "cacert.pem"))
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    call = [sys.executable, "-m", "mock_server", "check", "--", "grep", "-c", "BEGIN CERTIFICATE", str(own)]

    ended = subprocess.run(call, env={"PATH": path}, capture_output=True, text=True, timeout=60)

    assert int(ended.stdout.split()[0]) == own.read_text().count("BEGIN CERTIFICATE") + 1, ended.stderr


@needs_namespaces
@needs_curl
def test_a_bundle_that_is_named_is_trusted_and_one_that_is_not_is_not(bundle: Path, tmp_path: Path) -> None:
    command = ["curl", "--silent", "--show-error", "--cacert", str(bundle), "-d", "{}", URL]
    before = bundle.read_bytes()

    named = checked(tmp_path, command, "--trust", bundle)
    not_named = checked(tmp_path, command)

    assert named.report["summary"]["requests"] == 1
    assert not_named.report["summary"]["requests"] == 0
    assert "certificate" in not_named.stderr
    assert bundle.read_bytes() == before


@needs_namespaces
@needs_curl
def test_a_bundle_keeps_what_it_contained(bundle: Path, tmp_path: Path) -> None:
    before = bundle.read_bytes()

    ended = checked(tmp_path, ["cat", str(bundle)], "--trust", bundle)

    assert ended.stdout.startswith(before.decode())
    added = ended.stdout[len(before.decode()) :].partition("-----END CERTIFICATE-----")[0]
    assert b"segmetrics-mock" in ssl.PEM_cert_to_DER_cert(f"{added.strip()}\n-----END CERTIFICATE-----\n")


@needs_namespaces
@pytest.mark.parametrize(
    ("content", "text"), [("no certificate", "there is no certificate in this file"), (None, "cannot be read: No such")]
)
def test_what_is_not_a_bundle_is_misuse(content: str | None, text: str, tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    if content is not None:
        file.write_text(content, "utf-8")

    ended = run("--trust", file, command=["touch", str(tmp_path / "was-run")])

    assert ended.returncode == 2
    (line,) = ended.stderr.decode().splitlines()
    assert f"--trust {file}: " in line
    assert text in line
    assert not (tmp_path / "was-run").exists()


def test_a_bundle_cannot_be_covered_without_isolation(bundle: Path) -> None:
    ended = run("--isolate", "never", "--trust", bundle, command=["true"])

    assert ended.returncode == 2
    (line,) = ended.stderr.decode().splitlines()
    assert "only an isolated command can be given other certificates (--isolate never)" in line


@pytest.mark.skipif(not has_lwp(), reason="Perl's LWP is not installed")
@pytest.mark.parametrize("isolate", [pytest.param("always", marks=needs_namespaces), "never"])
def test_perls_lwp_reaches_the_fake(isolate: str, tmp_path: Path) -> None:
    ended = checked(tmp_path, ["perl", "-e", PERL], "--isolate", isolate)

    assert ended.stdout.startswith("401 "), ended.stdout + ended.stderr
    assert ended.report["summary"]["requests"] == 1


@needs_namespaces
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_of_the_path_that_cannot_be_read_does_not_matter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "bin").mkdir(parents=True)
    closed.chmod(0)

    ended = run(command=["true"], variables={"PATH": f"{closed / 'bin'}:/usr/bin:/bin"})

    closed.chmod(0o700)
    assert b"nothing was captured" in ended.stdout, ended.stderr


@needs_namespaces
@needs_curl
def test_many_bundles_may_be_named(bundle: Path, tmp_path: Path) -> None:
    other = Path(shutil.copy(bundle, tmp_path / "other.pem"))
    calls = [f"curl --silent --cacert {shlex.quote(str(file))} -d '{{}}' {URL}" for file in (bundle, other)]

    ended = checked(tmp_path, ["sh", "-c", "; ".join(calls)], "--trust", bundle, "--trust", other)

    assert ended.report["summary"]["requests"] == 2
