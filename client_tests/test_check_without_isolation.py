"""`check` where the command is not isolated: the proxy and the hooks, what they see, and what the reports say of it."""

import shlex
from operator import itemgetter
from pathlib import Path

import pytest

from client_tests.checked import PRODUCTION, checked, client, run
from client_tests.isolated import FOREIGN_ADDRESS, checked_beside_a_foreign_host, needs_namespaces
from client_tests.isolated.evading import EVADING, HOOKED
from client_tests.test_check_isolation import FOREIGN, FOREIGN_PLACES, after_the_shop, called, needs_curl, python

pytestmark = [pytest.mark.slow, needs_namespaces]


# Where isolation cannot be had


@pytest.fixture
def forbidden(tmp_path: Path) -> dict[str, str]:
    """Variables under which namespaces are forbidden."""
    tool = tmp_path / "unshare"
    tool.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n", "utf-8")
    tool.chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin"}


@pytest.mark.parametrize("option", [["--isolate", "always"], ["--isolate"], ["--isolate=always"]])
def test_isolation_that_is_asked_for_and_cannot_be_had_is_misuse(option: list[str], forbidden: dict[str, str]) -> None:
    ended = run(*option, command=["true"], variables=forbidden)

    assert ended.returncode == 2
    (line,) = ended.stderr.decode().splitlines()
    assert "--isolate always: the command cannot be isolated: " in line
    assert "unshare failed: Operation not permitted" in line


def test_a_command_that_could_not_be_isolated_after_all_is_misuse(tmp_path: Path) -> None:
    """`unshare` that makes the namespaces for the probe, and not for the command."""
    tool = tmp_path / "unshare"
    tool.write_text('#!/bin/sh\ncase "$*" in *--probe) exit 0;; esac\necho no >&2\nexit 1\n', "utf-8")
    tool.chmod(0o755)

    ended = run(command=["touch", str(tmp_path / "was-run")], variables={"PATH": f"{tmp_path}:/usr/bin:/bin"})

    assert ended.returncode == 2
    assert "could not be isolated; --isolate never runs it without" in ended.stderr.decode()
    assert not (tmp_path / "was-run").exists()


def test_without_namespaces_the_command_runs_behind_the_proxy(tmp_path: Path, forbidden: dict[str, str]) -> None:
    ended = checked(tmp_path, client("shop", "good", PRODUCTION), **forbidden)

    assert ended.code == 0
    assert ended.report["isolation"] == "none"
    assert ended.report["summary"]["requests"] == 2


def test_isolate_never_runs_the_command_behind_the_proxy(tmp_path: Path) -> None:
    ended = checked(tmp_path, ["sh", "-c", "echo $https_proxy; grep -c segmetrics /etc/hosts"], "--isolate", "never")

    proxy, names, *_ = ended.stdout.split()
    assert proxy.startswith("http://127.0.0.1:")
    assert names == "0"
    assert ended.report["isolation"] == "none"


def test_another_word_for_isolate_is_misuse() -> None:
    ended = run("--isolate", "sometimes", command=["true"])

    assert ended.returncode == 2
    assert b"invalid choice: 'sometimes' (choose from" in ended.stderr


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_misuse(port: str) -> None:
    ended = run("--allow-port", port, command=["true"])

    assert ended.returncode == 2
    assert b"is not a port" in ended.stderr


# Without isolation


@pytest.mark.parametrize("name", HOOKED)
def test_without_isolation_hooks_refuse_and_report_a_client_that_evades_proxies(
    name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    command = after_the_shop(name, pytestconfig.cache.mkdir("clients"))

    result = checked_beside_a_foreign_host(tmp_path, command, "--isolate", "never")

    assert result.ports == []
    assert result.checked.code == 1
    assert "the contract holds" not in result.checked.stdout
    found = sorted(result.checked.report["foreign_hosts"], key=itemgetter("port"))
    assert [host["port"] for host in found] == [port for _, port in FOREIGN_PLACES]
    for host in found:
        assert FOREIGN_ADDRESS in (host["host"], host["address"])
    if name == "aiohttp with aiodns":
        assert "--isolate always leads it to the fake" in result.checked.stdout
    else:
        assert [host["host"] for host in found] == [host for host, _ in FOREIGN_PLACES]


@needs_curl
def test_without_isolation_an_allowed_host_is_reached_by_name_and_by_address(tmp_path: Path) -> None:
    names = ("gethostbyname and connect", "aiohttp with aiodns", "Node's fetch")
    script = "; ".join(shlex.join(EVADING[name](FOREIGN, 8080, tmp_path)) for name in names)

    result = checked_beside_a_foreign_host(
        tmp_path, ["sh", "-c", script], "--isolate", "never", "--allow-host", f"{FOREIGN}:8080"
    )

    assert result.ports == [8080] * len(names), result.checked.stderr
    assert called(result.checked) == []


def test_a_name_of_this_machine_in_the_hosts_file_is_not_foreign(tmp_path: Path) -> None:
    program = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    connection = socket.create_connection(("shop.internal", server.getsockname()[1]))
    print(connection.getpeername() == server.getsockname())
"""

    result = checked_beside_a_foreign_host(tmp_path, python(program), "--isolate", "never")

    assert result.checked.stdout.startswith("True"), result.checked.stderr
    assert called(result.checked) == []


@pytest.mark.parametrize(("isolate", "is_said"), [("never", True), ("always", False)])
def test_every_report_says_first_whether_calls_past_the_proxy_were_seen(
    isolate: str, is_said: bool, tmp_path: Path
) -> None:
    reports = {name: tmp_path / name for name in ("junit", "html", "summary")}
    options = ("--report-junit", reports["junit"], "--report-html", reports["html"], "--isolate", isolate)
    caveat = "calls past the proxy would not have been seen"

    ended = checked(tmp_path, client("shop", "good"), *options, GITHUB_STEP_SUMMARY=reports["summary"])

    assert ended.code == 0
    written = {name: path.read_text("utf-8") for name, path in reports.items()}
    assert (caveat in ended.stdout.splitlines()[-2]) == is_said
    assert (caveat in written["summary"].splitlines()[2]) == is_said
    assert (caveat in written["html"].partition("</h1>")[2][:300]) == is_said
    assert (caveat in written["junit"].partition("</testcase>")[0]) == is_said
    assert (caveat in ended.report["verdict"]["caveat"]) == is_said
    assert list(ended.report).index("isolation") < list(ended.report).index("summary")
