"""Whether the DNS shows a key: every server of the zone, past all caches."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from ..errors import MailstackError
from .dkim_keys import record
from .world_dns import ask_server, zone_of

_AT_ONCE = 16
_PAUSE = 2.0


def record_name(domain: str, selector: str) -> str:
    """Where receivers look for the key."""
    return f"{selector}._domainkey.{domain}"


def absent(domain: str, selector: str, path: str) -> str | None:
    """Why receivers may not find the key, in a few words; None when every server has its record."""
    try:
        public = record(path)
        servers = zone_of(domain).servers
    except FileNotFoundError:
        return "there is no such key on this host"
    except MailstackError as error:
        return error.message
    if not servers:
        return f"{domain} has no name server"
    name = record_name(domain, selector)
    for server in servers:
        there = ask_server(server, name, "TXT")
        if there is None:
            return f"{server} does not answer"
        if there != [public]:
            return f"{server} has another key" if there else f"{server} does not have it"
    return None


def absences(keys: Iterable[tuple[str, str, str]], seconds: float = 0) -> dict[tuple[str, str], str]:
    """The same of many keys (domain, selector, path), by domain and selector; looks again for as long as that."""
    ends = time.monotonic() + seconds
    left = list(keys)
    while True:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(zip(left, pool.map(lambda key: absent(*key), left), strict=True))
        left = [key for key, why in found if why]
        if not left or time.monotonic() >= ends:
            return {key[:2]: why for key, why in found if why}
        time.sleep(_PAUSE)
