"""Whether a message has the shape of mail, or of something that is made to keep a filter busy.

The time of Rspamd's parser grows with the square of the nesting and of the number of parts: 300 kB can hold it for
seconds. So both are counted before, in a time that only grows with the size. Parts are found as Rspamd finds them: in
doubt more of them than there are.
"""

import binascii
import mmap
import quopri
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

# A digest of hundreds of messages, or a mail that was forwarded twenty times with its pictures, has far less.
MAX_HEADERS = 1_000
MAX_HEAD_BYTES = 1 << 20
# Where there is a filter, Postfix silently cuts a header at the last line below 60,000 bytes.
MAX_HEADER_BYTES = 58_000
MAX_DEPTH = 60
MAX_PARTS = 2_000
# Lines that begin with two hyphens: parts, or only the looks of them. A patch or a dump of a database has thousands.
MAX_DELIMITERS = 20_000
MAX_HYPHENS = 200_000
MAX_PART_HEADERS = 20_000
# A part has one boundary; by RFC 2231 it comes in some pieces.
MAX_BOUNDARIES = 20
# Ends of base64 within one message that is encoded; an honest one has one.
MAX_PADDINGS = 1_000

_DELIMITER = re.compile(rb"--([^\r\n]*)(?:\r\n|\r|\n)?")
_CONTENT = re.compile(rb"content-[a-z-]+[ \t]*:", re.I)
_END_OF_HEAD = re.compile(rb"\n\r?\n|\r\r")
_FIELD = re.compile(rb"(?:\A|[\r\n])(content-[a-z-]+)[ \t]*:([^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)", re.I)
_MULTIPART = re.compile(rb"multipart\s*/", re.I)
_SMIME = re.compile(rb"pkcs7", re.I)
# S/MIME holds a whole part too.
_MESSAGE = re.compile(rb"message\s*/|pkcs7", re.I)
_BOUNDARY = re.compile(rb'boundary(?:\*(\d*))?\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s;]*))', re.I)
_ENCODING = re.compile(rb"base64|quoted-printable|uu", re.I)
_PERCENT = re.compile(rb"%([0-9a-f]{2})", re.I)
_LONGEST_BOUNDARY = 256

Text = bytes | mmap.mmap


class TooComplex(Exception):
    """The message is beyond a limit; the text says which."""


class _Delimiters(NamedTuple):
    """Lines of a text that may separate parts: where each begins, what it says, and where the next line begins."""

    starts: list[int]
    words: list[bytes]
    ends: list[int]


class _Node(NamedTuple):
    """An entity: where its head and its content are in a text."""

    text: Text
    delimiters: _Delimiters
    head: bytes
    start: int
    end: int
    depth: int


class _Counts:
    def __init__(self) -> None:
        self.parts = self.delimiters = self.headers = self.hyphens = 0

    def more(self, name: str, number: int, limit: int, what: str) -> None:
        total = getattr(self, name) + number
        setattr(self, name, total)
        if total > limit:
            raise TooComplex(f"more than {limit} {what}")


def check(head: list[tuple[bytes, bytes]], body: Text) -> int:
    """How many parts there are. Raises TooComplex beyond a limit. `head` has the names and values of the headers."""
    if len(head) > MAX_HEADERS:
        raise TooComplex(f"more than {MAX_HEADERS} headers")
    if any(len(value) > MAX_HEADER_BYTES for _, value in head):
        raise TooComplex(f"a header of more than {MAX_HEADER_BYTES} bytes")
    if sum(len(name) + len(value) for name, value in head) > MAX_HEAD_BYTES:
        raise TooComplex(f"headers of more than {MAX_HEAD_BYTES >> 10} KiB")
    counts = _Counts()
    top = b"\n".join(name + b":" + value for name, value in head if name[:8].lower() == b"content-")
    waiting = [_Node(body, _delimiters(body, counts), top, 0, len(body), 1)]
    while waiting:
        node = waiting.pop()
        counts.more("parts", 1, MAX_PARTS, "parts")
        if node.depth > MAX_DEPTH:
            raise TooComplex(f"more than {MAX_DEPTH} messages or parts inside each other")
        waiting += _children(node, counts)
    return counts.parts


