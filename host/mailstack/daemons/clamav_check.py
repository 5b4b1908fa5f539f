"""Whether clamd answers, and how old its newest signatures are."""

import os
import socket
import time

from ..errors import MailstackError

# New ones come every day.
OLDEST_DAYS = 7
_DAY = 86400
# `mailstack status` waits four seconds for this program, its start included.
_SECONDS = 2


def check(path: str, signatures: str) -> str:
    """What `mailstack status` says about it. Raises when clamd does not answer or its signatures are old."""
    try:
        pong, version = _ask(path, b"PING"), _ask(path, b"VERSION")
        newest = max(entry.stat().st_mtime for entry in os.scandir(signatures) if entry.name.endswith(("d", "b")))
    except (OSError, ValueError) as error:
        # It does not answer while it loads signatures, at its start and after each update.
        raise MailstackError(f"clamd: {error}; mail waits") from error
    age = (time.time() - newest) / _DAY
    if pong != "PONG":
        raise MailstackError(f"clamd: {pong[:60]}")
    if age > OLDEST_DAYS:
        raise MailstackError(f"signatures are {age:.0f} days old; see journalctl -u clamav-freshclam")
    return f"{version.partition('/')[0]}, signatures of {age * 24:.0f} h ago"


def _ask(path: str, command: bytes) -> str:
    """One command of clamd's protocol; see clamd(8)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(path)
        connection.sendall(b"z" + command + b"\0")
        return connection.recv(1024).decode("utf-8", "replace").rstrip("\0")
