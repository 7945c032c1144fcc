"""`check` ended in mid-run: it leaves no process and no file behind."""

import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from client_tests.checked import CHECKOUT, arguments, client, environment

SIGNALS = [signal.SIGINT, *(pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGTERM, signal.SIGHUP))]
DEADLINE_SECONDS = 60


@contextmanager
def running(
    folder: Path, *, command: list[str], options: Sequence[str] = (), before: Sequence[str] = (), **variables: Path
) -> Iterator["subprocess.Popen[str]"]:
    """Run `check OPTIONS -- COMMAND` with its own folder for temporary files. `before`: a command that starts it."""
    process = subprocess.Popen(
        [*before, *arguments(*options, command=command)],
        cwd=CHECKOUT,
        env=environment(TMPDIR=temporary(folder), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def temporary(folder: Path) -> Path:
    made = folder / "temporary"
    made.mkdir(exist_ok=True)
    return made


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[Any] | None" = None) -> None:
    """Wait for the condition, while the process runs."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def end_of(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Return what was printed until the last process that could print has ended: client, its child, `check`."""
    return process.communicate(timeout=DEADLINE_SECONDS)


def leftovers(folder: Path) -> list[Path]:
    return list(temporary(folder).glob("segmetrics-mock-*"))


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_client_and_its_children_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with running(tmp_path, command=client("family", str(ready))) as process:
        wait_until(ready.exists, process)
        assert leftovers(tmp_path)

        process.send_signal(number)

        printed, _ = end_of(process)
    assert process.returncode == 128 + number
    assert f"the command failed with exit code {128 + number}" in printed
    assert "1 request," in printed
    assert leftovers(tmp_path) == []


@pytest.mark.slow
def test_a_client_that_ignores_the_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with running(tmp_path, command=client("family", str(ready), "deaf")) as process:
        wait_until(ready.exists, process)

        process.send_signal(signal.SIGTERM)

        end_of(process)
    assert process.returncode == 128 + signal.SIGKILL
    assert leftovers(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_the_client_has_started_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path, command=client("family", str(tmp_path / "ready"))) as process:
        wait_until(lambda: bool(leftovers(tmp_path)), process)

        process.send_signal(number)

        _, complaints = end_of(process)
    assert process.returncode == 128 + number
    assert "Traceback" not in complaints
    assert leftovers(tmp_path) == []


@pytest.mark.slow
def test_what_the_client_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"{shlex.join(client('family', str(ready)))} & until [ -e {ready} ]; do :; done"
    with running(tmp_path, command=["sh", "-c", script]) as process:
        end_of(process)

    assert ready.exists()
    assert process.returncode == 0


@pytest.mark.slow
def test_a_signal_that_is_ignored_from_the_start_stays_so(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with running(tmp_path, before=("nohup",), command=client("family", str(ready))) as process:
        wait_until(ready.exists, process)

        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)

        end_of(process)
    assert process.returncode == 128 + signal.SIGTERM
