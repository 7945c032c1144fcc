"""Interception: clients with the production hosts baked in reach the fake over HTTPS, unmodified and without root."""

import os
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from mock_server.errors import UsageError
from mock_server.intercept import environment as _environment
from mock_server.intercept.border import READING_HOST, Border, Target, plain
from mock_server.intercept.certificates import Authority, trusted
from mock_server.intercept.environment import exports
from mock_server.intercept.isolate import isolated
from mock_server.intercept.outside import Dial, dial
from mock_server.intercept.protocol import Door, protocol_for

__all__ = ["READING_HOST", "Interception", "exports", "production_hosts"]


def production_hosts(document: Mapping[str, Any]) -> list[str]:
    """The hosts of the contract's `servers`."""
    return [host for server in document["servers"] if (host := urlsplit(server["url"]).hostname)]


class Interception:
    """One run's interception. Used as a context: its folder of public certificates is gone after it.

    `hosts`: the production hosts, from the contract's document; `READING_HOST` is added.
    `allow_hosts`: further hosts that a client may reach for real.
    `on_foreign`: called with each other host that a client tries. `on_trouble`: called with a host of ours and a
    text when a call to it did not get as far as the API. Both are called in the server's thread.
    `dial`: how the way out is connected to.
    Raises UsageError when a name is no host.
    """

    def __init__(
        self,
        hosts: Collection[str],
        *,
        allow_hosts: Collection[str] = (),
        on_foreign: Callable[[str], None] = lambda _: None,
        on_trouble: Callable[[str, str], None] = lambda _, __: None,
        dial: Dial = dial,
    ) -> None:
        self._allow_hosts = frozenset(_host(name) for name in allow_hosts)
        production = frozenset(plain(host) for host in hosts)
        if refused := production & self._allow_hosts:
            raise UsageError(f"--allow-host {min(refused)}: that is production, which the fake plays")
        self._hosts = (production | {READING_HOST}) - self._allow_hosts
        self._on_foreign = on_foreign
        self._on_trouble = on_trouble
        self._dial = dial

    def __enter__(self) -> "Interception":
        self._temporary = tempfile.TemporaryDirectory(prefix="segmetrics-mock-")
        try:
            # mkdtemp makes the folder 0700.
            self.folder = Path(self._temporary.name)
            self._authority = Authority(self._hosts, self.folder)
            border = Border(
                hosts=self._hosts,
                allow_hosts=self._allow_hosts,
                on_foreign=self._on_foreign,
                on_trouble=self._on_trouble,
                dial=self._dial,
                tls=self._authority.tls,
            )
            self.protocol: type[Door] = protocol_for(border)
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
        """`base` (by default this process's environment) for a child; the fake listens at `host`:`port`."""
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
        """The command in namespaces of its own, for `--isolate`; to be run with `environment(port)`, made before.

        Raises UsageError where that cannot be done.
        """
        folder = self.folder
        return isolated(
            command,
            port=port,
            hosts=self._hosts,
            bundle=folder / _environment.BUNDLE,
            trust_store=folder / _environment.TRUST_STORE,
        )


def _host(name: str) -> str:
    """A host's name alone: rules are by host, not by port."""
    try:
        return Target.parse(name, 443).host
    except ValueError as error:
        raise UsageError(f"--allow-host {name}: that is no host; give a name such as api.example.org") from error