def _children(node: _Node, counts: _Counts) -> Iterator[_Node]:
    fields = _FIELD.findall(node.head)
    kinds = b"\n".join(value for name, value in fields if name.lower() == b"content-type")
    if _MULTIPART.search(kinds):
        yield from _parts(node, _boundaries(kinds), counts)
    if _MESSAGE.search(kinds):
        encoding = b" ".join(value for name, value in fields if name.lower() == b"content-transfer-encoding")
        if found := _ENCODING.search(encoding):
            text = _decoded(found[0].lower(), node.text[node.start : node.end])
            inner = _Node(text, _delimiters(text, counts), b"", 0, len(text), node.depth)
        else:
            inner = node
        begin = inner.start
        if _SMIME.search(kinds):
            # Its head is somewhere in a binary structure.
            found = _CONTENT.search(inner.text, inner.start, inner.end)
            begin = found.start() if found else inner.end
        yield _entity(inner, begin, inner.end, counts)


def _entity(parent: _Node, start: int, end: int, counts: _Counts) -> _Node:
    """The part or message at a place of its parent's text."""
    if parent.text[start : start + 1] in (b"\r", b"\n"):
        return parent._replace(head=b"", start=start, end=end, depth=parent.depth + 1)
    found = _END_OF_HEAD.search(parent.text, start, end)
    head = parent.text[start : found.start()] if found else b""
    counts.more("headers", head.count(b"\n"), MAX_PART_HEADERS, "headers in parts")
    return parent._replace(head=head, start=found.end() if found else start, end=end, depth=parent.depth + 1)


def _parts(node: _Node, boundaries: list[bytes], counts: _Counts) -> Iterator[_Node]:
    starts, words, ends = node.delimiters
    first, last = bisect_left(starts, node.start), bisect_left(starts, node.end)
    meant = tuple(boundaries)
    chosen = [index for index in range(first, last) if words[index].startswith(meant)]
    # As Rspamd: without a boundary that is there, the first line that looks like one is it.
    if not chosen and first < last:
        chosen = [index for index in range(first, last) if words[index] == words[first]]
    for index, end in zip(chosen, [*(starts[following] for following in chosen[1:]), node.end], strict=False):
        yield _entity(node, ends[index], end, counts)


def _boundaries(kinds: bytes) -> list[bytes]:
    """Each value that may be meant, in lower case as Rspamd compares them."""
    pieces, found = [], []
    named = _BOUNDARY.findall(kinds)
    if len(named) > MAX_BOUNDARIES:
        raise TooComplex(f"more than {MAX_BOUNDARIES} boundaries of one part")
    for number, quoted, token in named:
        value = re.sub(rb"\\(.)", rb"\1", quoted) or token
        plain = _PERCENT.sub(lambda match: bytes([int(match[1], 16)]), value)
        if number:
            pieces.append((int(number[:6]), plain.rpartition(b"'")[2]))
        found += [value, plain, plain.rpartition(b"'")[2]]
    if pieces:
        found.append(b"".join(value for _, value in sorted(pieces)))
    return list({value.strip().lower()[:_LONGEST_BOUNDARY] for value in found if value.strip()})


def _delimiters(text: Text, counts: _Counts) -> _Delimiters:
    found = []
    for place in _lines_with_hyphens(text):
        counts.more("hyphens", 1, MAX_HYPHENS, "lines that begin with two hyphens")
        line = _DELIMITER.match(text, place)
        if line and line[1].strip(b"-"):
            counts.more("delimiters", 1, MAX_DELIMITERS, "lines that look like the begin of a part")
            found.append((place, line[1][:_LONGEST_BOUNDARY].lower(), line.end()))
    found.sort()
    return _Delimiters([line[0] for line in found], [line[1] for line in found], [line[2] for line in found])


def _lines_with_hyphens(text: Text) -> Iterator[int]:
    if text[:2] == b"--":
        yield 0
    for mark in (b"\n--", b"\r--"):
        place = -1
        while (place := text.find(mark, place + 1)) >= 0:
            yield place + 1


def _decoded(encoding: bytes, content: bytes) -> bytes:
    if encoding == b"base64":
        if content.count(b"=") > MAX_PADDINGS:
            raise TooComplex(f"more than {MAX_PADDINGS} ends in a message in base64")
        pieces = (re.sub(rb"[^A-Za-z0-9+/]", b"", piece) for piece in content.split(b"="))
        # Rspamd goes on behind padding; a single letter that is left over says nothing.
        return b"".join(binascii.a2b_base64(piece[: len(piece) - (len(piece) % 4 == 1)] + b"==") for piece in pieces)
    if encoding == b"quoted-printable":
        return quopri.decodestring(content)
    raise TooComplex("a message inside in an encoding that is not allowed there (RFC 2046, 5.2.1)")
