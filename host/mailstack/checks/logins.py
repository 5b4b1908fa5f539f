"""Whether Dovecot would learn that an account is locked out: without an answer it lets everybody try for ever."""

from ..daemons.login_policy_client import ask, lockout_is_on
from .bad import TIMEOUT


def policy(_name: str) -> str:
    """The login policy answers, and who is locked out."""
    if not lockout_is_on():
        return "no lockout, as configured"
    locks = ask("locks", timeout=TIMEOUT)["locks"]
    return f"{len({entry['login'] for entry in locks})} accounts locked out"
