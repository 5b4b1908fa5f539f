"""Whether an `up` is at work: it restarts daemons, and looks at each of them itself."""

import os
import re

from ..paths import LOCK, on_host
from .state import State

_COMMANDS = re.compile(r"`mailstack (?:apply|packages|secrets|remove)\b.*\(pid (\d+)\)")
# Between two commands of an `up` there are calls of the provider and of the DNS.
_PAUSE_SECONDS = 60.0
# One that hangs, or never ends, does not keep the watch quiet for ever.
_LONGEST_SECONDS = 3600.0


def under_way(state: State, now: float) -> bool:
    """Whether a deployment has a command running, or has ended one just now."""
    if not _seen(now):
        state.deploying = 0
        return False
    if not 0 < state.deploying <= now:
        state.deploying = now
    return now - state.deploying <= _LONGEST_SECONDS


def _seen(now: float) -> bool:
    """The lock file (apply/lock.py) names its last holder. It is only read, so that nobody has to wait for it."""
    path = on_host(LOCK)
    try:
        with open(path, encoding="utf-8") as file:
            holder = _COMMANDS.search(file.read(300))
            taken = os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return False
    return holder is not None and (0 <= now - taken <= _PAUSE_SECONDS or _runs(holder[1]))


def _runs(process: str) -> bool:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            # Somebody else may have the number by now.
            return b"mailstack" in file.read()
    except (FileNotFoundError, ProcessLookupError):
        return False
