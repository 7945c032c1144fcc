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

from client_tests.checked import PRODUCTION, Checked, checked, client
from client_tests.isolated import (
    FOREIGN_ADDRESS,
    OWN_ADDRESS,
    OWN_NAME,
    checked_beside_a_foreign_host,
    needs_namespaces,
)
from client_tests.isolated.evading import EVADING

FOREIGN = "foreign.example.org"
FOREIGN_PLACES = [(FOREIGN_ADDRESS, 443), (FOREIGN, 8080)]
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


def after_the_shop(name: str, kept: Path) -> list[str]:
    """Return a command that runs a client without a mistake, then one that evades proxies to each of FOREIGN_PLACES."""
    evading = [shlex.join(EVADING[name](*place, kept)) for place in FOREIGN_PLACES]
    return ["sh", "-c", "; ".join([shlex.join(client("shop", "good")), *evading, "true"])]


# Nothing leaves unseen


@pytest.mark.parametrize("name", EVADING)
def test_a_client_that_evades_proxies_reaches_no_foreign_host_and_is_reported(
    name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    command = after_the_shop(name, pytestconfig.cache.mkdir("clients"))

    result = checked_beside_a_foreign_host(tmp_path, command)

    assert result.ports == []
    assert result.checked.code == 1
    assert result.checked.report["isolation"] == "namespaces"
    assert result.checked.report["summary"]["requests"] == 2
    assert sorted(called(result.checked)) == FOREIGN_PLACES
    for host, port in FOREIGN_PLACES:
        assert f"called {host}:{port} " in result.checked.stdout


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


def test_a_lookup_alone_is_not_a_call_and_a_name_that_cannot_exist_is_not_found(tmp_path: Path) -> None:
    program = f"""
import socket
print(socket.gethostbyname({FOREIGN!r}), socket.gethostbyname(socket.gethostname()), flush=True)
socket.gethostbyname('nowhere.invalid')
"""

    ended = checked(tmp_path, python(program))

    assert called(ended) == []
    foreign, own = ended.stdout.split()[:2]
    assert foreign != own == "127.0.0.1"
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


def test_a_service_of_this_machine_is_reached(tmp_path: Path) -> None:
    program = """
import socket, sys
for place in sys.argv[1:]:
    print(socket.create_connection(place.split(":")).recv(100).decode())
"""

    with service(b"one") as one, service(b"any", "0.0.0.0") as any, service(b"nine", "127.0.0.9") as nine:
        ended = checked(tmp_path, python(program, f"127.0.0.1:{one}", f"127.0.0.1:{any}", f"127.0.0.9:{nine}"))

    assert ended.stdout.split()[:3] == ["one", "any", "nine"], ended.stderr
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
@pytest.mark.parametrize("isolate", ["always", "never"])
def test_an_allowed_host_that_is_this_machine_is_not_reached(isolate: str, tmp_path: Path) -> None:
    call = ["sh", "-c", f"{CURL} http://{OWN_NAME}/ || true"]

    result = checked_beside_a_foreign_host(tmp_path, call, "--isolate", isolate, "--allow-host", OWN_NAME)

    assert result.ports == []
    assert f"{OWN_NAME} is this machine ({OWN_ADDRESS}), to which nothing is passed through" in result.checked.stdout


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
