"""Who deployed this host, and what is beside it: fail2ban never bans these (templates/fail2ban, `ignorecommand`)."""

import contextlib
import ipaddress
import os

from .atomic_file import replace
from .paths import DEPLOYERS, STATE, on_host
from .safe_path import make_directories

# A deployer at home or on the road changes addresses, and another person may get the old one.
_KEPT = 5
_OWN = "/proc/net/if_inet6"


def remember() -> None:
    """Adds the address that this command's SSH session comes from. Nothing happens outside of SSH."""
    address = os.environ.get("SSH_CLIENT", "").split(" ")[0]
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return
    known = load()
    if known[-1:] == [address]:
        return
    known = [*(each for each in known if each != address), address][-_KEPT:]
    make_directories(on_host(STATE))
    replace(on_host(DEPLOYERS), "".join(f"{each}\n" for each in known).encode(), 0o644)


def is_near(network: str) -> bool:
    """Whether one of them, or this host itself, has an address in this /64.

    A provider may put all the hosts of a data centre into one /64: there it is not one client.

    :param network: as fail2ban's filter finds it, the first half of the address: `2001:db8:1:2:`, or `2001:db8:` where
        zeros at its end are left out
    """
    try:
        wanted = ipaddress.IPv6Network(f"{network}:/64")
    except ValueError:
        return False
    with contextlib.suppress(FileNotFoundError), open(on_host(_OWN), encoding="ascii") as file:
        own = [ipaddress.IPv6Address(int(line.split()[0], 16)) for line in file]
        if any(address in wanted for address in own):
            return True
    return any(ipaddress.ip_address(address) in wanted for address in load())


def load() -> list[str]:
    """The addresses, the latest one last."""
    try:
        with open(on_host(DEPLOYERS), encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []
