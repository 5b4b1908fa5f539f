"""The host's own resolver."""

import socket
import struct

from .bad import HERE, TIMEOUT, Bad

_ID = 0x4D53
_NS = 2
_RECURSION_DESIRED = 0x0100
_RECURSION_AVAILABLE = 0x0080


def resolver(_name: str, port: int = 53) -> str:
    """It knows who serves the root: every other answer starts there."""
    question = struct.pack(">6H", _ID, _RECURSION_DESIRED, 1, 0, 0, 0) + b"\x00" + struct.pack(">2H", _NS, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect((HERE, port))
        connection.send(question)
        answer = connection.recv(4096)
    number, flags, _, answers, _, _ = struct.unpack(">6H", answer[:12])
    if number != _ID or flags & 0xF or not flags & _RECURSION_AVAILABLE or not answers:
        raise Bad(f"answer code {flags & 0xF}, {answers} records")
    return f"{answers} root servers"
