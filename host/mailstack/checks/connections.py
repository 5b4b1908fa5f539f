"""The limits of connections for each client."""

import json

from ..programs import run
from .bad import TIMEOUT, Bad

_TABLE = "mailstack"


def limited(_name: str) -> str:
    """The kernel has the rules, and sends every new connection through them."""
    answer = run(["nft", "--json", "list", "table", "inet", _TABLE], TIMEOUT)
    if answer.code != 0:
        raise Bad("one client may take every connection; `systemctl restart mailstack-connections`")
    parts = json.loads(answer.out)["nftables"]
    hooks = [part["chain"].get("hook") for part in parts if "chain" in part]
    limits = [part for part in parts if "rule" in part and "jump" in json.dumps(part["rule"])]
    if not {"input", "output"} <= set(hooks) or not limits:
        raise Bad("the rules are not those of this host; `systemctl restart mailstack-connections`")
    return f"limited in {len(limits)} groups of ports"
