"""Who has deployed this host: fail2ban never bans these addresses (templates/fail2ban, `ignorecommand`)."""

import ipaddress
import os

from .durable import replace
from .paths import DEPLOYERS, STATE, on_host
from .safe_path import make_directories

# A deployer at home or on the road changes addresses, and another person may get the old one.
_KEPT = 5


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


def load() -> list[str]:
    """The addresses, the latest one last."""
    try:
        with open(on_host(DEPLOYERS), encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []
