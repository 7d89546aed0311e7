"""Answers every request at JUPYTERHUB_SERVICE_URL with status 200: the least a server can be."""

import os
import signal
import socket

ANSWER = (
    b"HTTP/1.1 200 OK\r\n"
    b"X-JupyterHub-Version: 6.1.1\r\n"
    b"Content-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)

signal.signal(signal.SIGINT, signal.SIG_DFL)
origin = os.environ["JUPYTERHUB_SERVICE_URL"].split("/")[2]
host, _, port = origin.rpartition(":")

with socket.create_server((host, int(port)), backlog=64) as listener:
    while True:
        visitor, _ = listener.accept()
        with visitor:
            visitor.settimeout(2)
            try:
                visitor.recv(65536)
                visitor.sendall(ANSWER)
            except OSError:
                pass  # A visitor that leaves early changes nothing for the next one.
