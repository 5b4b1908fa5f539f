"""Whether others list the host's addresses or domains as senders of spam (RFC 5782).

Lists refuse questions of large resolvers and of who asks too much, by an answer that looks like a listing. So only the
codes count that a list documents for a listing, and only of a list that knows its own test entry and does not list
what nobody may list. All else is "not answered", which is not "clean".
"""

import ipaddress
from dataclasses import dataclass

from ..errors import MailstackError
from .findings import Question, Unanswered, look_up


@dataclass(frozen=True)
class BlockList:
    """A list, which of its codes mean a listing, and where to ask for removal."""

    zone: str
    first: str
    last: str
    # One that is always listed, and one that never is.
    listed: str
    never: str
    page: str
    ipv6: bool = False

    def lists(self, code: str) -> bool:
        """Whether the code is one of a listing."""
        low, high = ipaddress.IPv4Address(self.first), ipaddress.IPv4Address(self.last)
        return low <= ipaddress.IPv4Address(code) <= high


_SPAMHAUS = "https://check.spamhaus.org/"
_ADDRESSES = (
    BlockList("zen.spamhaus.org", "127.0.0.2", "127.0.0.11", "2.0.0.127", "1.0.0.127", _SPAMHAUS, ipv6=True),
    BlockList("bl.spamcop.net", "127.0.0.2", "127.0.0.2", "2.0.0.127", "1.0.0.127", "https://www.spamcop.net/bl.shtml"),
)
_DOMAINS = (BlockList("dbl.spamhaus.org", "127.0.1.2", "127.0.1.254", "dbltest.com", "example.com", _SPAMHAUS),)


def questions(addresses: list[str], domains: list[str]) -> list[Question]:
    """Each address and each domain at each list."""
    asked = [
        *(
            (each, _reversed(each), known)
            for known in _ADDRESSES
            for each in addresses
            if known.ipv6 or ":" not in each
        ),
        *((each, each, known) for known in _DOMAINS for each in domains),
    ]
    return [
        Question(f"{known.zone} {subject}", lambda name=name, known=known: judge(known, name))
        for subject, name, known in asked
    ]


def judge(known: BlockList, name: str) -> str:
    """`name` is what stands before the list's own."""
    codes = look_up(f"{name}.{known.zone}", "A")
    if any(known.lists(code) for code in codes):
        _trust(known)
        raise MailstackError(
            f"listed ({' '.join(codes)}): find out why and stop it, then ask for removal: {known.page}"
        )
    if codes:
        raise Unanswered(f"not answered: {' '.join(codes)} is a refusal, ask at {known.page}")
    _trust(known)
    return "not listed"


def _trust(known: BlockList) -> None:
    """A list without its test entry does not answer this host; one that lists everything is no list any more."""
    if not any(known.lists(code) for code in look_up(f"{known.listed}.{known.zone}", "A")):
        raise Unanswered(f"not answered: it does not know its own test entry, ask at {known.page}")
    if look_up(f"{known.never}.{known.zone}", "A"):
        raise Unanswered(f"not answered: it lists {known.never} too, ask at {known.page}")


def _reversed(address: str) -> str:
    """As it stands before the name of a list."""
    plain = ipaddress.ip_address(address)
    return plain.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
