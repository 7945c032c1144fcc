"""The entry: clients with the production hosts baked in reach the fake over HTTPS, unmodified and without root."""

import os
import socket
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from mock_server.errors import UsageError
from mock_server.intercept import environment as _environment
from mock_server.intercept.bundles import bundles, trust_stores
from mock_server.intercept.certificates import Authority, trusted
from mock_server.intercept.corporate_proxy import loopback_ports
from mock_server.intercept.environment import exports
from mock_server.intercept.isolate import Isolation
from mock_server.intercept.policy import WEB_PORTS, HostPolicy, PlayedHost, Target
from mock_server.intercept.private_network import Reachable
from mock_server.intercept.proxy import ProxyProtocol
from mock_server.intercept.upstream import Connect, ThisMachineError, connect

__all__ = ["Interception", "exports"]


class Interception:
    """One run's interception. A context manager: its folder of public certificates is deleted at the end.

    `hosts`: those that the fake plays, that of the import API first.
    `folder`: for the certificates, whose owner deletes it; without it there is one of its own.
    `allow_hosts`: hosts that a client may call for real, that of the import API not among them.
    `on_foreign`: receives each other host that a client calls. `on_trouble`: receives an intercepted host and a text
    when a request to it does not reach the API, or an allowed one that is this machine. They are called in any thread.
    `connect`: connects to the hosts of `allow_hosts`.
    Raises UsageError when a name is not a host.
    """

    def __init__(
        self,
        hosts: Iterable[PlayedHost],
        *,
        folder: Path | None = None,
        allow_hosts: Collection[str] = (),
        on_foreign: Callable[[Target], None] = lambda _: None,
        on_trouble: Callable[[str, str], None] = lambda _, __: None,
        connect: Connect = connect,
    ) -> None:
        allowed = [_parse_allowed(name) for name in allow_hosts]
        self._allow_hosts = frozenset(target.host for target in allowed)
        self._allow_ports = frozenset(target.port for target in allowed)
        main, *others = hosts
        if main.host in self._allow_hosts:
            raise UsageError(f"--allow-host {main.host}: this is a production host, which the fake plays")
        # The others are played in part, so that a client may need the real ones.
        self._played = {one.host: one for one in (main, *others) if one.host not in self._allow_hosts}
        self._hosts = self._played.keys()
        self._on_foreign = on_foreign
        self._on_trouble = on_trouble
        self._connect = self._reporting(connect)
        self._given_folder = folder

    def __enter__(self) -> "Interception":
        with ExitStack() as stack:
            # mkdtemp makes the folder 0700.
            self.folder = self._given_folder or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="segmetrics-mock-"))
            )
            self._authority = Authority(self._hosts, self.folder)
            policy = HostPolicy(
                played=self._played,
                allow_hosts=self._allow_hosts,
                on_foreign=self._on_foreign,
                on_trouble=self._on_trouble,
                connect=self._connect,
                tls=self._authority.tls,
            )
            self.protocol: type[ProxyProtocol] = ProxyProtocol.with_policy(policy)
            self._own_folder = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own_folder.close()

    def environment(
        self, port: int, base: Mapping[str, str] | None = None, *, host: str = "127.0.0.1"
    ) -> dict[str, str]:
        """Return `base` (by default this process's environment) for a child; the fake listens at `host`:`port`."""
        before = os.environ if base is None else base
        return _environment.proxied(
            before,
            host=host,
            port=port,
            hosts=self._hosts,
            allow_hosts=self._allow_hosts,
            allow_addresses=_addresses(self._allow_hosts),
            certificates=self._trusted(before),
            folder=self.folder,
        )

    def isolated_environment(self, port: int, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return `base` (by default this process's environment) for a child in a network of its own."""
        before = os.environ if base is None else base
        return _environment.isolated(
            before, port=port, hosts=self._hosts, certificates=self._trusted(before), folder=self.folder
        )

    def isolation(
        self,
        unshare: Sequence[str],
        program: str,
        *,
        port: int,
        serve: Callable[[socket.socket], None],
        ports: Collection[int] = (),
        trust: Collection[str] = (),
    ) -> Isolation:
        """Return the private network for a command that starts `program`, with `isolated_environment()`.

        `unshare`: makes the namespaces. `port`: where the fake listens. `serve`: lets it listen at another socket too.
        `ports`: further ports of this machine and of the allowed hosts. `trust`: further bundles of certificates.
        Raises UsageError for a file of `trust` that is not one.
        """
        reachable = Reachable(
            hosts=self._hosts,
            allowed=self._allow_hosts,
            ports={*ports, *self._allow_ports} - {*WEB_PORTS},
            hidden=loopback_ports(os.environ),
            fake_port=port,
            serve=serve,
            connect=self._connect,
        )
        covers = self._covers(bundles(program, os.environ, trust))
        return Isolation(unshare, reachable, covers, self.folder, self._on_refused)

    def _reporting(self, connect: Connect) -> Connect:
        """Return `connect`, reporting hosts of `--allow-host` that are this machine."""

        def connect_elsewhere(host: str, port: int) -> socket.socket:
            try:
                return connect(host, port)
            except ThisMachineError as error:
                self._on_trouble(host, str(error))
                raise

        return connect_elsewhere

    def _on_refused(self, target: Target) -> None:
        """Report a call that was refused in the private network."""
        if target.host in self._hosts:
            text = f"port {target.port} was called, where nothing listens; the API is at https://{target.host}"
            self._on_trouble(target.host, text)
        else:
            self._on_foreign(target)

    def _trusted(self, base: Mapping[str, str]) -> bytes:
        return trusted(base) + self._authority.certificate

    def _covers(self, files: Sequence[Path]) -> dict[str, str]:
        """Write what is seen in place of the bundles: what they contain, and our certificate; return it by path."""
        covers = {}
        for number, file in enumerate(files):
            cover = self.folder / f"cover-{number}.pem"
            cover.write_bytes(file.read_bytes() + b"\n" + self._authority.certificate)
            covers[str(file)] = str(cover)
        store = self.folder / _environment.TRUST_STORE
        return covers | {str(file): str(store) for file in trust_stores() if store.exists()}


def _addresses(hosts: Collection[str]) -> set[str]:
    """Return the addresses of the hosts, as far as they can be found out now."""
    found = set()
    for host in hosts:
        with suppress(OSError):
            found |= {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    return found


def _parse_allowed(name: str) -> Target:
    """Return the host and its port. Raises UsageError when it is not one."""
    try:
        return Target.parse(name, 443)
    except ValueError as error:
        raise UsageError(
            f"--allow-host {name}: this is not a host; give a name such as api.example.org, or db.example.org:5432"
        ) from error
