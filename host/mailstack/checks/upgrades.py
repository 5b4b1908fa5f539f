"""Security updates that install themselves."""

import os
import time

from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Bad, Warn

_TIMER = "apt-daily-upgrade.timer"
_STAMP = "/var/lib/apt/periodic/unattended-upgrades-stamp"
_REBOOT = "/run/reboot-required"
# Written by unattended-upgrades where it left something as it is.
_HELD = "/var/lib/unattended-upgrades/kept-back"
_TOO_OLD_DAYS = 8
_DAY = 86400


def nightly(_name: str) -> str:
    """They are looked for each night, and were of late."""
    if run(["systemctl", "--quiet", "is-active", _TIMER], TIMEOUT).code != 0:
        raise Bad(f"{_TIMER} does not run: nothing is upgraded")
    try:
        last = time.time() - os.stat(on_host(_STAMP)).st_mtime
    except FileNotFoundError:
        text = "first run to come"
    else:
        if last > _TOO_OLD_DAYS * _DAY:
            raise Bad(f"last run {last / _DAY:.0f} days ago; /var/log/unattended-upgrades")
        text = f"last run {last / 3600:.0f} h ago"
    if os.path.exists(on_host(_HELD)):
        with open(on_host(_HELD), encoding="utf-8") as file:
            held = file.read().split()
        raise Warn(f"security updates are held back: {' '.join(held)}; `unattended-upgrade --debug` says why")
    # No failure: the services work, and each deployment asks for a healthy host.
    return f"{text}; the host must be rebooted" if os.path.exists(on_host(_REBOOT)) else text
