"""The server for a team of docs/team.md works as pasted."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[1] / "docs" / "team.md"


def pasted(port: int) -> str:
    """Return the block of the page, at another port and with the command of this environment."""
    block = PAGE.read_text("utf-8").partition("```sh\n")[2].partition("```")[0]
    return block.replace("segmetrics-mock", f"exec {sys.executable} -m mock_server").replace("8642", str(port))


def test_a_colleague_creates_a_sandbox_and_uses_it(tmp_path: Path, http: httpx.Client) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
    variables = os.environ | {"SEGMETRICS_MOCK_PORT": str(port)}
    server = subprocess.Popen(
        ["bash", "-c", pasted(port)], cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout
        banner = "".join(iter(server.stdout.readline, "\n")) + "".join(iter(server.stdout.readline, "\n"))
        (token,) = re.findall(r"/login\?token=(\S+)", banner)
        here, name = f"http://127.0.0.1:{port}", f"{socket.gethostname()}:{port}"
        headers = {"Host": name, "Authorization": f"Bearer {token}"}

        created = http.post(f"{here}/__admin/sandboxes", json={}, headers=headers).json()

        assert created["base_url"] == f"http://{name}/api"
        url = f"{here}/api/v1/{created['account_id']}/{created['integrations']['payments']}/contact"
        stored = http.post(url, json={"contact_id": 1}, headers={"Host": name, "Authorization": created["api_key"]})
        assert stored.status_code == 200
        assert http.get(f"{here}/__admin/health").status_code == 200
        server.terminate()
    assert (tmp_path / "team.db").exists()
