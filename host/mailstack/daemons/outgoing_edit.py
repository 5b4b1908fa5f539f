"""What a filter tells Postfix and Rspamd when a user's message had to be changed to fit into SMTP."""

from . import milter
from .long_lines import Head, Text, fit

_ADD_HEADER, _CHANGE_HEADER, _REPLACE_BODY = b"h", b"m", b"b"


def edit(envelope: bytearray, head: Head, text: Text) -> tuple[bytes, bytes | None]:
    """Answers for Postfix, and the new body if there is one. Changes the packets that Rspamd gets. Raises Unfit."""
    changes = fit(head, text)
    answers = bytearray()
    for name, number, value in changes.headers:
        new = milter.packet(milter.HEADER, name + b"\0" + value + b"\0")
        if number:
            same = [(each, old) for each, old in head if each.lower() == name.lower()]
            old = milter.packet(milter.HEADER, b"\0".join(same[number - 1]) + b"\0")
            start = envelope.index(old)
            envelope[start : start + len(old)] = new
            answers += milter.packet(_CHANGE_HEADER, number.to_bytes(4) + name + b"\0" + value + b"\0")
        else:
            start = envelope.rindex(milter.packet(milter.END_OF_HEADERS))
            envelope[start:start] = new
            answers += milter.packet(_ADD_HEADER, name + b"\0" + value + b"\0")
    body = changes.body or b""
    for start in range(0, len(body), milter.CHUNK):
        answers += milter.packet(_REPLACE_BODY, body[start : start + milter.CHUNK])
    return bytes(answers), changes.body
