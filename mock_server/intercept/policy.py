"""The policy: which hosts the fake intercepts, which it passes through, and which it blocks and reports."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from mock_server.intercept.upstream import Connect
from mock_server.network import bracket_host, is_loopback, split_host_port

WEB_PORTS = (443, 80)


class Action(Enum):
    """What happens to a request to a host."""

    INTERCEPT = auto()
    PASS_THROUGH = auto()
    BLOCK = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """A host, normalized, and a port, as a client named them. `address`: of the host, where it is known."""

    host: str
    port: int
    address: str = ""

    @classmethod
    def parse(cls, authority: str, default_port: int) -> "Target":
        """Parse `host`, `host:port` or `[address]:port`. Raises ValueError for anything else."""
        host, port = split_host_port(authority)
        return cls(host, default_port if port is None else port)

    @property
    def allow_option(self) -> str:
        """Return the option of `check` that lets a client call it."""
        return f"--allow-host {bracket_host(self.host)}{'' if self.port in WEB_PORTS else f':{self.port}'}"

    @property
    def is_loopback(self) -> bool:
        """Return whether the name alone says so; `upstream.connect` checks what it resolves to."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class PlayedHost:
    """A production host that the fake plays.

    `what`: as its API is called in a text. `base_path`: of all its paths there, mostly empty. `mount`: what stands in
    its place on the fake's own address, such as `/reading`.
    """

    host: str
    what: str
    base_path: str
    mount: str


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """Which hosts a client can reach through the proxy.

    `played`: by name; requests to these hosts are intercepted. `allow_hosts`: passed through. Any other is blocked, and
    reported to `on_foreign`.
    `on_trouble`: receives host and text when a request to an intercepted host does not reach the API.
    """

    played: Mapping[str, PlayedHost]
    allow_hosts: frozenset[str]
    on_foreign: Callable[[Target], None]
    on_trouble: Callable[[str, str], None]
    connect: Connect
    tls: ssl.SSLContext

    @property
    def main(self) -> PlayedHost:
        """Return the first host, for a client that has not said which one it means."""
        return next(iter(self.played.values()))

    def action(self, target: Target, own_port: int) -> Action:
        """Return what happens to a request to the target.

        `own_port`: where the fake listens; a client that ignores NO_PROXY sends its plain requests there as well.
        """
        if target.host in self.played or (target.is_loopback and target.port == own_port):
            return Action.INTERCEPT
        if target.host in self.allow_hosts and not target.is_loopback:
            return Action.PASS_THROUGH
        return Action.BLOCK

    def block(self, target: Target) -> str:
        """Report the target, and return the text that says why it is blocked and what to do."""
        if target.is_loopback:
            text = f"{target.host}:{target.port} is this machine: call it directly, not through the proxy (NO_PROXY)"
            self.on_trouble(target.host, text)
            return text
        self.on_foreign(target)
        return (
            f"{target.host} is not a host of SegMetrics, and a client under test reaches no other; "
            f"if it must be called for real, pass {target.allow_option}"
        )
