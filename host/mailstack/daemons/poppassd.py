"""One password change for the webmail, in the words of poppassd: the protocol that its plugin speaks.

systemd starts this for each connection to a socket that only the webmail's user may open, so the webmail itself never
touches the database of accounts. The old password must be right.
"""

import os
import sys
import time

from ..accounts.user_commands import change_password
from ..errors import MailstackError
from ..progress import mask

# Each word of the protocol, what it asks for, and how that is confirmed.
_STEPS = (("user", "300 what is the old password?"), ("pass", "200 what is the new password?"), ("newpass", ""))
_LONGEST = 1024
# Whoever guesses through a webmail that was taken over gets few tries.
_PAUSE_SECONDS = 2.0


def serve() -> None:
    """Reads from standard input, answers on standard output. Raises nothing that the user's own words cause."""
    try:
        _talk()
    except BrokenPipeError:
        # Whoever asked is gone; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # noqa: TID251


def _talk() -> None:
    _say("200 mailstack")
    given = []
    for word, confirmed in _STEPS:
        value = _read(word)
        if value is None:
            _say(f"500 {word} is expected")
            return
        given.append(value)
        if word != "user":
            mask(value)
        if confirmed:
            _say(confirmed)
    address, old, new = given
    try:
        change_password(address.lower(), old, new)
    except MailstackError as error:
        time.sleep(_PAUSE_SECONDS)
        print(f"password of {address!r} not changed: {error.message}", file=sys.stderr)
        _say(f"500 {error.message}")
        return
    print(f"password of {address!r} changed", file=sys.stderr)
    _say("200 changed")


def _read(word: str) -> str | None:
    line = sys.stdin.buffer.readline(_LONGEST)
    if not line.endswith(b"\n"):
        return None
    try:
        said, _, value = line.rstrip(b"\r\n").decode().partition(" ")
    except UnicodeDecodeError:
        return None
    return value if said == word and value else None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\r\n")
    sys.stdout.flush()
