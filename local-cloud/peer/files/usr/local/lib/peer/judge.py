#!/usr/bin/python3
"""Exim's transport filter: stores the verdicts of SPF, DKIM, DMARC and reverse DNS in the delivered copy.

Reads the message on stdin and writes it to stdout, unchanged but for the headers on top. SPF is judged by pyspf, DKIM
by OpenDKIM, DMARC by OpenDMARC; Exim's own opinion (libspf2 and its DKIM code) stands beside them. Where a judge cannot
be asked the exit code is not 0, and Exim keeps the message and tries again. One message at a time is judged: OpenDKIM
2.11 exits now and then when two of them make it ask the DNS at once.
"""

import base64
import fcntl
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import spf
from milter import Envelope, ask

OPENDKIM_PORT = 8891
OPENDMARC_PORT = 8893
# Added by Exim's own delivery: the sender never saw them.
DELIVERY_HEADERS = {b"return-path", b"envelope-to", b"delivery-date"}
# Nobody may bring verdicts along.
OWN_HEADERS = {b"x-peer-session", b"x-exim-results", b"received-spf"}

Header = tuple[bytes, bytes]


@dataclass
class Connection:
    """What Exim tells about the message; empty text where there is nothing."""

    host: str
    id: str
    client: str
    verified_name: str
    pointer: str
    lookup_deferred: str
    helo: str
    sender: str
    recipient: str
    tls: str
    exim: str


def connection(header: Header) -> Connection:
    """Reads the header that the transport adds as the last one (`CONNECTION` in exim4.conf)."""
    name, value = header
    if name.lower() != b"x-peer-connection":
        raise ValueError(f"the last header is not Exim's but {name!r}")
    pairs = (pair.split("=", 1) for pair in value.decode("ascii").split())
    decoded = {key: base64.b64decode(text).decode("utf-8", "surrogateescape") for key, text in pairs}
    return Connection(**decoded)


def split(message: bytes) -> tuple[list[Header], bytes]:
    """Headers (name, raw value without the last line end) and body of a message with `\\n` line ends."""
    head, separator, body = message.partition(b"\n\n")
    if message.startswith(b"\n"):
        return [], message[1:]
    lines = re.split(rb"\n(?![ \t])", head if separator else message.removesuffix(b"\n"))
    headers = [(name, value) for name, _, value in (line.partition(b":") for line in lines)]
    return headers, body if separator else b""


def is_ours(header: Header, host: str) -> bool:
    """Whether only this host may have written the header."""
    name = header[0].strip().lower()
    if name == b"authentication-results":
        return header[1].split(b";")[0].strip().lower() == host.lower().encode()
    return name in OWN_HEADERS


def reverse_verdict(session: Connection) -> str:
    """`iprev` of RFC 8601 2.7.3; Exim has looked the names up."""
    if session.verified_name:
        return "pass"
    if session.lookup_deferred == "1":
        return "temperror"
    return "fail" if session.pointer else "permerror"


def session_header(session: Connection) -> str:
    """What the connection looked like, for people and tests: `name=value` pairs."""
    version, _, cipher = session.tls.partition(" ")
    pairs = {
        "id": session.id,
        "client": session.client,
        "pointer": session.pointer.replace("\n", ",") or "none",
        "helo": session.helo or "none",
        "sender": f"<{session.sender}>",
        "recipient": f"<{session.recipient}>",
        "tls": version or "none",
        "cipher": cipher or "none",
    }
    # A quoted local part may hold `;`, which would begin another pair.
    return "; ".join(f"{name}={value.replace(';', '%3B')}" for name, value in pairs.items())


def verdicts(session: Connection, headers: list[Header], body: bytes) -> list[tuple[str, str]]:
    """The headers to put on top, in the order in which they were found."""
    envelope = Envelope(
        host=session.host,
        queue_id=session.id,
        client=session.client,
        client_name=session.verified_name,
        helo=session.helo,
        sender=session.sender,
        recipient=session.recipient,
    )
    result, explanation = spf.check2(i=session.client, s=session.sender, h=session.helo)
    by_sender = session.sender != ""
    identity = f"smtp.mailfrom={session.sender}" if by_sender else f"smtp.helo={session.helo}"
    reverse = reverse_verdict(session)
    # One header for each judge: OpenDMARC reads no other result from a header that it cannot read whole.
    found = [
        (
            "Authentication-Results",
            f"{session.host}; iprev={reverse} policy.iprev={session.client}",
        ),
        ("Authentication-Results", f"{session.host}; spf={result} {identity}"),
        (
            "Received-SPF",
            f"{result} ({explanation}) identity={'mailfrom' if by_sender else 'helo'}; client-ip={session.client};\n"
            f'\thelo={session.helo}; envelope-from="{session.sender}"; receiver={session.host}',
        ),
    ]
    wire_body = body.replace(b"\n", b"\r\n")
    with Path(__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found += ask(OPENDKIM_PORT, envelope, headers, wire_body)
        judged = [(name.encode(), b" " + value.encode()) for name, value in found]
        found += ask(OPENDMARC_PORT, envelope, judged + headers, wire_body)
    return [
        *found,
        (
            "X-Exim-Results",
            session.exim.removeprefix("Authentication-Results:").strip(),
        ),
        ("X-Peer-Session", session_header(session)),
    ]


def main() -> None:
    """Filters one message."""
    headers, body = split(sys.stdin.buffer.read())
    session = connection(headers.pop())
    delivery = []
    while headers and headers[0][0].lower() in DELIVERY_HEADERS:
        delivery.append(headers.pop(0))
    headers = [header for header in headers if not is_ours(header, session.host)]
    # Mail that began on this host has no client to judge.
    found = verdicts(session, headers, body) if session.client and session.client not in ("127.0.0.1", "::1") else []
    out = sys.stdout.buffer
    for name, value in delivery:
        out.write(name + b":" + value + b"\n")
    for name, value in reversed(found):
        out.write(f"{name}: {value.lstrip(' ')}\n".encode("utf-8", "surrogateescape"))
    for name, value in headers:
        out.write(name + b":" + value + b"\n")
    out.write(b"\n" + body)


if __name__ == "__main__":
    main()
