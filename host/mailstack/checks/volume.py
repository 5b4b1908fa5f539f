"""The volume that mail is on."""

import os

from ..paths import MAIL, on_host
from .bad import Bad
from .host import room


def used(_name: str) -> str:
    """Mail is on its volume, and there is room."""
    if not os.path.ismount(on_host(MAIL)):
        raise Bad("is not mounted: mail waits in the queue; attach it, then `systemctl restart dovecot`")
    text = room(MAIL, "; raise mailstack:volumeGb")
    old = f"{MAIL}.before-volume"
    return f"{text}; remove {old} when you miss nothing" if os.path.isdir(on_host(old)) else text
