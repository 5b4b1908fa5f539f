"""The volume that mail is on."""

import os
import shutil

from ..paths import on_host
from .bad import Bad

_MIB = 1024 * 1024
# As for the host's own disk: the warning before it is full.
_FREE_MIB = 1024
MAIL = "/var/vmail"


def used(_name: str) -> str:
    """Mail is on its volume, and there is room."""
    if not os.path.ismount(on_host(MAIL)):
        raise Bad("is not mounted: mail waits in the queue; attach it, then `systemctl restart dovecot`")
    usage = shutil.disk_usage(on_host(MAIL))
    text = f"{usage.free // _MIB} MiB free of {usage.total // _MIB}"
    if usage.free // _MIB < _FREE_MIB:
        raise Bad(f"{text}; raise mailstack:volumeGb")
    old = f"{MAIL}.before-volume"
    return f"{text}; remove {old} when you miss nothing" if os.path.isdir(on_host(old)) else text
