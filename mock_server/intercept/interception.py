"""The entry: clients with the production hosts baked in reach the fake over HTTPS, unmodified and without root."""

import os
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from mock_server.errors import UsageError
from mock_server.intercept import environment as _environment
from mock_server.intercept.certificates import Authority, trusted
from mock_server.intercept.environment import exports
from mock_server.intercept.isolate import isolated
from mock_server.intercept.policy import READING_HOST, HostPolicy, Target
from mock_server.intercept.proxy import ProxyProtocol
from mock_server.intercept.upstream import Connect, connect
from mock_server.network import normalize_host

__all__ = ["READING_HOST", "Interception", "exports", "production_hosts"]


def production_hosts(document: Mapping[str, Any]) -> list[str]:
    """Return the hosts of the contract's `servers`."""
    return [host for server in document["servers"] if (host := urlsplit(server["url"]).hostname)]


class Interception:
    """One run's interception. A context manager: its folder of public certificates is deleted at the end.

    `hosts`: the production hosts, from the contract's document; `READING_HOST` is added.
    `allow_hosts`: further hosts, which a client may call for real.
    `on_foreign`: receives each other host that a client calls. `on_trouble`: receives an intercepted host and a text
    when a request to it does not reach the API. Both are called in the server's thread.
    `connect`: connects to the hosts of `allow_hosts`.
    Raises UsageError when a name is not a host.
    """

    def __init__(
        self,
        hosts: Collection[str],
        *,
        allow_hosts: Collection[str] = (),
        on_foreign: Callable[[str], None] = lambda _: None,
        on_trouble: Callable[[str, str], None] = lambda _, __: None,
        connect: Connect = connect,
    ) -> None:
        self._allow_hosts = frozenset(_parse_allowed(name) for name in allow_hosts)
        production = frozenset(normalize_host(host) for host in hosts)
        if both := production & self._allow_hosts:
            raise UsageError(f"--allow-host {min(both)}: this is a production host, which the fake plays")
        self._hosts = (production | {READING_HOST}) - self._allow_hosts
        self._on_foreign = on_foreign
        self._on_trouble = on_trouble
        self._connect = connect

    def __enter__(self) -> "Interception":
        self._temporary = tempfile.TemporaryDirectory(prefix="segmetrics-mock-")
        try:
            # mkdtemp makes the folder 0700.
            self.folder = Path(self._temporary.name)
            self._authority = Authority(self._hosts, self.folder)
            policy = HostPolicy(
                hosts=self._hosts,
                allow_hosts=self._allow_hosts,
                on_foreign=self._on_foreign,
                on_trouble=self._on_trouble,
                connect=self._connect,
                tls=self._authority.tls,
            )
            self.protocol: type[ProxyProtocol] = ProxyProtocol.with_policy(policy)
        except BaseException:
            self._temporary.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._temporary.cleanup()

    def environment(
        self, port: int, base: Mapping[str, str] | None = None, *, host: str = "127.0.0.1"
    ) -> dict[str, str]:
        """Return `base` (by default this process's environment) for a child; the fake listens at `host`:`port`."""
        before = os.environ if base is None else base
        return _environment.environment(
            before,
            host=host,
            port=port,
            hosts=self._hosts,
            allow_hosts=self._allow_hosts,
            certificates=trusted(before) + self._authority.certificate,
            folder=self.folder,
        )

    def isolated(self, command: Sequence[str], port: int) -> list[str]:
        """Return a command that runs `command` in its own namespaces, for `--isolate`.

        Call `environment(port)` before, and run the command with it.
        Raises UsageError where that is not possible.
        """
        folder = self.folder
        return isolated(
            command,
            port=port,
            hosts=self._hosts,
            bundle=folder / _environment.BUNDLE,
            trust_store=folder / _environment.TRUST_STORE,
        )


def _parse_allowed(name: str) -> str:
    """Return the host without its port: the policy is by host. Raises UsageError when it is not one."""
    try:
        return Target.parse(name, 443).host
    except ValueError as error:
        raise UsageError(f"--allow-host {name}: this is not a host; give a name such as api.example.org") from error
