"""What the world's DNS says, asked of the servers of a zone: past every cache, also the one of this host."""

import sys
from dataclasses import dataclass, field
from typing import Any

from ..errors import MailstackError

# The program runs without Debian's Python packages, to start fast. dnspython is the one that it needs, and only here.
sys.path.append("/usr/lib/python3/dist-packages")
HERE = "127.0.0.1"
_SECONDS = 2.0


@dataclass
class Zone:
    """The servers of the zone that a domain is in."""

    servers: list[str] = field(default_factory=list)


def zone_of(domain: str) -> Zone:
    """Raises MailstackError when nobody knows the domain."""
    import dns.exception
    import dns.name
    import dns.resolver

    own = resolver()
    try:
        name = dns.resolver.zone_for_name(dns.name.from_text(domain), resolver=own)
        servers = sorted(str(each.target) for each in own.resolve(name, "NS"))
        found = [address for server in servers for address in _addresses(own, server)]
    except dns.exception.DNSException as error:
        raise MailstackError(f"the DNS does not tell who serves {domain}: {type(error).__name__}") from None
    # A host without IPv6 reaches no server by it.
    return Zone([each for each in found if ":" not in each] or found)


def ask(zone: Zone, name: str, kind: str) -> list[str]:
    """The records of the first server that answers, as text; of TXT records the whole value."""
    for server in zone.servers:
        found = ask_server(server, name, kind)
        if found is not None:
            return found
    raise MailstackError(f"no server of the zone answers for {name}")


def ask_server(server: str, name: str, kind: str) -> list[str] | None:
    """As `ask`, of one server; None: it does not answer."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.query
    import dns.rcode
    import dns.rdatatype

    question = dns.message.make_query(name, kind)
    question.flags &= ~dns.flags.RD
    try:
        answer, _ = dns.query.udp_with_fallback(question, server, timeout=_SECONDS)
    except (dns.exception.DNSException, OSError):
        return None
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    wanted = dns.rdatatype.from_text(kind)
    return sorted(_text(each) for rrset in answer.answer if rrset.rdtype == wanted for each in rrset)


def _text(record: Any) -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    return (
        str(record.to_text()).lower() if hasattr(record, "target") or hasattr(record, "exchange") else record.to_text()
    )


def resolver(seconds: float = 2 * _SECONDS) -> Any:
    """The one of this host, which has a time for each answer."""
    import dns.resolver

    made = dns.resolver.Resolver(configure=False)
    made.nameservers = [HERE]
    made.lifetime = seconds
    return made


def _addresses(own: Any, server: str) -> list[str]:
    import dns.resolver

    found = []
    for kind in ("A", "AAAA"):
        try:
            found += [str(each) for each in own.resolve(server, kind)]
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            continue
    return found
