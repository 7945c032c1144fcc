"""The settings of `serve`: options and variables, and what each error says."""

import dataclasses
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from client_tests.sandbox import Sandbox
from client_tests.serving import COMMAND, refused, served, with_variables
from mock_server.settings import ServeSettings, variable_of

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[1]
ENDED_IN_SECONDS = 5


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_taken_port_is_reported_in_one_line(taken_port: int) -> None:
    assert f"port {taken_port}" in refused("--port", str(taken_port))


@pytest.mark.parametrize("options", [["--nonsense"], ["--port", "x"], ["nonsense"], ["--check-answers=maybe"]])
def test_an_unknown_option_is_misuse(options: list[str]) -> None:
    ended = subprocess.run([*COMMAND, "serve", *options], capture_output=True, text=True, timeout=30)

    assert ended.returncode == 2
    assert "segmetrics-mock: " in ended.stderr or "segmetrics-mock serve: " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("host", "192.0.2.1"), ("port", "70000"), ("port", "-1"), ("port", "9" * 30), ("max-body-bytes", "-1")],
)
def test_an_option_that_cannot_be_followed_is_reported_in_one_line(option: str, value: str) -> None:
    assert value in refused(*(("--port", "0") if option != "port" else ()), f"--{option}", value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("port", "x"),
        ("max_body_bytes", "1k"),
        ("journal_limit", "-1"),
        ("check_answers", "maybe"),
        ("mode", "other"),
        ("public_url", "fake.example.org"),
        ("public_url", "https://[::1"),
        ("public_url", "https://fake.example.org/a"),
        ("log_requests", "2"),
    ],
)
def test_a_variable_that_cannot_be_read_is_reported_in_one_line(setting: str, value: str) -> None:
    variables = {"SEGMETRICS_MOCK_PORT": "0", variable_of(setting): value}

    assert f"SEGMETRICS_MOCK_{setting.upper()}" in refused(**variables)


# Tried apart: the port, which `served` gives as an option; faults and public URL, which would disturb the rest.
VARIABLES = {
    "host": "127.0.0.2",
    "port": "",
    "database": "data.db",
    "workers": "1",
    "dataset": "demo",
    "seed": "7",
    "today": "2026-07-31",
    "mode": "lenient",
    "admin_token": "secret-token",
    "allow_host_header": "one.test, two.test",
    "public_url": "",
    "max_body_bytes": "100",
    "request_timeout": "60",
    "journal_limit": "2",
    "journal_bytes": "1000000",
    "check_answers": "1",
    "intercept": "1",
    "faults": "",
    "log_requests": "true",
    "log_format": "json",
}


def test_every_setting_is_a_variable(http: httpx.Client, tmp_path: Path) -> None:
    tried = {variable_of(name): value for name, value in VARIABLES.items() if value}
    with served(env=with_variables(PYTHONPATH=str(CHECKOUT), **tried), cwd=tmp_path) as server:
        sandbox = Sandbox.default(server.origin, http)
        token = {"Authorization": "Bearer secret-token"}
        journal_url = f"{server.origin}/__admin/sandboxes/demo/requests"

        ids = [sandbox.post("product", {"id": id, "name": "Course"}).json()["product"]["id"] for id in (1, 2, 3)]
        in_lenient_mode = sandbox.post("contact", {"contact_id": 1, "tags": "VIP"})
        too_large = sandbox.post("product", {"id": 4, "name": "x" * 100})
        hosts = [http.get(f"{server.origin}/openapi.json", headers={"Host": f"{name}.test"}) for name in ("one", "two")]

        assert server.origin.startswith("http://127.0.0.2:")
        assert "secret-token" in server.banner
        assert ids == ["1", "2", "3"]
        assert in_lenient_mode.status_code == 200
        assert too_large.status_code == 413
        assert [answer.status_code for answer in hosts] == [200, 200]
        assert http.get(journal_url).status_code == 401
        assert len(http.get(journal_url, headers=token).json()["requests"]) == 2
        assert (tmp_path / "data.db").exists()
        server.process.terminate()
        logged = server.process.communicate(timeout=ENDED_IN_SECONDS)[0].strip().splitlines()
        assert 413 in [json.loads(line)["status"] for line in logged if line.startswith("{")]


def test_the_port_is_a_variable_too(taken_port: int) -> None:
    assert f"port {taken_port} on 127.0.0.1" in refused(SEGMETRICS_MOCK_PORT=str(taken_port))


def test_an_option_wins_over_its_variable(http: httpx.Client, taken_port: int) -> None:
    variables = with_variables(SEGMETRICS_MOCK_PORT=str(taken_port), SEGMETRICS_MOCK_LOG_REQUESTS="1")

    with served("--no-log-requests", env=variables) as server:
        Sandbox.default(server.origin, http).stored("contact", {"contact_id": 1})
        server.process.terminate()

        assert server.process.communicate(timeout=ENDED_IN_SECONDS)[0].strip() == ""


def test_no_setting_is_left_untried() -> None:
    assert {setting.name for setting in dataclasses.fields(ServeSettings)} == VARIABLES.keys()


@pytest.mark.parametrize("token", ["schlüssel", "two words", 'quo"ted', "semi;colon", "line\nbreak"])
def test_a_token_that_no_cookie_can_hold_is_refused_and_not_repeated(token: str) -> None:
    complaint = refused("--admin-token", token)

    assert "--admin-token has characters that no cookie can hold" in complaint
    assert token not in complaint
