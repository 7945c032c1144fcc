"""Run a command in a network of its own, where it reaches the fake and nothing that it was not given (Linux).

For clients that ignore proxies, variables and hooks. In there the production hosts are names of the fake, which answers
on ports 443 and 80, and the bundles of certificates contain its own. What listens on this machine's loopback is
relayed, and so are the hosts of `--allow-host`. Any other connection is refused, and reported.

    command ── a production host, 443 and 80 ── the fake
           ├── loopback ─────────────────────── the command's own services, else this machine's
           ├── an allowed host ──────────────── the host itself
           └── any other address ────────────── refused
"""

import asyncio
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from mock_server.errors import UsageError
from mock_server.intercept import namespace
from mock_server.intercept.names import Names
from mock_server.intercept.policy import Target
from mock_server.intercept.private_network import PrivateNetwork, Reachable

_PROBE_SECONDS = 10
_PROGRAM = [sys.executable, "-I", "-S", namespace.__file__]


def unshare() -> list[str]:
    """Return the command that makes the namespaces: as root without a user namespace, where that works.

    Raises OSError, which says why, where this system makes none.
    """
    if sys.platform != "linux":
        raise OSError(f"{platform.system()} has no namespaces")
    program = shutil.which("unshare")
    if program is None:
        raise OSError("the command unshare, of the package util-linux, is not installed")
    reason = ""
    for user in ([], ["--user", "--map-root-user"]):
        command = [program, *user, "--net", "--mount"]
        try:
            ended = subprocess.run(
                [*command, *_PROGRAM, namespace.PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS
            )
        except subprocess.TimeoutExpired:
            reason = f"unshare did not end within {_PROBE_SECONDS} seconds"
            continue
        if ended.returncode == 0:
            return command
        reason = " ".join(ended.stderr.split()) or f"unshare ended with {ended.returncode}"
    raise OSError(f"namespaces are forbidden here ({reason})")


class Isolation:
    """The private network of one command, while the block runs.

    `unshare`: makes the namespaces. `covers`: files, and what is seen in their place. `folder`: for further such files.
    `on_foreign`: receives each call to an address at which nothing is reached.
    Raises UsageError at the end of the block when the command was not run.
    """

    def __init__(
        self,
        unshare: Sequence[str],
        reachable: Reachable,
        covers: Mapping[str, str],
        folder: Path,
        on_foreign: Callable[[Target], None],
    ) -> None:
        names = Names([*reachable.hosts, *reachable.allowed], socket.gethostname())
        self._unshare = unshare
        self._covers = {**covers, **_resolver_files(names, folder)}
        self._channel, self._other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.setblocking(False)
        self._failure: Exception | None = None
        self._network = PrivateNetwork(self._channel, names, reachable, on_foreign)

    def __enter__(self) -> "Isolation":
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self._channel.close()
        self._other_end.close()
        if self._failure:
            raise self._failure
        if kind is None and not self.has_started():
            raise UsageError("the command was not run, for it could not be isolated; --isolate never runs it without")

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._network.serve())
        ready.set()
        try:
            await self._task
        except asyncio.CancelledError:
            pass
        except Exception as failure:
            self._failure = failure
            # The program in the namespaces ends then, instead of waiting.
            self._channel.shutdown(socket.SHUT_RDWR)

    def command(self, command: Sequence[str], number: int) -> list[str]:
        """Return a command that runs `command` in the private network, and ends with its exit code.

        Its process must inherit `descriptor`, by that number.
        """
        if os.geteuid() != 0:
            # Inside the command would appear to be root; a second user namespace maps it back to the caller.
            map_to_caller = [f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]
            command = [self._unshare[0], "--user", *map_to_caller, "--", *command]
        return [*self._unshare, *_PROGRAM, str(number), json.dumps(self._covers), *command]

    def has_started(self) -> bool:
        """Return whether all was in place, and the command was started."""
        return self._network.is_complete

    @property
    def descriptor(self) -> int:
        return self._other_end.fileno()


def _resolver_files(names: Names, folder: Path) -> dict[str, str]:
    """Write the files that lead the command's resolver to `names`; return them by what they cover."""
    sources = _read("/etc/nsswitch.conf").splitlines(keepends=True)
    texts = {
        "/etc/hosts": names.hosts_file(_read("/etc/hosts")),
        "/etc/resolv.conf": "nameserver 127.0.0.1\n",
        # Without the services outside that are asked over a file, such as that of systemd.
        "/etc/nsswitch.conf": "".join("hosts: files dns\n" if "hosts:" in line else line for line in sources),
    }
    covers = {}
    for path, text in texts.items():
        if Path(path).exists():
            cover = folder / Path(path).name
            cover.write_text(text, "utf-8")
            covers[path] = str(cover)
    return covers


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
