"""Room in the mailboxes."""

import socket

from ..programs import run
from .bad import TIMEOUT, Bad

_POLICY = "/var/spool/postfix/private/mailbox-quota"
_FULL = 80
_LOOK = 3
# Exit status of timeout(1) when the time was over.
_ENDED = 124


def policy(name: str, path: str = _POLICY) -> str:
    """Postfix gets an answer at RCPT; without one it takes mail that then bounces."""
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as lines:
        connection.settimeout(TIMEOUT)
        connection.connect(path)
        connection.sendall(f"request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=root@{name}\n\n".encode())
        said = lines.readline().decode("utf-8", "replace").strip()
    if said != "action=DUNNO":
        raise Bad(f"answers {said[:60]!r} about root@{name}")
    return "answers at RCPT"


def usage(_name: str) -> str:
    """The fullest mailboxes. Full ones are the users' business: they were told, and mail to them is refused."""
    # It tells one mailbox after the other, some hundreds a second.
    answer = run(["timeout", str(_LOOK), "doveadm", "-f", "tab", "quota", "get", "-A"], TIMEOUT)
    if answer.code == _ENDED and answer.out:
        return "the first " + summary(answer.out.rpartition("\n")[0])
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)) or f"doveadm ended with {answer.code}")
    return summary(answer.out)


def summary(table: str) -> str:
    """Doveadm's table in a few words: those who are at 80 percent or more, otherwise the fullest."""
    rows = [line.split("\t") for line in table.splitlines()]
    boxes = sorted((-int(row[5]), row[0]) for row in rows if len(row) == 6 and row[2] == "STORAGE")
    if not boxes:
        return "no mailboxes"
    shown = [box for box in boxes if -box[0] >= _FULL][:5] or boxes[:1]
    return f"{len(boxes)} mailboxes, fullest: " + ", ".join(f"{user} {-percent} %" for percent, user in shown)
