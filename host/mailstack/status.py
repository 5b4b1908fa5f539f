"""`mailstack status`: whether the services work, as their users meet them."""

import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import handed_over
from .apply import manifest
from .checks import CHECKS, Check
from .checks.bad import Bad, Warn
from .programs import run


def look(without: list[str]) -> list[dict[str, Any]]:
    """One entry per check of what is installed, but those: `check`, `ok`, `warn`, `detail`."""
    here = {applied.service for applied in manifest.load_all()}
    wanted = [
        (name, check)
        for name, services, check in CHECKS
        if name not in without and (not services or here & set(services))
    ]
    mail_name = _mail_name(here)
    with ThreadPoolExecutor(len(wanted)) as pool:
        found = list(pool.map(lambda entry: _one(entry[0], entry[1], mail_name), wanted))
    return [*_no_more_at_work(), *found]


def _no_more_at_work() -> list[dict[str, Any]]:
    """Why nearly all else is bad, on a host that has handed over."""
    if handed_over.mark() is None:
        return []
    return [_entry("handed over", False, "this host's work is handed over; `mailstack backup resume` takes it back")]


def _one(name: str, check: Check, mail_name: str) -> dict[str, Any]:
    try:
        return _entry(name, True, check(mail_name))
    except Warn as problem:
        return _entry(name, True, str(problem), warn=True)
    except Bad as problem:
        return _entry(name, False, str(problem))
    except (OSError, smtplib.SMTPException) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        return _entry(name, False, " ".join(words.split())[:150])


def _entry(name: str, ok: bool, detail: str, warn: bool = False) -> dict[str, Any]:
    return {"check": name, "ok": ok, "warn": warn, "detail": detail}


def _mail_name(here: set[str]) -> str:
    """The name that clients use and the certificate is for."""
    if here & {"postfix", "relay"}:
        answer = run(["postconf", "-h", "myhostname"], 3)
        if answer.code == 0 and answer.out.strip():
            return answer.out.strip()
    return socket.getfqdn()
