"""Checked runs in a network with a foreign host: it answers for SegMetrics too, and records each call that it receives.

The network is a namespace of the test's own. In there the production hosts and any other name lead to the foreign host.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client_tests.checked import CHECKOUT, Checked, environment
from client_tests.serving import COMMAND

FOREIGN_ADDRESS = "203.0.113.7"
OWN_ADDRESS, OWN_NAME = "203.0.113.1", "workstation.example.org"
FOREIGN_PORTS = (80, 443, 8080)


UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]


@dataclass(frozen=True, slots=True)
class IsolatedRun:
    """A run, and the ports of the foreign host, or of OWN_ADDRESS, at which a connection arrived."""

    checked: Checked
    ports: list[int]


def _namespaces_work() -> bool:
    try:
        return not subprocess.run([*UNSHARE, "ip", "link"], capture_output=True).returncode
    except OSError:
        return False


needs_namespaces = pytest.mark.skipif(not _namespaces_work(), reason="namespaces are forbidden here")


def namespaces() -> list[str]:
    """Return the network and mount namespaces of this process."""
    return [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("net", "mnt")]


def checked_beside_a_foreign_host(
    folder: Path, command: Sequence[str], *options: str | Path, **variables: str | Path
) -> IsolatedRun:
    """Run `segmetrics-mock check OPTIONS -- COMMAND` in a network with the foreign host."""
    report, received = folder / "report.json", folder / "received.json"
    check = [*COMMAND, "check", "--report-json", str(report), *map(str, options), "--", *command]
    script = [sys.executable, "-m", f"{__name__}.foreign_host", " ".join(namespaces()), str(received)]
    own = environment(**variables)
    ended = subprocess.run([*UNSHARE, *script, *check], cwd=CHECKOUT, env=own, capture_output=True, timeout=120)
    assert received.exists(), ended.stderr.decode()
    found: dict[str, Any] = json.loads(report.read_bytes()) if report.exists() else {}
    run = Checked(ended.returncode, ended.stdout.decode(), ended.stderr.decode(), found)
    return IsolatedRun(run, json.loads(received.read_bytes()))
