"""The private network of an isolated command: what is reached at each of its addresses, and what was called in vain.

The program in the namespaces (`namespace`) makes sockets there, and sends them over a channel; here they are served.
"""

import asyncio
import json
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from mock_server.intercept import namespace
from mock_server.intercept.attempts import attempts, watch
from mock_server.intercept.loopback import Address, connect_to_loopback, listening_on_loopback
from mock_server.intercept.names import Names
from mock_server.intercept.policy import WEB_PORTS, Target
from mock_server.intercept.relay import Open, relay
from mock_server.intercept.upstream import Connect
from mock_server.network import is_loopback

_SCAN_SECONDS = 0.2
_DNS_MESSAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Reachable:
    """What an isolated command can reach, beside its own services and this machine's.

    `hosts`: the production hosts. `allowed`: hosts that it may call for real. `ports`: of these, beside 443 and 80; and
    of this machine, beside those on which something listens. `hidden`: ports of this machine that it must not reach.
    `fake_port`: where the fake listens. `serve`: lets the fake listen at another socket as well. `connect`: connects to
    an allowed host.
    """

    hosts: Collection[str]
    allowed: Collection[str]
    ports: Collection[int]
    hidden: Collection[int]
    fake_port: int
    serve: Callable[[socket.socket], None]
    connect: Connect


class PrivateNetwork:
    """Serves the sockets of a private network.

    `channel`: the end on this side. `on_foreign`: receives each call to an address at which nothing is reached.
    `is_complete`: whether all was in place, and the command was started.
    """

    def __init__(
        self, channel: socket.socket, names: Names, reachable: Reachable, on_foreign: Callable[[Target], None]
    ) -> None:
        self._channel = channel
        self._names = names
        self._reachable = reachable
        self._on_foreign = on_foreign
        self._fixed = self._fixed_addresses()
        self._opened: dict[Address, asyncio.Server | None] = {}
        self.is_complete = False

    async def serve(self) -> None:
        """Serve until it is cancelled; the command starts when all is in place."""
        loop = asyncio.get_running_loop()
        packets, requests = await self._receive_socket(), await self._receive_socket()
        assert packets
        assert requests
        with packets, requests:
            watch(packets)
            loop.add_reader(packets, self._report, packets)
            loop.add_reader(requests, self._answer, requests)
            try:
                await self._open_and_close()
                self.is_complete = True
                self._channel.send(json.dumps(namespace.START).encode())
                while True:
                    await asyncio.sleep(_SCAN_SECONDS)
                    await self._open_and_close()
            finally:
                loop.remove_reader(packets)
                loop.remove_reader(requests)
                self._report(packets)

    def _fixed_addresses(self) -> dict[Address, Open | None]:
        """Return how to reach what is behind each address that is served from start to end; None for the fake."""
        reachable, address_of = self._reachable, self._names.address_of
        found: dict[Address, Open | None] = {}
        for port in reachable.ports:
            found["127.0.0.1", port] = partial(connect_to_loopback, ("127.0.0.1", port))
        for host in reachable.allowed:
            # This machine is reached as it is.
            if is_loopback(host):
                continue
            for port in {*WEB_PORTS, *reachable.ports}:
                found[address_of(host), port] = partial(reachable.connect, host, port)
        for host in reachable.hosts:
            found |= dict.fromkeys([(address_of(host), port) for port in WEB_PORTS])
        found["127.0.0.1", reachable.fake_port] = None
        return found

    async def _open_and_close(self) -> None:
        """Serve what listens on this machine's loopback now, and no longer what does not."""
        services = {
            address: partial(connect_to_loopback, address)
            for address in listening_on_loopback()
            if address[1] not in self._reachable.hidden
        }
        wanted: dict[Address, Open | None] = services | self._fixed
        for address in self._opened.keys() - wanted.keys():
            if server := self._opened.pop(address):
                server.close()
        for address in wanted.keys() - self._opened.keys():
            self._opened[address] = await self._open(address, wanted[address])

    async def _open(self, address: Address, reach: Open | None) -> asyncio.Server | None:
        """Have the address opened in the private network, and serve it, unless the command listens there itself."""
        self._channel.send(json.dumps(address).encode())
        listener = await self._receive_socket()
        if listener and reach:
            return await asyncio.start_server(partial(relay, reach), sock=listener)
        if listener:
            self._reachable.serve(listener)
        return None

    async def _receive_socket(self) -> socket.socket | None:
        loop = asyncio.get_running_loop()
        readable = loop.create_future()
        loop.add_reader(self._channel, readable.set_result, None)
        try:
            await readable
        finally:
            loop.remove_reader(self._channel)
        _, descriptors, _, _ = socket.recv_fds(self._channel, namespace.MESSAGE_BYTES, 1)
        return socket.socket(fileno=descriptors[0]) if descriptors else None

    def _report(self, packets: socket.socket) -> None:
        for address, port in attempts(packets):
            if (address, port) not in self._fixed:
                self._on_foreign(Target(self._names.name_of(address), port))

    def _answer(self, requests: socket.socket) -> None:
        query, addresses, _, client = requests.recvmsg(_DNS_MESSAGE_BYTES, socket.CMSG_SPACE(64))
        # What came with it names the server that was asked; the response must come from there.
        requests.sendmsg([self._names.answer(query)], addresses, 0, client)
