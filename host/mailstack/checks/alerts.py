"""Whether people would hear of a fault."""

import time

from ..alerts import messages, state
from ..paths import on_host
from .bad import Bad

# The watch runs each minute.
_LATE_SECONDS = 900.0


def told(_name: str) -> str:
    """The watch has run of late, and every channel took what it was given."""
    known = state.load()
    if known.failing:
        words = [f"{name}: {each['message']}" for name, each in known.failing.items()]
        raise Bad("not delivered: " + "; ".join(words))
    now = time.time()
    with open(on_host("/proc/uptime"), encoding="ascii") as file:
        up = float(file.read().split()[0])
    if known.ran and now - known.ran > _LATE_SECONDS and up > _LATE_SECONDS:
        raise Bad(
            f"the last run was {messages.duration(now - known.ran)} ago; `systemctl status mailstack-watch.timer`"
        )
    until = state.paused_until()
    if until:
        return f"paused until {messages.iso(until)}"
    if not known.ran:
        return "the first run is due soon"
    raised = sum(one.told > 0 for one in known.conditions.values())
    return f"{raised} told and not over" if raised else "nothing to tell"
