"""A message between Postfix and Rspamd: packets of the milter protocol, and its text."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from threading import Lock
from typing import IO

from . import milter
from .mime_limits import MAX_HEAD_BYTES, MAX_HEADERS, check
from .outgoing_edit import edit

_IN_MEMORY = 1 << 20
_AUTHENTICATED = b"\0{auth_authen}\0"


class Message:
    """What Postfix has told about a message so far."""

    def __init__(self) -> None:
        self.envelope = bytearray()
        self.head: list[tuple[bytes, bytes]] = []
        self.head_bytes = 0
        self.rest = bytearray()
        self.body: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        self.size = 0
        self.by_user = False

    def add(self, stage: bytes, letter: bytes, data: bytes) -> None:
        if letter == milter.BODY:
            self.body.write(data)
            self.size += len(data)
            return
        if letter == milter.MACROS and stage == milter.MAIL:
            self.by_user = _AUTHENTICATED in data
        if stage == milter.HEADER and (len(self.head) > MAX_HEADERS or self.head_bytes > MAX_HEAD_BYTES):
            # It will be refused for what is there already; more of it is not kept.
            return
        if letter == milter.HEADER:
            name, _, value = data.partition(b"\0")
            self.head.append((name, value.rstrip(b"\0")))
            self.head_bytes += len(data)
            self.size += len(data)
        if stage == milter.END_OF_MESSAGE:
            self.rest += milter.packet(letter, data)
        else:
            self.envelope += milter.packet(letter, data)

    def check(self, alone: Lock) -> int:
        """How many parts it has. Raises TooComplex."""
        with self._text(alone) as text:
            return check(self.head, text)

    def make_fit(self, alone: Lock) -> bytes:
        """Changes what is too long for SMTP, and says so in packets for Postfix. Raises Unfit."""
        with self._text(alone) as text:
            answers, body = edit(self.envelope, self.head, text)
        if body is not None:
            self.body.seek(0)
            self.body.truncate()
            self.body.write(body)
            self.size = len(body)
        return answers

    @contextmanager
    def _text(self, alone: Lock) -> Iterator[bytes | mmap]:
        if self.size <= _IN_MEMORY:
            self.body.seek(0)
            yield self.body.read()
            return
        self.body.flush()
        with alone, mmap(self.body.fileno(), 0, access=ACCESS_READ) as text:
            yield text

    def close(self) -> None:
        self.body.close()

    def packets(self) -> Iterator[bytes]:
        yield bytes(self.envelope)
        self.body.seek(0)
        while chunk := self.body.read(milter.CHUNK):
            yield milter.packet(milter.BODY, chunk)
