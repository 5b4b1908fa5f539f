"""Where the servers of the channels are. Remembered, so that an alert leaves while this host's resolver is dead."""

import socket
import sys

# As keys/world_dns.py.
sys.path.append("/usr/lib/python3/dist-packages")
_RESOLVER = "127.0.0.1"
_SECONDS = 4.0
# How old what is remembered may become while the resolver works.
HOUR = 3600.0


def of_host(name: str, known: dict[str, list[str]]) -> list[str]:
    """Its addresses. Raises OSError when nobody has ever known one."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        if known.get(name):
            return known[name]
        raise
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def mail_servers(domain: str, known: dict[str, list[str]]) -> list[str]:
    """Names of the servers that take its mail, the preferred one first; empty: it takes none (RFC 7505)."""
    import dns.exception
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [_RESOLVER]
    resolver.lifetime = _SECONDS
    try:
        found = sorted(resolver.resolve(domain, "MX"), key=lambda each: each.preference)
    except dns.resolver.NoAnswer:
        return [domain]
    except dns.exception.DNSException as error:
        if _mx(domain) in known:
            return known[_mx(domain)]
        raise OSError(f"no mail server of {domain} is known ({type(error).__name__})") from None
    names = [str(each.exchange).rstrip(".") for each in found]
    return [name for name in names if name]


def knows(hosts: list[str], domains: list[str], known: dict[str, list[str]]) -> bool:
    """Whether there is something to remember for all of these."""
    return all(name in known for name in [*hosts, *map(_mx, domains)])


def remembered(hosts: list[str], domains: list[str], known: dict[str, list[str]]) -> dict[str, list[str]]:
    """What is known of these, looked up anew where that is possible."""
    result: dict[str, list[str]] = {}
    for domain in domains:
        try:
            result[_mx(domain)] = mail_servers(domain, known)
        except OSError:
            continue
        hosts = [*hosts, *result[_mx(domain)]]
    for host in hosts:
        try:
            result[host] = of_host(host, known)
        except OSError:
            continue
    return result


def _mx(domain: str) -> str:
    return f"MX {domain}"
