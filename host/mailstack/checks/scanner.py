"""Rspamd and its database."""

import http.client
import os
import socket

from .bad import HERE, TIMEOUT, Bad

_REDIS_SOCKETS = ("/run/redis/redis-server.sock", "/run/redis/redis.sock")


def redis(_name: str, port: int = 6379) -> str:
    """It answers PING; with a password set, its refusal is an answer too."""
    path = next((path for path in _REDIS_SOCKETS if os.path.exists(path)), None)
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect(path or (HERE, port))
        connection.sendall(b"PING\r\n")
        said = connection.recv(200).decode("ascii", "replace").strip()
    if said != "+PONG" and not said.startswith("-NOAUTH"):
        raise Bad(f"PING: {said[:60]}")
    return "PONG" if said == "+PONG" else "asks for its password"


def rspamd(_name: str) -> str:
    """The milter listens, and the controller answers ping."""
    with socket.create_connection((HERE, 11332), TIMEOUT):
        pass
    connection = http.client.HTTPConnection(HERE, 11334, timeout=TIMEOUT)
    try:
        connection.request("GET", "/ping")
        answer = connection.getresponse()
        said = answer.read(100).decode("ascii", "replace").strip()
    finally:
        connection.close()
    if answer.status != 200 or said != "pong":
        raise Bad(f"/ping: {answer.status} {said[:40]}")
    return "pong"
