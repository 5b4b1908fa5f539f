"""What looks at mail beside Rspamd: other scanners where the stack has them, and the users' own filters."""

import re

from ..daemons.waiting_scripts import full_users
from ..programs import run
from .bad import TIMEOUT, Warn
from .bundled import ask

_FAILED = re.compile(r"^lmtp\(([^)]+)\).*: sieve: Execution of script .* failed")
_MOST_LINES = 200


def antivirus(_name: str) -> str:
    """ClamAV answers, and its signatures are new enough."""
    return ask("clamav-check")


def spamassassin(_name: str) -> str:
    """SpamAssassin answers."""
    return ask("spamassassin-check")


def _shown(users: list[str]) -> str:
    return ", ".join(users[:3]) + (", ..." if len(users) > 3 else "")


def of_users(_name: str) -> str:
    """No user's Sieve script failed within a day, or has sent too much.

    Where one fails, the mail is in INBOX, and nothing else tells the user.
    """
    journal = ["journalctl", "--quiet", "--no-pager", "--unit=dovecot.service", "--since=-24h", "--output=cat"]
    answer = run([*journal, f"--lines={_MOST_LINES}", "--grep=sieve: Execution of script .* failed"], TIMEOUT)
    # 1 without any other word: no such line. A journal that takes too long is no fault of the mail.
    if answer.code not in (0, 1):
        raise Warn(" ".join(answer.words(2)))
    users = sorted({found[1] for found in map(_FAILED.match, answer.out.splitlines()) if found})
    faults = []
    if users:
        faults.append(f"a filter of {_shown(users)} failed today; why is in .dovecot.sieve.log of the mailbox")
    if full := full_users():
        faults.append(f"a filter of {_shown(full)} has sent more than may leave within an hour, and mail waits for it")
    if faults:
        raise Warn("; ".join(faults))
    return "none of a user's failed today"
