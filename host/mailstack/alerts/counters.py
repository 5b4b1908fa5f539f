"""What the daemons and the accounts say of themselves, for growth."""

import csv
import http.client
import json

from ..accounts.database import opened
from ..apply import manifest
from ..paths import on_host
from ..programs import run
from ..rspamd_controller import SOCKET, ask

_SECONDS = 10.0
# What users find in Junk or never see. Greylisted mail comes again, and is counted then.
_SPAM = ("reject", "rewrite subject", "add header")
# sysexits.h EX_NOUSER, as doveadm uses it: nobody is logged in.
_NOBODY = 68


def users() -> int | None:
    """Mailboxes in use. None before the accounts are there."""
    applied = next((each for each in manifest.load_all() if each.accounts), None)
    if applied is None or applied.accounts is None:
        return None
    with opened(applied.accounts.database) as accounts:
        return int(accounts.execute("SELECT COUNT(*) FROM users WHERE active = 1").fetchone()[0])


def imap_sessions() -> int | None:
    """None while Dovecot does not say: that is a check of its own."""
    answer = run(["doveadm", "-f", "tab", "who"], _SECONDS)
    if answer.code == _NOBODY:
        return 0
    if answer.code != 0:
        return None
    # One line for each user and protocol; the protocol's column is `proto` in Dovecot 2.3 and `service` in 2.4.
    lines = csv.DictReader(answer.out.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return sum(int(line["#"]) for line in lines if (line.get("proto") or line.get("service")) == "imap")


def scanned(controller: str = SOCKET) -> dict[str, int] | None:
    """Messages that Rspamd has looked at, and those of them that it took for spam. None while it does not say."""
    if not any(applied.service == "rspamd" for applied in manifest.load_all()):
        return None
    try:
        status, said = ask(on_host(controller), _SECONDS, "GET", "/stat")
    except (OSError, http.client.HTTPException):
        return None
    if status != 200:
        return None
    try:
        actions = {str(name): int(number) for name, number in json.loads(said)["actions"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return {"scanned": sum(actions.values()), "spam": sum(actions.get(each, 0) for each in _SPAM)}
