"""The other mail exchanger of the domains: the primary seen from its backup, and the backup from its primary."""

import json
import os
import smtplib
import socket

from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Warn

# As components/services/postfix.ts names it.
FILE = "/usr/local/share/mailstack/backup-mx.json"


def primary(_name: str, port: int = 25) -> str:
    """Where mail is handed on to. That it is away is no fault of this host, which is there for that."""
    host = run(["postconf", "-h", "relay_transport"], TIMEOUT).out.strip().partition("[")[2].partition("]")[0]
    try:
        return f"{_greeting(host, host, port)} takes what waits here"
    except (OSError, smtplib.SMTPException) as error:
        raise Warn(f"{host} does not answer, mail for it waits here: {_words(error)}") from None


def backup(_name: str, port: int = 25) -> str:
    """Whoever is MX 20 answers, and has the name by which it is believed."""
    if not os.path.exists(on_host(FILE)):
        return "none"
    with open(on_host(FILE), encoding="utf-8") as file:
        known = json.load(file)
    name = known["hostname"]
    for address in (known["ipv4"], known["ipv6"]):
        if not address:
            continue
        try:
            reverse = socket.gethostbyaddr(address)[0].rstrip(".").lower()
        except OSError as error:
            raise Warn(
                f"{address} of {name} has no name in the DNS: {_words(error)}; its mail would be refused"
            ) from None
        if reverse != name:
            raise Warn(f"{address} is {reverse} in the DNS, and not {name}: what it hands on is judged as its own")
    try:
        return f"{_greeting(known['ipv4'], name, port)} answers"
    except (OSError, smtplib.SMTPException) as error:
        raise Warn(f"{name} does not answer: {_words(error)}") from None


def _greeting(address: str, name: str, port: int) -> str:
    with smtplib.SMTP(timeout=TIMEOUT) as session:
        code, banner = session.connect(address, port)
        greeted = banner.decode("ascii", "replace").split()[:1]
        if code != 220 or greeted != [name]:
            raise smtplib.SMTPException(f"it greets with {code} {' '.join(greeted)}")
    return name


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
