"""`check` runs the command in a network of its own: nothing leaves unseen, and what the command needs is in there."""

import shlex
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from client_tests.checked import PRODUCTION, Checked, checked, client, run
from client_tests.isolated import FOREIGN_ADDRESS, checked_beside_a_foreign_host, needs_namespaces
from client_tests.isolated.evading import EVADING, HOOKED

FOREIGN = "foreign.example.org"
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
CURL = "curl --silent --show-error --max-time 10"

pytestmark = [pytest.mark.slow, needs_namespaces]


@contextmanager
def service(
    answer: bytes = b"service", address: str = "127.0.0.1", port: int = 0, *, reads_first: bool = False
) -> Iterator[int]:
    """A service of this machine that sends `answer` to whoever connects; yields its port.

    `reads_first`: all that the client sends, to its end.
    """
    with socket.create_server((address, port)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    while reads_first and connection.recv(65536):
                        pass
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def python(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", program, *map(str, arguments)]


def called(ended: Checked) -> list[tuple[str, int]]:
    return [(host["host"], host["port"]) for host in ended.report["foreign_hosts"]]


# Nothing leaves unseen


@pytest.mark.parametrize(("host", "port"), [(FOREIGN_ADDRESS, 443), (FOREIGN, 8080)])
@pytest.mark.parametrize("name", EVADING)
def test_a_client_that_evades_proxies_reaches_no_foreign_host_and_is_reported(
    name: str, port: int, host: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    evading = EVADING[name](host, port, pytestconfig.cache.mkdir("clients"))
    both = f"{shlex.join(client('shop', 'good'))}; {shlex.join(evading)} || true"

    result = checked_beside_a_foreign_host(tmp_path, ["sh", "-c", both])

    assert result.ports == []
    assert result.checked.code == 1
    assert result.checked.report["isolation"] == "namespaces"
    assert result.checked.report["summary"]["requests"] == 2
    assert called(result.checked) == [(host, port)]
    assert f"the command called {host}:{port} " in result.checked.stdout


@needs_curl
@pytest.mark.parametrize("wrapper", ["", "env -i "])
def test_a_client_that_evades_proxies_reaches_the_fake_under_the_production_host(wrapper: str, tmp_path: Path) -> None:
    call = f"{wrapper}{shutil.which('curl')} --silent --noproxy '*' {PRODUCTION}/v1/nobody/payments/contact -d '{{}}'"

    result = checked_beside_a_foreign_host(tmp_path, ["sh", "-c", call])

    assert result.ports == []
    assert result.checked.report["summary"]["requests"] == 1
    assert [finding["code"] for finding in result.checked.report["findings"]] == ["missing-key"]
    assert called(result.checked) == []


def test_a_datagram_to_a_foreign_host_is_reported(tmp_path: Path) -> None:
    program = f"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ({FOREIGN_ADDRESS!r}, 443))"

    ended = checked(tmp_path, python(program))

    assert called(ended) == [(FOREIGN_ADDRESS, 443)]


def test_a_lookup_alone_is_not_a_call(tmp_path: Path) -> None:
    program = f"import socket; print(socket.gethostbyname({FOREIGN!r}), socket.gethostbyname(socket.gethostname()))"

    ended = checked(tmp_path, python(program))

    assert called(ended) == []
    foreign, own = ended.stdout.split()[:2]
    assert foreign != own == "127.0.0.1"


def test_a_name_that_cannot_exist_is_not_found(tmp_path: Path) -> None:
    program = "import socket; socket.gethostbyname('nowhere.invalid')"

    ended = checked(tmp_path, python(program))

    assert "socket.gaierror" in ended.stderr


# What the command sees


@needs_curl
def test_there_is_no_proxy_whose_answer_could_be_taken_for_the_apis(tmp_path: Path) -> None:
    script = f"env | grep -i ^http.*proxy; {CURL} -D - {PRODUCTION}/v1/nobody/payments/contact -d '{{}}'"

    ended = checked(tmp_path, ["sh", "-c", script], HTTPS_PROXY="http://proxy.example.org:3128", NO_PROXY="*")

    assert ended.stdout.startswith("HTTP/1.1 401 ")


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
def test_header_callbacks_of_php_see_the_status_of_the_api(tmp_path: Path) -> None:
    program = f"""
    $handle = curl_init("{PRODUCTION}/v1/nobody/payments/contact");
    curl_setopt_array($handle, [CURLOPT_POSTFIELDS => "{{}}", CURLOPT_RETURNTRANSFER => true, CURLOPT_HEADERFUNCTION =>
        function ($handle, $line) {{ if (strpos($line, "HTTP/") === 0) echo $line; return strlen($line); }}]);
    curl_exec($handle);
    """

    ended = checked(tmp_path, ["php", "-r", program])

    assert ended.stdout.startswith("HTTP/1.1 401 "), ended.stderr


def test_the_commands_own_services_work_on_loopback(tmp_path: Path) -> None:
    program = """
import socket
for address in ("127.0.0.1", "0.0.0.0"):
    with socket.create_server((address, 0)) as server:
        with socket.create_connection(("localhost", server.getsockname()[1])) as connection:
            print(server.accept()[1] == connection.getsockname())
"""

    ended = checked(tmp_path, python(program))

    assert ended.stdout.split()[:2] == ["True", "True"], ended.stderr
    assert called(ended) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "127.0.0.9"])
def test_a_service_of_this_machine_is_reached(address: str, tmp_path: Path) -> None:
    program = "import socket, sys; print(socket.create_connection((sys.argv[1], sys.argv[2])).recv(100))"

    with service(address=address) as port:
        ended = checked(tmp_path, python(program, "127.0.0.1" if address == "0.0.0.0" else address, port))

    assert ended.stdout.startswith("b'service'"), ended.stderr
    assert called(ended) == []


def test_a_service_that_begins_to_listen_during_the_run_is_reached(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = """
import pathlib, socket, sys, time
pathlib.Path(sys.argv[2]).touch()
while True:
    try:
        print(socket.create_connection(("localhost", sys.argv[1])).recv(100))
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
"""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begun: list[bool] = []

    def begin() -> None:
        while not ready.exists():
            threading.Event().wait(0.05)
        with service(port=port):
            begun.append(True)
            done.wait(60)

    done = threading.Event()
    thread = threading.Thread(target=begin)
    thread.start()
    try:
        ended = checked(tmp_path, python(program, port, ready))
    finally:
        ready.touch()
        done.set()
        thread.join()

    assert begun
    assert ended.stdout.startswith("b'service'"), ended.stderr


def test_half_closed_and_large_transfers_pass_through_a_relay_whole(tmp_path: Path) -> None:
    program = """
import socket, sys
with socket.create_connection(("127.0.0.1", sys.argv[1])) as connection:
    connection.sendall(b"x" * 5_000_000)
    connection.shutdown(socket.SHUT_WR)
    print(sum(map(len, iter(lambda: connection.recv(65536), b""))))
"""
    with service(answer=b"x" * 5_000_000, reads_first=True) as port:
        ended = checked(tmp_path, python(program, port))

    assert ended.stdout.split()[0] == "5000000", ended.stderr


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -TERM $$", 143)])
def test_the_exit_code_of_the_command_is_kept(script: str, code: int, tmp_path: Path) -> None:
    ended = checked(tmp_path, ["sh", "-c", script])

    assert ended.code == code


def test_the_command_keeps_its_user_its_folder_and_the_systems_files(tmp_path: Path) -> None:
    before = Path("/etc/hosts").read_bytes()

    ended = checked(tmp_path, ["sh", "-c", "id -u; pwd; cat /etc/hosts"])

    plain = checked(tmp_path, ["sh", "-c", "id -u; pwd"], "--isolate", "never")
    assert ended.stdout.splitlines()[:2] == plain.stdout.splitlines()[:2]
    assert " import.segmetrics.io" in ended.stdout
    assert Path("/etc/hosts").read_bytes() == before


# Hosts and ports that are allowed


@needs_curl
def test_an_allowed_host_is_reached_on_the_ports_of_the_web_and_on_those_that_are_named(tmp_path: Path) -> None:
    calls = [f"{CURL} http://{FOREIGN}:{port}/; echo" for port in (80, 8080)]

    only_web = checked_beside_a_foreign_host(tmp_path, ["sh", "-c", "; ".join(calls)], "--allow-host", FOREIGN)
    by_port = checked_beside_a_foreign_host(tmp_path, ["sh", "-c", calls[1]], "--allow-host", f"{FOREIGN}:8080")
    by_option = checked_beside_a_foreign_host(
        tmp_path, ["sh", "-c", calls[1]], "--allow-host", FOREIGN, "--allow-port", "8080"
    )

    assert only_web.ports == [80]
    assert called(only_web.checked) == [(FOREIGN, 8080)]
    assert f"--allow-host {FOREIGN}:8080 lets it pass" in only_web.checked.stdout
    for result in (by_port, by_option):
        assert result.ports == [8080]
        assert result.checked.stdout.startswith("foreign")
        assert called(result.checked) == []


@needs_curl
def test_an_allowed_address_is_reached(tmp_path: Path) -> None:
    result = checked_beside_a_foreign_host(
        tmp_path, ["sh", "-c", f"{CURL} http://{FOREIGN_ADDRESS}/"], "--allow-host", FOREIGN_ADDRESS
    )

    assert result.ports == [80]
    assert called(result.checked) == []


@needs_curl
def test_another_port_of_a_production_host_is_named(tmp_path: Path) -> None:
    ended = checked(tmp_path, ["sh", "-c", f"{CURL} https://import.segmetrics.io:8443/"])

    assert called(ended) == []
    assert "import.segmetrics.io: port 8443 was called, where nothing listens" in ended.stdout


@contextmanager
def corporate_proxy(status: str = "200 OK") -> Iterator[tuple[int, list[str]]]:
    """A proxy that notes what it is asked for, and then answers itself; yields its port and the requests."""
    requests: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as lines:
                    requests.append("".join(line.decode() for line in iter(lines.readline, b"\r\n")))
                    connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode() + b"through the proxy")

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], requests
        listener.shutdown(socket.SHUT_RDWR)


