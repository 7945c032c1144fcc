"""`check` and `contract` killed, and commands whose descendants leave their process group: nothing is left of them."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from client_tests.checked import client, environment
from client_tests.isolated import needs_namespaces
from client_tests.serving import COMMAND, served
from client_tests.test_check_signals import end_of, leftovers, running, temporary, wait_until

# On other systems what has left the process group and the tree of its parents is not found.
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt its descendants")
ways = pytest.mark.parametrize(
    "isolate", [pytest.param("always", marks=needs_namespaces), "never"], ids=["isolated", "not isolated"]
)


def family(ready: Path, *options: str) -> list[str]:
    return client("family", str(ready), "daemon", *options)


@pytest.mark.slow
@ways
def test_a_killed_check_leaves_no_process_and_no_folder(tmp_path: Path, isolate: str) -> None:
    ready = tmp_path / "ready"
    with running(tmp_path, command=family(ready, "deaf"), options=("--isolate", isolate)) as process:
        wait_until(ready.exists, process)
        assert leftovers(tmp_path)

        process.kill()

        end_of(process)  # of the client, its child and its daemon, too
    assert process.returncode == -signal.SIGKILL
    assert leftovers(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("is_begun", [False, True], ids=["at once", "when it has its folder"])
def test_a_check_that_is_killed_before_the_client_starts_leaves_nothing(tmp_path: Path, is_begun: bool) -> None:
    ready = tmp_path / "ready"
    with running(tmp_path, command=family(ready)) as process:
        if is_begun:
            wait_until(lambda: bool(leftovers(tmp_path)), process)

        process.kill()

        end_of(process)
    assert leftovers(tmp_path) == []
    assert not ready.exists()


@pytest.mark.slow
@ways
def test_a_daemon_ends_with_the_command_that_started_it(tmp_path: Path, isolate: str) -> None:
    ready = tmp_path / "ready"
    script = f"{shlex.join(family(ready))} & until [ -e {ready} ]; do :; done; exit 3"
    with running(tmp_path, command=["sh", "-c", script], options=("--isolate", isolate)) as process:
        printed, _ = end_of(process)

    assert "exit code 3" in printed
    assert process.returncode == 3
    assert leftovers(tmp_path) == []


def contacts(url: str) -> list[Any]:
    found = httpx.get(f"{url}/__admin/sandboxes/demo/state?resource=contacts", trust_env=False).json()
    return list(found["contacts"])


@pytest.mark.slow
def test_a_killed_contract_deletes_what_it_created_and_leaves_nothing(tmp_path: Path) -> None:
    with served() as server:
        before = contacts(server.origin)
        process = subprocess.Popen(
            [*COMMAND, "contract", f"{server.origin}/api", "--seed", "1"], env=environment(TMPDIR=temporary(tmp_path))
        )
        with process:
            wait_until(lambda: len(contacts(server.origin)) > len(before) + 5, process)
            assert leftovers(tmp_path)

            process.kill()

        # The folder is deleted last of all.
        wait_until(lambda: not leftovers(tmp_path))
        assert contacts(server.origin) == before
