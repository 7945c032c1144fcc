"""`foreign_host NAMESPACES RECEIVED COMMAND…`: a network with a foreign host to which every name leads but its own.

The foreign host is in a network of its own, at the other end of a cable; this end has an address, and OWN_NAME. Both
listen on the same ports. It changes addresses and files of the namespaces that it runs in, and refuses to run in
NAMESPACES, those of the test.
Runs the command, ends with its exit code, and writes the ports at which either was called to RECEIVED.
"""

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from client_tests.isolated import FOREIGN_ADDRESS, FOREIGN_PORTS, OWN_ADDRESS, OWN_NAME, namespaces

_CLONE_NEWNET = 0x40000000


def main(namespaces_of_the_test: str, received_file: str, *command: str) -> int:
    shared = set(namespaces_of_the_test.split()) & set(namespaces())
    if shared or not namespaces_of_the_test:
        sys.exit(f"foreign_host must run in namespaces of its own, but {', '.join(shared)} is the test's")
    received: list[int] = []
    with ThreadPoolExecutor(1) as foreign_network:
        foreign_network.submit(ctypes.CDLL(None).unshare, _CLONE_NEWNET).result()
        thread = foreign_network.submit(threading.get_native_id).result()
        ip("link set lo up", f"link add near type veth peer name far netns /proc/{os.getpid()}/task/{thread}/ns/net")
        ip(f"addr add {OWN_ADDRESS} peer {FOREIGN_ADDRESS} dev near", "link set near up")
        far_end = (f"addr add {FOREIGN_ADDRESS} peer {OWN_ADDRESS} dev far", "link set far up")
        foreign_network.submit(ip, *far_end).result()
        foreign_network.submit(listen, FOREIGN_ADDRESS, received).result()
    listen(OWN_ADDRESS, received)
    foreign = f"{FOREIGN_ADDRESS} import.segmetrics.io api.segmetrics.io foreign.example.org"
    hosts = f"127.0.0.1 localhost shop.internal\n{OWN_ADDRESS} {OWN_NAME}\n{foreign}\n"
    for path, text in {"/etc/hosts": hosts, "/etc/resolv.conf": "nameserver 127.0.0.1\n"}.items():
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(text)
        subprocess.run(["mount", "--bind", file.name, str(Path(path).resolve())], check=True)
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    threading.Thread(target=answer_names, args=(names,), daemon=True).start()
    code = subprocess.run(command).returncode
    Path(received_file).write_text(json.dumps(sorted(received)), "utf-8")
    return code


def ip(*lines: str) -> None:
    for line in lines:
        subprocess.run(["ip", *line.split()], check=True)


def listen(address: str, received: list[int]) -> None:
    """Listen in the network of the calling thread."""
    for port in FOREIGN_PORTS:
        listener = socket.create_server((address, port))
        threading.Thread(target=answer, args=(listener, port, received), daemon=True).start()


def answer(listener: socket.socket, port: int, received: list[int]) -> None:
    while True:
        connection, _ = listener.accept()
        received.append(port)
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nforeign")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def answer_names(names: socket.socket) -> None:
    """Answer each DNS query for an IPv4 address with that of the foreign host."""
    while True:
        query, client = names.recvfrom(4096)
        end = query.index(b"\0", 12) + 5
        is_ipv4 = query[end - 4 : end - 2] == b"\0\1"
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(FOREIGN_ADDRESS) if is_ipv4 else b""
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if record else 0, 0, 0)
        names.sendto(head + query[12:end] + record, client)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
