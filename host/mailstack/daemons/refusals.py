"""In which words the filter's refusals reach the sender.

Rspamd refuses in words of its own ("Gtube pattern"), which tell a user nothing. Rules of this host begin theirs with a
mark, which is taken off here; a user whose message is refused in any other words is told what has happened.
"""

import re

from . import milter

_OURS = re.compile(rb"(\d{3} \d\.\d\.\d )mailstack: (.*)", re.DOTALL)
_SPAM = "554 5.7.1 Our filter takes this message for spam, so it was not sent"
_LATER = "451 4.7.1 Our filter cannot check this message now, so it was not sent; try again later"
_REFUSED = frozenset({milter.REJECT, milter.REPLY_CODE, milter.TEMPORARY_FAILURE})


def reworded(letter: bytes, data: bytes, by_user: bool) -> bytes:
    """A packet of Rspamd's answer as Postfix gets it."""
    if ours := letter == milter.REPLY_CODE and _OURS.fullmatch(data):
        return milter.packet(letter, ours[1] + ours[2])
    if by_user and letter in _REFUSED:
        later = letter == milter.TEMPORARY_FAILURE or (letter == milter.REPLY_CODE and data.startswith(b"4"))
        return milter.reply_code(_LATER if later else _SPAM)
    return milter.packet(letter, data)
