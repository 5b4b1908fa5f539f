"""The host's own firewall."""

import os

from ..firewall import PENDING
from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Bad


def closed(_name: str) -> str:
    """Both families of addresses are refused by default, and let in at the same ports."""
    if os.path.exists(on_host(PENDING)):
        raise Bad("new rules are in force, but not confirmed by a new connection")
    ports = {}
    for program, chain in (("iptables", "ufw-user-input"), ("ip6tables", "ufw6-user-input")):
        answer = run([program, "-w", "2", "-S"], TIMEOUT)
        lines = answer.out.splitlines()
        if answer.code != 0:
            raise Bad(" ".join(answer.words(2)))
        if "-P INPUT DROP" not in lines or f"-N {chain}" not in lines:
            raise Bad(f"{program} lets in what no rule names; `ufw status`")
        rules = [line.split() for line in lines if line.startswith(f"-A {chain} ")]
        ports[program] = {rule[rule.index("--dport") + 1] for rule in rules if "--dport" in rule}
    # SSH may be open to addresses of one family only, and IPv6 may be off.
    if ports["ip6tables"] and ports["iptables"] - {"22"} != ports["ip6tables"] - {"22"}:
        raise Bad("IPv4 and IPv6 are open at different ports")
    return f"{len(ports['iptables'] | ports['ip6tables'])} ports open, all else refused"
