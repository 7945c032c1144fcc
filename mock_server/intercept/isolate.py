"""`--isolate`: run a command in its own namespaces, where it can reach nothing but the fake (Linux).

For clients that ignore proxies, variables and hooks. Inside, the production hosts are names of loopback, the fake
answers its ports 443 and 80, and the system's bundle of certificates contains the fake's. No other network exists:
services on this machine's loopback cannot be reached either.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from mock_server.errors import UsageError
from mock_server.intercept import namespace

_PROBE_SECONDS = 10


def isolated(
    command: Sequence[str], *, port: int, hosts: Collection[str], bundle: Path, trust_store: Path | None = None
) -> list[str]:
    """Return a command that runs `command` isolated, and ends with its exit code.

    `port`: where the fake listens on 127.0.0.1, inside and outside. `bundle`, `trust_store`: certificates, PEM, and
    for Java; a hosts file is written beside them.
    Raises UsageError where the system is not Linux, or forbids namespaces.
    """
    unshare = _unshare()
    covers = {str(path): str(bundle) for path in namespace.BUNDLES}
    if trust_store and trust_store.exists():
        covers |= {str(path): str(trust_store) for path in namespace.TRUST_STORES}
    names = " ".join(sorted(hosts))
    own_hosts = bundle.parent / "hosts"
    own_hosts.write_text(f"127.0.0.1 {names}\n{Path('/etc/hosts').read_text('utf-8', 'replace')}", "utf-8")
    plan = {"port": port, "unshare": unshare, "covers": {"/etc/hosts": str(own_hosts), **covers}}
    if os.geteuid() != 0:
        # Inside the command would appear to be root; a second user namespace maps it back to the caller.
        map_to_caller = [f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]
        command = [unshare[0], "--user", *map_to_caller, "--", *command]
    return [sys.executable, "-I", namespace.__file__, json.dumps(plan), *command]


def _unshare() -> list[str]:
    """Return the command line that makes the namespaces: as root without a user namespace, where that works."""
    if sys.platform != "linux":
        raise UsageError("--isolate needs Linux: other systems have no namespaces; leave the option out")
    program = shutil.which("unshare")
    if program is None:
        raise UsageError("--isolate needs the command unshare, of the package util-linux")
    reasons = ""
    for options in ([], ["--user", "--map-root-user"]):
        command = [program, *options, "--net", "--mount"]
        ended = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=_PROBE_SECONDS)
        if ended.returncode == 0:
            return command
        reasons = ended.stderr.strip()
    raise UsageError(
        f"--isolate cannot work here: namespaces are forbidden ({reasons}); allow them "
        "(docker run --privileged, or sysctl kernel.unprivileged_userns_clone=1), or leave --isolate out"
    )
