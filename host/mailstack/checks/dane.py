"""The key that the DNS names for port 25, as a server that keeps to it (RFC 7672) judges it."""

import os
import socket
import struct

from ..programs import run
from .bad import HERE, TIMEOUT, Bad

_TLSA = 52
_OPTION = 41
_QUERY = 0x0120  # recursion desired, authentic data understood
_AUTHENTIC = 0x0020
_NO_SUCH_NAME = 3


def key(name: str, port: int = 53) -> str:
    """Where there is a TLSA record, port 25 has its key and the zone is signed. Without one nothing is to keep."""
    records, authentic = _records(f"_25._tcp.{name}", port)
    if not records:
        return "no TLSA record"
    given = [word for record in records for word in ("-dane_tlsa_rrdata", record)]
    ask = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"{HERE}:25", "-dane_tlsa_domain", name]
    if run([*ask, *given, "-verify_return_error"], TIMEOUT, "QUIT\n").code != 0:
        raise Bad("the key on port 25 is not the one of the TLSA record: mail of servers that look at it waits")
    if not authentic:
        raise Bad("the zone is not signed: no other server looks at its TLSA record")
    return f"{records[0][:14]}... is the key on port 25"


def _records(name: str, port: int) -> tuple[list[str], bool]:
    """Data of the TLSA records as text, and whether the resolver has validated them."""
    number = os.urandom(2)
    labels = b"".join(bytes([len(part)]) + part.encode("ascii") for part in name.split("."))
    query = number + struct.pack("!5H", _QUERY, 1, 0, 0, 1) + labels + b"\0" + struct.pack("!2H", _TLSA, 1)
    query += b"\0" + struct.pack("!2HIH", _OPTION, 1232, 0, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(TIMEOUT)
        channel.connect((HERE, port))
        channel.send(query)
        answer = channel.recv(4096)
    flags, _, answers = struct.unpack("!3H", answer[2:8])
    code = flags & 0xF
    if answer[:2] != number or code not in (0, _NO_SUCH_NAME):
        raise Bad(f"the resolver has no valid answer for the TLSA record (code {code})")
    found = []
    at = len(query) - 11  # the question comes back as it was sent
    for _ in range(answers):
        at = _after_name(answer, at)
        kind, _, _, length = struct.unpack("!2HIH", answer[at : at + 10])
        data = answer[at + 10 : at + 10 + length]
        if kind == _TLSA:
            found.append(f"{data[0]} {data[1]} {data[2]} {data[3:].hex()}")
        at += 10 + length
    return found, bool(flags & _AUTHENTIC)


def _after_name(message: bytes, at: int) -> int:
    while message[at] not in (0, *range(0xC0, 0x100)):
        at += message[at] + 1
    return at + (1 if message[at] == 0 else 2)
