"""Addresses that are shut out."""

import ast

from ..programs import run
from .bad import TIMEOUT, Bad


def kept(_name: str) -> str:
    """fail2ban watches, and the kernel refuses every address that it has banned."""
    answer = run(["fail2ban-client", "banned"], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)) or f"fail2ban-client ended with {answer.code}")
    jails: dict[str, list[str]] = {}
    for each in ast.literal_eval(answer.out.strip()):
        jails |= each
    if not jails:
        raise Bad("no jail is watched")
    banned = {address for addresses in jails.values() for address in addresses}
    if banned:
        rules = run(["nft", "list", "table", "inet", "f2b-table"], TIMEOUT)
        refused = set(rules.out.replace(",", " ").split())
        # A network goes by its first half there.
        free = sorted(each for each in banned if (f"{each}:/64" if each.endswith(":") else each) not in refused)
        if free:
            raise Bad(f"{free[0]} is banned, but the kernel lets it in")
    networks = sum(each.endswith(":") for each in banned)
    return f"{len(jails)} jails, {len(banned) - networks} addresses and {networks} networks shut out"
