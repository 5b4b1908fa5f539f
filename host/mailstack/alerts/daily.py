"""What is looked at once a day: it asks servers elsewhere, or changes by somebody's hand only."""

from collections.abc import Callable
from dataclasses import dataclass

from .. import deliverability
from ..apply import verify
from ..deliverability.findings import BAD
from ..errors import MailstackError
from .conditions import OK, WARNING, Seen

PERIOD = 86400.0
# Of a list, as many as a text message holds; the command shows them all.
_SHOWN = 3


@dataclass(frozen=True)
class Daily:
    """Its faults, for the host of this name, and where to read more."""

    name: str
    faults: Callable[[str], list[str]]
    more: str


def look(daily: Daily, hostname: str) -> Seen:
    """A warning that names them, if there are any."""
    try:
        found = daily.faults(hostname)
    except (OSError, ValueError, KeyError, MailstackError) as error:
        return Seen(daily.name, WARNING, f"cannot be looked at: {error}"[:150])
    if not found:
        return Seen(daily.name, OK, "")
    rest = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Seen(daily.name, WARNING, f"{'; '.join(found[:_SHOWN])}{rest}; {daily.more}")


def _changes(_hostname: str) -> list[str]:
    # Without the lock of deployments: the watch is quiet while one is at work, and the lock's time says when it ended.
    return [f"{each['subject']} {each['problem']}" for each in verify.drift([])]


def _reputation(hostname: str) -> list[str]:
    return [f"{each.subject}: {each.text}" for each in deliverability.look(hostname) if each.mark == BAD]


DAILY = (
    Daily("changes by hand", _changes, "`mailstack verify` shows them, `pulumi up` undoes them"),
    Daily("deliverability", _reputation, "`mailstack deliverability` shows all of it"),
)
