"""A name that is resolved first, and a connection to its address."""

import socket
import sys

address = socket.gethostbyname(sys.argv[1])
with socket.socket() as connection:
    print(connection.connect_ex((address, int(sys.argv[2]))) or connection.recv(100))
