"""A socket, connected to an address."""

import socket
import sys

with socket.socket() as connection:
    connection.connect((sys.argv[1], int(sys.argv[2])))
    print(connection.recv(100))
