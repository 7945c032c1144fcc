"""The API key leaves the process nowhere: masked by the name of what holds it, and by its value."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from client_tests.checked import checked, client
from client_tests.sandbox import Sandbox
from client_tests.serving import served

WRONG = "another-secret-4711"


def kept(sandbox: Sandbox, http: httpx.Client) -> str:
    """Return all that the admin side shows of the sandbox's exchanges."""
    pages = ["/requests", "/requests/1"]
    texts = [http.get(f"{sandbox.origin}/__admin/ui/{sandbox.account_id}{page}").text for page in pages]
    # The page itself offers a command with the sandbox's key.
    texts = [text.replace(f"authorization: {sandbox.api_key}", "").replace(offered(sandbox), "") for text in texts]
    return "".join([*texts, *(sandbox.admin("GET", path).text for path in ("/requests", "/report"))])


def offered(sandbox: Sandbox) -> str:
    return f"<code>{sandbox.api_key}</code>"


def forms(key: str) -> dict[str, str]:
    return {
        "plain": key,
        "percent-encoded": quote(key, safe=""),
        "Basic": base64.b64encode(f"user:{key}:".encode()).decode(),
        "inside": f"x{key}y",
    }


@pytest.mark.parametrize("form", forms(""))
@pytest.mark.parametrize("header", ["Authorization", "Api-Key", "X-Segmetrics-Key", "X-Whatever", "Cookie", "Referer"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_the_key_in_a_header(method: str, header: str, form: str, sandbox: Sandbox, http: httpx.Client) -> None:
    value = forms(sandbox.api_key)[form]

    for path in ("product", "nowhere"):
        sandbox.send(method, path, json={"id": 1, "name": "A"}, headers={header: value})

    assert len(sandbox.requests()) == 2
    assert forms(sandbox.api_key)[form].strip("=")[8:-8] not in kept(sandbox, http)


@pytest.mark.parametrize("form", ["plain", "percent-encoded", "inside"])
def test_the_key_in_a_path_a_query_and_a_body(form: str, sandbox: Sandbox, http: httpx.Client) -> None:
    value = forms(sandbox.api_key)[form]

    sandbox.send("DELETE", f"contact/{value}")
    sandbox.send("POST", f"nowhere/{value}?key={value}", json={})
    sandbox.send("POST", "product", json={"id": value, "name": "A", value: value})
    sandbox.send("POST", "product", content=f"{{broken {value}", headers={"Content-Type": "application/json"})
    sandbox.send("POST", "product", json={"id": {"a": value}, "name": "A"})

    assert len(sandbox.requests()) == 5
    assert value[1:-1] not in kept(sandbox, http)


@pytest.mark.parametrize("header", ["Api-Key", "X-Api-Key", "X-Auth-Token", "X-Segmetrics-Key", "Cookie"])
def test_a_wrong_key_is_known_by_the_name_of_its_header(header: str, sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.send("POST", f"nowhere?api_key={WRONG}&access_token={WRONG}&page=7", headers={header: WRONG})

    assert WRONG not in kept(sandbox, http)
    assert "page=7" in sandbox.requests()[0]["request"]["path"]


@pytest.mark.parametrize("scheme", ["", "Bearer "])
@pytest.mark.parametrize("whose", ["another account's", "nobody's"])
def test_another_key_that_was_sent_is_masked_wherever_it_stands(
    whose: str, scheme: str, sandbox: Sandbox, http: httpx.Client
) -> None:
    created = http.post(f"{sandbox.origin}/__admin/sandboxes", json={})
    key = WRONG if whose == "nobody's" else created.json()["api_key"]
    headers = {"Authorization": f"{scheme}{key}", "X-Whatever": key}

    sandbox.send("POST", "product", json={"id": key, "name": "A"}, headers=headers)
    sandbox.send("POST", f"contact/{key}?a={key}", json={"email": key}, headers=headers)

    assert len(sandbox.requests()) == 2
    assert key not in kept(sandbox, http)


@pytest.mark.parametrize("whose", ["another account's", "the default account's"])
def test_a_key_of_another_account_in_data_is_masked(
    whose: str, sandbox: Sandbox, neighbour: Sandbox, http: httpx.Client
) -> None:
    key = neighbour.api_key if whose == "another account's" else Sandbox.default("", http).api_key

    for value in forms(key).values():
        sandbox.send("POST", f"contact/{quote(value, safe='')}?a={value}", json={"email": value})
        sandbox.send("POST", "product", json={"id": value, "name": "A"}, headers={"X-Whatever": value})
        sandbox.send("POST", "nowhere", content=f"{{broken {value}", headers={"Referer": f"/{value}"})

    assert len(sandbox.requests()) == 12
    shown = kept(sandbox, http)
    assert not [value for value in forms(key).values() if value.strip("=")[8:-8] in shown]


def test_a_key_at_the_end_of_what_is_kept_of_a_body(sandbox: Sandbox) -> None:
    for offset in range(0, len(sandbox.api_key) + 4, 3):
        before = "x" * (65_536 - offset - len('{"id":1,"name":"'))
        body = json.dumps({"id": 1, "name": before + sandbox.api_key}, separators=(",", ":"))
        sandbox.send("POST", "product", content=body, headers={"Content-Type": "application/json"})

    texts = [entry["request"]["body"] for entry in sandbox.requests()]
    assert all(sandbox.api_key[:6] not in text for text in texts)


def test_ordinary_values_stay(sandbox: Sandbox) -> None:
    sandbox.send(
        "POST", "product", json={"id": 1, "name": "A"}, headers={"Idempotency-Key": "retry-1", "X-Monkey": "b"}
    )

    headers = sandbox.requests()[0]["request"]["headers"]
    assert (headers["idempotency-key"], headers["x-monkey"]) == ("retry-1", "b")


@pytest.mark.slow
def test_the_key_in_the_log() -> None:
    with httpx.Client() as http, served("--log-requests", "--log-format", "json") as server:
        sandbox = Sandbox.default(server.origin, http)
        sandbox.send("POST", f"nowhere/{sandbox.api_key}", json={})
        server.process.terminate()
        assert server.process.stdout
        printed = server.process.stdout.read()
    (line,) = filter(None, printed.splitlines())
    assert json.loads(line)["path"].endswith("/nowhere/…6789")
    assert sandbox.api_key not in printed


@pytest.mark.slow
def test_the_key_in_the_command_of_a_checked_client(tmp_path: Path) -> None:

    folder = tmp_path
    reports = [part for name in ("junit", "html", "sarif", "gitlab") for part in (f"--report-{name}", folder / name)]
    command = ["sh", "-c", f"true '{WRONG}'; exec \"$@\"", "sh", *client("shop", "bad")]

    ended = checked(folder, command, *reports, "--api-key", WRONG, GITHUB_STEP_SUMMARY=folder / "summary")

    assert ended.report["summary"]["requests"] == 2
    assert WRONG not in ended.stdout
    assert '"$SEGMETRICS_API_KEY"' in ended.stdout
    for file in folder.iterdir():
        assert WRONG not in file.read_text("utf-8"), file.name
