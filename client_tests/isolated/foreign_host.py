"""`foreign_host NAMESPACES RECEIVED COMMAND…`: a network with a foreign host to which every name leads.

It changes addresses and files of the namespaces that it runs in, and refuses to run in NAMESPACES, those of the test.
Runs the command, ends with its exit code, and writes the ports at which the foreign host was called to RECEIVED.
"""

import json
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from client_tests.isolated import FOREIGN_ADDRESS, FOREIGN_PORTS, namespaces


def main(namespaces_of_the_test: str, received_file: str, *command: str) -> int:
    shared = set(namespaces_of_the_test.split()) & set(namespaces())
    if shared or not namespaces_of_the_test:
        sys.exit(f"foreign_host must run in namespaces of its own, but {', '.join(shared)} is the test's")
    for line in (f"addr add {FOREIGN_ADDRESS}/32 dev lo", "link set lo up"):
        subprocess.run(["ip", *line.split()], check=True)
    foreign = f"{FOREIGN_ADDRESS} import.segmetrics.io api.segmetrics.io foreign.example.org"
    hosts = f"127.0.0.1 localhost shop.internal\n{foreign}\n"
    for path, text in {"/etc/hosts": hosts, "/etc/resolv.conf": "nameserver 127.0.0.1\n"}.items():
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(text)
        subprocess.run(["mount", "--bind", file.name, str(Path(path).resolve())], check=True)
    received: list[int] = []
    for port in FOREIGN_PORTS:
        listener = socket.create_server((FOREIGN_ADDRESS, port))
        threading.Thread(target=answer, args=(listener, port, received), daemon=True).start()
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    threading.Thread(target=answer_names, args=(names,), daemon=True).start()
    code = subprocess.run(command).returncode
    Path(received_file).write_text(json.dumps(sorted(received)), "utf-8")
    return code


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
