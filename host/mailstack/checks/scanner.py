"""Rspamd and its database."""

import http.client
import socket
from typing import BinaryIO

from ..daemons import milter
from .bad import HERE, TIMEOUT, Bad

# `min_learns` of Rspamd's classifier
_NEEDED = 200
_REDIS = "/run/redis/redis-server.sock"


def redis(_name: str, path: str = _REDIS) -> str:
    """It answers PING."""
    with _connect(path) as connection:
        connection.sendall(b"PING\r\n")
        said = connection.recv(200).decode("ascii", "replace").strip()
    if said != "+PONG":
        raise Bad(f"PING: {said[:60]}")
    return "PONG"


def rspamd(_name: str) -> str:
    """A worker answers an offer, and the controller answers ping. Without any worker the port is open all the same."""
    _offer(11332)
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


def guard(_name: str) -> str:
    """What stands between Postfix and Rspamd agrees to look at mail."""
    _offer(11331)
    return "looks at mail"


def lessons(_name: str, path: str = _REDIS) -> str:
    """How much users have taught the filter, out of what it needs; it may be nothing."""
    with _connect(path) as connection, connection.makefile("rb") as lines:
        connection.sendall(b"HMGET RS learns_spam learns_ham\r\n")
        if (header := lines.readline().strip()) != b"*2":
            raise Bad(f"HMGET: {header[:60].decode('ascii', 'replace')}")
        spam, ham = (_bulk(lines) for _ in range(2))
    trained = " (trained)" if min(spam, ham) >= _NEEDED else f", of {_NEEDED} each"
    return f"{spam} spam, {ham} good{trained}"


def _offer(port: int) -> None:
    with socket.create_connection((HERE, port), TIMEOUT) as connection:
        connection.sendall(milter.offer())
        try:
            letter, _ = next(milter.packets(connection), (b"", b""))
        except TimeoutError as error:
            raise Bad(f"nobody answers at port {port}") from error
    if letter != milter.OPTIONS:
        raise Bad("it answers no offer")


def _connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _bulk(lines: BinaryIO) -> int:
    """A number as Redis sends it; `$-1` is none."""
    length = lines.readline().strip()
    return 0 if length == b"$-1" else int(lines.readline())
