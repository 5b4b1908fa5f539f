"""A milter client: shows one message to a milter and returns the headers that the milter adds.

Exim speaks no milter protocol; with this client OpenDKIM and OpenDMARC run unchanged, as daemons, behind Exim.
Numbers and letters are those of Sendmail's libmilter protocol 6 (`mfdef.h`).
"""

import socket
import struct
from dataclasses import dataclass

VERSION = 6
ALL_ACTIONS = 0x1FF
ALL_STEPS = 0x1FFFFF
# A filter that sets the first bit gets no such step; with the second it does not answer that step.
STEPS = {
    b"C": (0x1, 0x1000),
    b"H": (0x2, 0x2000),
    b"M": (0x4, 0x4000),
    b"R": (0x8, 0x8000),
    b"B": (0x10, 0x80000),
    b"L": (0x20, 0x80),
    b"N": (0x40, 0x40000),
    b"T": (0x200, 0x10000),
}
LEADING_SPACE = 0x100000
CHUNK = 65535
CONTINUE, SKIP, PROGRESS, ACCEPT = b"c", b"s", b"p", b"a"


class MilterError(Exception):
    """The milter cannot be reached, broke the protocol, or wants the message refused or deferred."""


@dataclass
class Envelope:
    """What the SMTP server knew about the message."""

    host: str
    queue_id: str
    client: str
    client_name: str
    helo: str
    sender: str
    recipient: str


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape") + b"\0"


class _Session:
    def __init__(self, port: int) -> None:
        self.done = False
        self.flags = 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def write(self, command: bytes, data: bytes = b"") -> None:
        self.socket.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def read(self) -> tuple[bytes, bytes]:
        (length,) = struct.unpack("!I", self._exactly(4))
        packet = self._exactly(length)
        return packet[:1], packet[1:]

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise MilterError("the milter closed the connection")
            data += part
        return data

    def negotiate(self) -> None:
        self.write(b"O", struct.pack("!III", VERSION, ALL_ACTIONS, ALL_STEPS))
        answer, data = self.read()
        if answer != b"O":
            raise MilterError(f"negotiation answered with {answer!r}")
        self.flags = struct.unpack("!III", data[:12])[2]

    def macros(self, step: bytes, values: dict[str, str]) -> None:
        pairs = b"".join(_text(name) + _text(value) for name, value in values.items())
        self.write(b"D", step + pairs)

    def step(self, command: bytes, data: bytes = b"") -> bool:
        """Sends one step; False when the milter wants no more of this kind."""
        unwanted, silent = STEPS[command]
        if self.done or self.flags & unwanted:
            return False
        self.write(command, data)
        if self.flags & silent:
            return True
        answer, rest = self.read()
        if answer == ACCEPT:
            self.done = True
        elif answer not in (CONTINUE, SKIP):
            raise MilterError(f"{command!r} answered with {answer!r} {rest!r}")
        return answer == CONTINUE

    def end(self) -> list[tuple[str, str]]:
        """Ends the message and collects the headers that the milter adds."""
        added: list[tuple[str, str]] = []
        if self.done:
            return added
        self.write(b"E")
        while True:
            answer, data = self.read()
            if answer in (b"h", b"i"):
                name, value = data[4 if answer == b"i" else 0 :].split(b"\0")[:2]
                added.append((name.decode(), value.decode("utf-8", "surrogateescape")))
            elif answer in (ACCEPT, CONTINUE):
                return added
            elif answer in (b"r", b"t", b"d", b"y"):
                raise MilterError(f"end of message answered with {answer!r} {data!r}")
            # Anything else (`m`, `p`, `q`, ...) changes nothing in what is looked for here.


def ask(port: int, envelope: Envelope, headers: list[tuple[bytes, bytes]], body: bytes) -> list[tuple[str, str]]:
    """Returns the (name, value) pairs that the milter on 127.0.0.1:`port` adds.

    `headers`: name and value as they stand in the message, the value with its leading space and `\\n` folds.
    `body`: with CRLF line ends. Raises MilterError and OSError.
    """
    session = _Session(port)
    with session.socket:
        session.negotiate()
        session.macros(b"C", {"j": envelope.host, "{daemon_name}": "peer", "v": "Exim"})
        name = envelope.client_name or f"[{envelope.client}]"
        family = b"6" if ":" in envelope.client else b"4"
        session.step(b"C", _text(name) + family + struct.pack("!H", 25) + _text(envelope.client))
        session.step(b"H", _text(envelope.helo))
        session.macros(b"M", {"i": envelope.queue_id, "{mail_addr}": envelope.sender})
        session.step(b"M", _text(f"<{envelope.sender}>"))
        session.macros(b"R", {"{rcpt_addr}": envelope.recipient})
        session.step(b"R", _text(f"<{envelope.recipient}>"))
        session.step(b"T")
        keep_space = session.flags & LEADING_SPACE
        for header, value in headers:
            shown = value if keep_space else value.removeprefix(b" ")
            session.step(b"L", header + b"\0" + shown + b"\0")
        session.step(b"N")
        for start in range(0, len(body), CHUNK):
            if not session.step(b"B", body[start : start + CHUNK]):
                break
        session.macros(b"E", {"i": envelope.queue_id})
        added = session.end()
        session.write(b"Q")
        return added
