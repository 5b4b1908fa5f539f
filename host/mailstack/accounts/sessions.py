"""Sessions of users that run now."""

from ..errors import MailstackError
from ..programs import run

# sysexits.h EX_NOUSER, as doveadm uses it: nobody is logged in.
_NOBODY = 68


def end_sessions(address: str) -> None:
    """Ends the user's IMAP and POP3 sessions. SMTP sessions ask for each message whether the sender may send."""
    result = run(["doveadm", "kick", address], 30)
    if result.code not in (0, _NOBODY):
        raise MailstackError(f"the running sessions of {address} could not be ended", result.words(3))
