"""Lines of more than 998 characters, which SMTP does not carry (RFC 5321, 4.5.3.1.6), made to fit before signing.

Other servers cut or refuse them. Parts with such lines are encoded anew, which their reader does not see; long headers
are folded. What a user has signed stays as it is, or the signature would be worthless: such a mail is refused.
"""

import base64
import io
import mmap
import quopri
import re
from email import policy
from email.generator import BytesGenerator
from email.message import Message
from email.parser import BytesParser
from typing import NamedTuple

LONGEST = 998
# The library needs several times as much memory.
MAX_BYTES = 32 << 20
# Looked for from the begin of each line only: from each letter on it would take minutes.
_TOO_LONG = re.compile(rb"[^\n]{%d}[^\r\n]" % LONGEST)
_LATER_TOO_LONG = re.compile(rb"\n" + _TOO_LONG.pattern)
# Far enough below, so that a name that is put in front still fits.
_FOLD_AT = 900
_AS_IS = policy.compat32.clone(linesep="\r\n", max_line_length=0)
_MIME_HEADERS = (b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding")
_REASON = f"a line is longer than {LONGEST} characters"

Head = list[tuple[bytes, bytes]]
Text = bytes | mmap.mmap


class Unfit(Exception):
    """The message cannot be made to fit; the text is for its sender."""


class Changes(NamedTuple):
    """What becomes of a message: values of headers by name and occurrence (from 1; 0: a new one), and the new body."""

    headers: list[tuple[bytes, int, bytes]]
    body: bytes | None


def too_long(text: Text) -> bool:
    """Whether a line of it is longer than SMTP carries."""
    return bool(_TOO_LONG.match(text) or _LATER_TOO_LONG.search(text))


def fit(head: Head, body: Text) -> Changes:
    """What must change so that each line fits. Names and values of the headers; values hold their line breaks."""
    headers = _folded(head)
    if not too_long(body):
        return Changes(headers, None)
    if len(body) > MAX_BYTES:
        raise Unfit(_REASON)
    wanted = [name.lower() for name in _MIME_HEADERS]
    own = [(name.lower(), value.strip()) for name, value in head if name.lower() in wanted]
    before = dict(own)
    if len(before) < len(own):
        raise Unfit(f"{_REASON}, and the message says twice how it is encoded")
    top = b"".join(name + b": " + value + b"\r\n" for name, value in own)
    message = BytesParser(policy=_AS_IS).parsebytes(top + b"\r\n" + body[:])
    _encode(message, signed=False)
    if message.get("MIME-Version") is None:
        message["MIME-Version"] = "1.0"
    changed = _written(message)
    if too_long(changed):
        raise Unfit(_REASON)
    for name in _MIME_HEADERS:
        value = message.get(name.decode())
        if value is not None and _bytes(value) != before.get(name.lower()):
            headers.append((name, 1 if name.lower() in before else 0, _bytes(value)))
    return Changes(headers, changed)


def _folded(head: Head) -> list[tuple[bytes, int, bytes]]:
    """Headers of which a line is too long, with more line breaks, each before white space that is there already."""
    found = []
    seen: dict[bytes, int] = {}
    for name, value in head:
        number = seen[name.lower()] = seen.get(name.lower(), 0) + 1
        if not too_long(name + b": " + value):
            continue
        lines = []
        for each in re.split(rb"\r?\n", value):
            line = each
            while len(line) > _FOLD_AT:
                place = max(line.rfind(b" ", 1, _FOLD_AT), line.rfind(b"\t", 1, _FOLD_AT))
                # Nothing but white space in front would be an empty line in the header.
                if place < 0 or not line[:place].strip():
                    break
                lines.append(line[:place])
                line = line[place:]
            lines.append(line)
        folded = b"\n".join(lines)
        if too_long(name + b": " + folded):
            raise Unfit(f"a line of the header {name.decode('ascii', 'replace')} is longer than {LONGEST} characters")
        found.append((name, number, folded))
    return found


def _encode(part: Message, signed: bool) -> None:
    part.preamble = _without_long(part.preamble)
    part.epilogue = _without_long(part.epilogue)
    if part.is_multipart():
        signed = signed or part.get_content_type() == "multipart/signed"
        for inner in part.get_payload():
            _encode(inner, signed)  # type: ignore[arg-type]
        return
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    encoded_already = encoding in ("base64", "quoted-printable")
    content: bytes = part.get_payload(decode=True) or b""  # type: ignore[assignment]
    if not too_long(str(part.get_payload()).encode("utf-8", "replace") if encoded_already else content):
        return
    if signed:
        raise Unfit(f"{_REASON} in a message that its author has signed")
    if not encoded_already:
        encoding = "quoted-printable" if part.get_content_maintype() == "text" else "base64"
    encoded = base64.encodebytes(content) if encoding == "base64" else _quoted(content)
    part.set_payload(encoded.decode("ascii").replace("\n", "\r\n"))
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = encoding
    if part.get("Content-Type") is None and any(byte > 127 for byte in content):
        # Without a word about it only ASCII would be allowed once there is a MIME-Version.
        part["Content-Type"] = "text/plain; charset=" + ("utf-8" if _is_utf8(content) else "unknown-8bit")


def _quoted(payload: bytes) -> bytes:
    lines = payload.replace(b"\r\n", b"\n")
    return quopri.encodestring(lines)


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _without_long(text: str | None) -> str | None:
    """Text between parts, which nobody reads, unless it is too long."""
    return None if text is not None and too_long(_bytes(text)) else text


def _written(message: Message) -> bytes:
    """The body of the message."""
    text = io.BytesIO()
    BytesGenerator(text, mangle_from_=False, maxheaderlen=0, policy=_AS_IS).flatten(message)
    return text.getvalue().partition(b"\r\n\r\n")[2]


def _bytes(text: object) -> bytes:
    return str(text).encode("ascii", "surrogateescape")
