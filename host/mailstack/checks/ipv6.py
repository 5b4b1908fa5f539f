"""The host over IPv6."""

import socket

from ..programs import run
from .bad import TIMEOUT, Bad


def smtp(name: str) -> str:
    """Where the host's name leads by IPv6, this host answers. Other servers try such an address first."""
    if run(["postconf", "-h", "inet_protocols"], TIMEOUT).out.strip() == "ipv4":
        return "off"
    try:
        found = socket.getaddrinfo(name, 25, socket.AF_INET6, socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise Bad(f"{name} has no IPv6 address in the DNS: {error.strerror}") from None
    addresses = sorted({str(each[4][0]) for each in found})
    for address in addresses:
        with socket.socket(socket.AF_INET6) as own:
            try:
                own.bind((address, 0))
            except OSError:
                raise Bad(f"{name} leads to {address}, which is not this host's") from None
        with socket.create_connection((address, 25), TIMEOUT) as session:
            greeting = session.recv(512).decode("ascii", "replace").strip()
            if not greeting.startswith("220"):
                raise Bad(f"{address} greets with {greeting[:40]!r}")
    return f"{addresses[-1]}, SMTP answers"
