"""The host's clock: certificates, signatures and logins are judged by it."""

import time

from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Bad

# The first answer of a time server takes a while, and a network may be slow to come up.
_PATIENCE_SECONDS = 900


def right(_name: str) -> str:
    """It is set by NTP, or it is that of the machine around this container."""
    if run(["systemd-detect-virt", "--quiet", "--container"], TIMEOUT).code == 0:
        return "that of the machine around this container"
    answer = run(["timedatectl", "show", "--property=NTPSynchronized", "--value"], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)))
    if answer.out.strip() == "yes":
        return "set by NTP"
    with open(on_host("/proc/uptime"), encoding="ascii") as file:
        up = float(file.read().split()[0])
    if up > _PATIENCE_SECONDS:
        raise Bad(f"not set by NTP since the boot {up / 3600:.0f} h ago; `timedatectl timesync-status`")
    return f"not set by NTP yet; it is {time.strftime('%H:%M:%S UTC', time.gmtime())}"
