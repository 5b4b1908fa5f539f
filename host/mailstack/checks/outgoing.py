"""Whether mail can leave: see mailstack/outgoing.py."""

import os
import time

from ..atomic_file import private_directory, replace
from ..errors import MailstackError
from ..outgoing import load, probe, refused_logins, talk
from ..paths import on_host
from .bad import Bad, Warn

# Nobody's server is asked each minute: an open port is believed for a while.
_OPEN = "/run/mailstack/port-25-open"
_SECONDS = 600


def port_25(_name: str) -> str:
    """Whether the provider lets this host reach other mail servers. If not, mail waits until a person acts."""
    known = load()
    if known is None or not known.probe_domain:
        return "off"
    if known.relay and not known.relay.domains:
        return f"not needed: all mail goes to {known.relay}"
    if _seen(known.probe_domain):
        return f"open, as seen at {known.probe_domain}"
    try:
        server = probe(known.probe_domain, known.ipv6)
    except MailstackError as error:
        raise Warn(error.message) from None
    private_directory(on_host(os.path.dirname(_OPEN)))
    replace(on_host(_OPEN), known.probe_domain.encode(), 0o600)
    return f"open: {server} answers"


def _seen(domain: str) -> bool:
    path = on_host(_OPEN)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read() == domain and time.time() - os.stat(path).st_mtime < _SECONDS
    except FileNotFoundError:
        return False


def relay(name: str) -> str:
    """It can be reached, is who it must be, and takes the login of the mail that was last sent to it."""
    known = load()
    if known is None or known.relay is None:
        return "off"
    try:
        text = talk(known.relay, name)
    except MailstackError as error:
        raise Bad(error.message) from None
    if refused := refused_logins():
        raise Bad(f"{known.relay} {refused}")
    return f"{text}, for {', '.join(known.relay.domains) or 'all mail'}"
