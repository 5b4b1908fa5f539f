"""What is asked about deliverability, what is found, and where answers come from."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import MailstackError
from ..keys.world_dns import resolver

OK, BAD, UNKNOWN = "ok", "BAD", "?"
_SECONDS = 5.0


@dataclass
class Finding:
    """One line of the report."""

    subject: str
    mark: str
    text: str


@dataclass
class Question:
    """`ask` returns what is well, or raises MailstackError with what is not and what to do."""

    subject: str
    ask: Callable[[], str]


class Unanswered(MailstackError):
    """Nobody knows: what was asked gave no answer that counts."""


def look_up(name: str, kind: str) -> list[str]:
    """The records of a name by the host's own resolver, as text; none is an answer too."""
    import dns.exception
    import dns.resolver

    try:
        found = resolver(_SECONDS).resolve(name, kind)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise Unanswered(f"the DNS does not answer for {name} {kind} ({type(error).__name__})") from None
    texts = (b"".join(each.strings).decode("utf-8", "replace") if kind == "TXT" else each.to_text() for each in found)
    return sorted(texts)


def own_addresses(name: str) -> list[str]:
    """Where the host's name leads in the DNS, IPv4 first."""
    return [*look_up(name, "A"), *look_up(name, "AAAA")]


def is_here(address: str) -> bool:
    """Whether the address is this host's."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.bind((address, 0))
        except OSError:
            return False
    return True
