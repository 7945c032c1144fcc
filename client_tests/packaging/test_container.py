"""The image: its root file system is built by the Containerfile's steps, and run as a container runs it."""

import os
import pickle
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.metadata import distributions
from pathlib import Path

import httpx
import pytest
import yaml

from client_tests.packaging import CHECKOUT, run
from client_tests.packaging.bill_of_materials import components
from client_tests.packaging.conftest import BuiltOnce
from client_tests.packaging.image import Stage, build, container, first_process, healthy, in_root, why_not
from client_tests.sandbox import Sandbox
from client_tests.test_dependencies import pins
from dependencies.packages import normalized
from mock_server.settings import ServeSettings, variable_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=f"no container here: {why_not()}")]

COMPOSE = yaml.safe_load((CHECKOUT / "compose.yaml").read_text("utf-8"))
# What is left of 250 MB beside the base image, python:3.13-slim, which has some 125.
MAX_MEGABYTES = 125
USER = 10001


@dataclass(frozen=True)
class Container:
    """A running container. `variables`: what it was started with."""

    stage: Stage
    data: Path
    origin: str
    variables: dict[str, str]
    process: "subprocess.Popen[str]"


@pytest.fixture(scope="session")
def stage(built_once: BuiltOnce) -> Stage:
    folder = built_once("image", lambda folder: (folder / "stage").write_bytes(pickle.dumps(build(folder))))
    last: Stage = pickle.loads((folder / "stage").read_bytes())
    return last


@contextmanager
def started(stage: Stage, data: Path) -> Iterator[Container]:
    """Run a container on a free port until it serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {"SEGMETRICS_MOCK_PORT": str(port), "SEGMETRICS_MOCK_ADMIN_TOKEN": "local-token"}
    with container(stage, data, **variables) as process:
        assert process.stdout
        assert any(line.startswith("curl ") for line in process.stdout)
        yield Container(stage, data, f"http://127.0.0.1:{port}", variables, process)


def empty_volume(folder: Path) -> Path:
    os.chown(folder, USER, USER)
    return folder


@pytest.fixture(scope="module")
def running(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with started(stage, empty_volume(tmp_path_factory.mktemp("data"))) as container:
        yield container


def test_it_serves_under_a_name_without_a_dot(running: Container, http: httpx.Client) -> None:
    sandbox = Sandbox.default(running.origin, http)

    answer = sandbox.send("POST", "contact", json={"contact_id": 1}, headers={"Host": "segmetrics-mock:8642"})

    assert answer.status_code == 200


def test_the_health_check_knows_whether_it_serves(running: Container) -> None:
    assert healthy(running.stage, running.data, **running.variables)
    assert not healthy(running.stage, running.data, **running.variables | {"SEGMETRICS_MOCK_PORT": "1"})


def test_the_admin_side_asks_for_the_token(running: Container, http: httpx.Client) -> None:
    url = f"{running.origin}/__admin/sandboxes/demo/state"

    assert http.get(url).status_code == 401
    assert http.get(url, headers={"Authorization": "Bearer local-token"}).status_code == 200
    assert http.get(f"{running.origin}/__admin/health").status_code == 200


def test_it_can_write_its_volume_and_nothing_else(running: Container, tmp_path: Path) -> None:
    status = Path(f"/proc/{first_process(running.process)}/status").read_text("ascii")
    places = "/ /opt/segmetrics-mock /usr /etc"
    script = f"touch /data/a /tmp/a || exit 9; for at in {places}; do touch $at/a && exit 8; done; id -u"

    inside = [*in_root(running.stage, volumes={"/data": empty_volume(tmp_path)}), "sh", "-c", script]
    ended = subprocess.run(inside, env=running.stage.environment, capture_output=True, text=True, check=False)

    assert re.search(rf"^Uid:\s+{USER}\b", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert (ended.stdout, ended.stderr.count("Read-only file system")) == (f"{USER}\n", 4)


def test_it_ends_at_sigterm_and_keeps_its_data(
    stage: Stage, tmp_path: Path, http: httpx.Client, record_property: Callable[[str, object], None]
) -> None:
    data = empty_volume(tmp_path)
    with started(stage, data) as container:
        Sandbox.default(container.origin, http).stored("contact", {"contact_id": 7})
        asked = time.monotonic()
        os.kill(first_process(container.process), signal.SIGTERM)
        code = container.process.wait(timeout=10)
        record_property("container", f"{time.monotonic() - asked:.2f} s from SIGTERM to its end")
    with started(stage, data) as container:
        url = f"{container.origin}/__admin/sandboxes/demo/state"
        state = http.get(url, headers={"Authorization": "Bearer local-token"}).json()

    assert code == 0
    assert [contact["contact_id"] for contact in state["contacts"]] == ["7"]


def test_it_is_small(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    used = int(run("du", "-sk", "--one-file-system", stage.root, cwd=stage.root).split()[0]) / 1000

    record_property("image", f"{used:.0f} MB beyond the base image")
    assert used <= MAX_MEGABYTES


def test_its_bill_of_materials_lists_what_is_in_it(stage: Stage) -> None:
    (packages,) = stage.root.glob("opt/segmetrics-mock/lib/python*/site-packages")
    inside = {normalized(one.name): one.version for one in distributions(path=[str(packages)])}
    del inside["segmetrics-mock"]

    found = components((stage.root / "opt/segmetrics-mock/sbom.cdx.json").read_text("utf-8"))

    assert found == inside
    if "LOCKED" not in stage.environment:
        assert found.items() <= pins("image.lock").items()


def test_the_client_of_the_compose_file_waits_and_calls(running: Container, tmp_path: Path) -> None:
    server, client = COMPOSE["services"]["segmetrics-mock"], COMPOSE["services"]["client"]
    base_url = client["environment"]["SEGMETRICS_BASE_URL"]

    # As compose does it; only the name is that of this machine's loopback.
    command = [word.replace("$$", "$") for word in client["command"]]
    printed = run(
        *command, cwd=tmp_path, SEGMETRICS_BASE_URL=base_url.replace("http://segmetrics-mock:8642", running.origin)
    )

    assert client["depends_on"] == {"segmetrics-mock": {"condition": "service_healthy"}}
    assert '"success"' in printed
    assert server["environment"].keys() <= {variable_of(setting.name) for setting in fields(ServeSettings)}
    assert [volume.partition(":")[2] for volume in server["volumes"]] == running.stage.volumes
    assert server["read_only"] is True
