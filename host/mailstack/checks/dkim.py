"""Signatures of what leaves. Without its key Rspamd lets mail go unsigned, and tells nobody but its log."""

import json

from ..keys.dkim import SIGNING, settings, signing, waiting
from ..keys.dkim_keys import problem
from ..keys.dkim_report import too_old
from ..programs import run
from ..rspamd_controller import SOCKET, ask
from .bad import TIMEOUT, Bad, Warn

_MESSAGE = "From: postmaster@{0}\r\nSubject: status\r\nMessage-ID: <status@{0}>\r\n\r\nstatus\r\n"


def signs(_name: str, controller: str = SOCKET) -> str:
    """Rspamd signs for each domain, and could still read the key after a restart; until then it remembers it."""
    keys = signing()
    if not settings().signing:
        return "no domain of its own"
    if not keys:
        raise Bad(f"{SIGNING} names no domain")
    for domain, key in ((name, each.path) for name, each in keys.items()):
        as_rspamd = ["setpriv", "--reuid=_rspamd", "--regid=_rspamd", "--clear-groups"]
        if run([*as_rspamd, "test", "-r", key], TIMEOUT).code != 0:
            raise Bad(f"Rspamd cannot read {key}: mail of {domain} leaves without a signature")
        if wrong := problem(key):
            raise Bad(wrong)
        if not _signature(domain, controller):
            raise Bad(f"mail of {domain} leaves without a signature; see journalctl -u rspamd")
    for other in (each.path for others in settings().others.values() for each in others):
        if wrong := problem(other):
            raise Bad(wrong)
    if aged := too_old():
        raise Warn(aged)
    waits = [f"{each.selector}._domainkey.{name}" for name, each in waiting().items()]
    return f"signs for {len(keys)} domains" + (f"; not yet in the DNS: {', '.join(waits)}" if waits else "")


def _signature(domain: str, controller: str) -> str:
    """The signature of a message that this host would send."""
    # Nothing else is looked at, so that nothing is learned or counted.
    symbols = {"symbols_enabled": ["SENDER_CHECK", "DKIM_SIGNED"]}
    only = {"Settings": json.dumps(symbols), "Flags": "no_log,no_stat"}
    # As Postfix names its own mail (components/services/doors.ts).
    envelope = {
        "IP": "127.0.0.1",
        "MTA-Name": "INTERNAL",
        "From": f"postmaster@{domain}",
        "Rcpt": f"postmaster@{domain}",
    }
    status, said = ask(controller, TIMEOUT, "POST", "/checkv2", _MESSAGE.format(domain), envelope | only)
    if status != 200:
        raise Bad(f"/checkv2: {status} {said[:60].decode('utf-8', 'replace')}")
    return str(json.loads(said).get("dkim-signature", ""))
