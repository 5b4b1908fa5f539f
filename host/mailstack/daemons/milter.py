"""The milter protocol, version 6, as Postfix and Rspamd speak it: packets of a length, a letter and data."""

import socket
import struct
from collections.abc import Iterator

# A letter for each packet, with the names of Sendmail's mfdef.h.
CONNECT, HELO, MACROS, OPTIONS = b"C", b"H", b"D", b"O"
MAIL, HEADER, END_OF_HEADERS, BODY, END_OF_MESSAGE = b"M", b"L", b"N", b"B", b"E"
ABORT, NEXT_SESSION, QUIT, UNKNOWN = b"A", b"K", b"Q", b"U"
REPLY_CODE, TEMPORARY_FAILURE, PROGRESS = b"y", b"t", b"p"
REJECT = b"r"
# The answers after which nothing more follows: accept, continue, discard, and these.
FINAL = frozenset({b"a", b"c", b"d", REJECT, TEMPORARY_FAILURE, REPLY_CODE})

VERSION = 6
# Add, change and insert headers, change body and recipients, quarantine: what Rspamd asks for.
_ACTIONS = 0x3F
# No answer to connect, helo, mail, rcpt, data, unknown, header, end of headers, body: one at the end of the message.
_ANSWER_AT_THE_END = 0xFF080
_OPTIONS = struct.Struct("!III")
# Rspamd takes packets of up to 128 KiB.
CHUNK = 65_535
_LONGEST = 1 << 20


class ProtocolError(Exception):
    """The other side does not speak this protocol."""


def packet(letter: bytes, data: bytes = b"") -> bytes:
    """One packet, ready to be sent."""
    return (len(data) + 1).to_bytes(4) + letter + data


def reply_code(text: str) -> bytes:
    """A reply of SMTP in own words, such as `554 5.7.1 no`."""
    return packet(REPLY_CODE, text.replace("%", "%%").encode() + b"\0")


def offer() -> bytes:
    """The first packet to a filter."""
    return packet(OPTIONS, _OPTIONS.pack(VERSION, _ACTIONS, _ANSWER_AT_THE_END))


def agree(offered: bytes) -> bytes:
    """The answer of a filter that only speaks at the end of each message."""
    if len(offered) != _OPTIONS.size or _OPTIONS.unpack(offered)[0] < VERSION:
        raise ProtocolError("version 6 is needed")
    return packet(OPTIONS, _OPTIONS.pack(VERSION, _OPTIONS.unpack(offered)[1] & _ACTIONS, _ANSWER_AT_THE_END))


def packets(link: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Letter and data of each packet, until the other side hangs up."""
    with link.makefile("rb", 65_536) as stream:
        while len(head := stream.read(4)) == 4:
            size = int.from_bytes(head)
            if not 0 < size <= _LONGEST:
                raise ProtocolError(f"a packet of {size} bytes")
            data = stream.read(size)
            if len(data) < size:
                return
            yield data[:1], data[1:]