TALK = "import socket, sys; print(socket.create_connection((sys.argv[1], sys.argv[2])).recv(100))"


def test_an_allowed_host_is_reached_through_the_users_own_proxy(tmp_path: Path) -> None:
    with corporate_proxy() as (port, requests):
        proxy = f"http://me:p%40ss@127.0.0.1:{port}"
        ended = checked(
            tmp_path, python(TALK, "api.example.org", 443), "--allow-host", "api.example.org", HTTPS_PROXY=proxy
        )

    assert ended.stdout.startswith("b'through the proxy'"), ended.stderr
    (request,) = requests
    assert request.startswith("CONNECT api.example.org:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in request
    assert called(ended) == []


def test_the_users_own_proxy_is_not_reached_by_the_command(tmp_path: Path) -> None:
    with corporate_proxy() as (port, requests):
        ended = checked(tmp_path, python(TALK, "127.0.0.1", port), HTTPS_PROXY=f"http://127.0.0.1:{port}")

    assert "ConnectionRefusedError" in ended.stderr
    assert requests == []


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


@pytest.mark.parametrize(("host", "port"), [(FOREIGN_ADDRESS, 443), (FOREIGN, 8080)])
@pytest.mark.parametrize("name", HOOKED)
def test_without_isolation_hooks_refuse_and_report_a_client_that_evades_proxies(
    name: str, host: str, port: int, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    evading = EVADING[name](host, port, pytestconfig.cache.mkdir("clients"))
    both = f"{shlex.join(client('shop', 'good'))}; {shlex.join(evading)} || true"

    result = checked_beside_a_foreign_host(tmp_path, ["sh", "-c", both], "--isolate", "never")

    assert result.ports == []
    assert result.checked.code == 1
    assert "the contract holds" not in result.checked.stdout
    (found,) = result.checked.report["foreign_hosts"]
    assert found["port"] == port
    assert FOREIGN_ADDRESS in (found["host"], found["address"])
    if name == "aiohttp with aiodns":
        assert "--isolate always leads it to the fake" in result.checked.stdout
    else:
        assert found["host"] == host


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
    after_headline = ended.stdout.partition("segmetrics-mock check: the contract holds\n")[2]
    assert (caveat in after_headline.splitlines()[0]) == is_said
    assert (caveat in written["summary"].splitlines()[2]) == is_said
    assert (caveat in written["html"].partition("</h1>")[2][:300]) == is_said
    assert (caveat in written["junit"].partition("</testcase>")[0]) == is_said
    assert (caveat in ended.report["verdict"]["caveat"]) == is_said
    assert list(ended.report)[:3] == ["version", "isolation", "verdict"]
