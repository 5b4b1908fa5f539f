"""`mailstack watch`: one look at everything."""

import time
from urllib.parse import urlsplit

from .. import handed_over, status
from ..errors import MailstackError
from ..progress import say
from . import (
    addresses,
    conditions,
    counters,
    daily,
    delivery,
    deployment,
    growth,
    https,
    measures,
    messages,
    settings,
    state,
)
from .conditions import CRITICAL, OK, WARNING, Seen
from .undelivered import Undelivered

# Checks that ask servers elsewhere, or that cost more with each mailbox: seconds between two looks, and while they are
# not well.
_SLOW = {"backup": 3600.0, "published": 3600.0, "mailboxes": 3600.0, "user filters": 3600.0}
_PERIODS = (
    _SLOW
    | {each.name: each.period for each in measures.MEASURES if each.period}
    | {each.name: daily.PERIOD for each in daily.DAILY}
)
_SLOW_AGAIN = 300.0
# Measures whose days are remembered, by their names there.
_GROWTH = {
    "users": "users",
    "memory use": "memory",
    "disk use": "disk",
    "queue length": "queue",
    "imap sessions": "imap",
}
# Told once a day: nothing is lost in the meantime.
_NEVER_CRITICAL = ("backup", "restore test", "upgrades")
_HEARTBEAT_SECONDS = 300.0
# A timer is not exact.
_HEARTBEAT_SLACK = 20.0
_HEARTBEAT_DEADLINE = 15.0


def run() -> None:
    """Looks, tells, and remembers. Quiet in a pause, during a deployment, and once the host has handed over."""
    wanted = settings.load()
    with state.one_at_a_time():
        known = state.load()
        now = time.time()
        if not (state.paused_until() or handed_over.mark() or deployment.under_way(known, now)):
            _look_and_tell(known, wanted, now)
        known.ran = time.time()
        state.save(known)
        # Last: it says that the whole run ended.
        if _beat(known, wanted):
            state.save(known)


def _look_and_tell(known: state.State, wanted: settings.Settings, now: float) -> None:
    later = {name: last for name, last in known.looked.items() if not _is_due(known, name, last, now)}
    entries = status.look(list(later))
    seen = [_seen(entry) for entry in entries]
    due = [each for each in measures.MEASURES if each.name not in later]
    values: dict[str, float] = {}
    seen += [found for each in due if (found := measures.look(each, known.conditions.get(each.name), values))]
    seen += [daily.look(each, wanted.hostname) for each in daily.DAILY if each.name not in later]
    _remember_day(known, values, now)
    known.looked = later | {each.check: now for each in seen if each.check in _PERIODS}
    # A service that the stack has given up.
    gone = [Seen(name, OK, "") for name in known.conditions if name not in {each.check for each in seen} | set(later)]
    well = {each.check for each in seen if each.level < CRITICAL}
    if "resolver" in well:
        _remember_addresses(known, wanted, now)
    changes = conditions.decide(known.conditions, [*seen, *gone], now)
    if changes:
        message = messages.compose(wanted.hostname, changes, known.conditions, now)
        say(f"alert: {message['subject']}")
        delivery.enqueue(known, wanted, message)
        # Before it is delivered: a run that is killed on the way must not forget it.
        state.save(known)
    delivery.deliver(known, wanted, well, now)


def _remember_day(known: state.State, values: dict[str, float], now: float) -> None:
    named = {_GROWTH[name]: value for name, value in values.items() if name in _GROWTH}
    try:
        growth.sample(known, named, counters.scanned(), now)
    except (OSError, ValueError, KeyError, MailstackError) as error:
        # Nobody waits for the history, but for the alerts.
        say(f"growth: {error}"[:150])


def _remember_addresses(known: state.State, wanted: settings.Settings, now: float) -> None:
    hosts = [urlsplit(url).hostname or "" for url in wanted.urls.values()]
    if wanted.sms:
        hosts.append(wanted.sms.host)
    domains = [address.rpartition("@")[2] for address in wanted.mail if not wanted.is_local(address)]
    # A channel that is new must not wait for its hour.
    if addresses.knows(hosts, domains, known.addresses) and 0 <= now - known.addresses_of < addresses.HOUR:
        return
    known.addresses = addresses.remembered(hosts, domains, known.addresses)
    known.addresses_of = now


def _is_due(known: state.State, name: str, last: float, now: float) -> bool:
    condition = known.conditions.get(name)
    period = _SLOW_AGAIN if condition else _PERIODS.get(name, 0)
    return not 0 <= now - last < period - _HEARTBEAT_SLACK


def _seen(entry: dict[str, object]) -> Seen:
    name = str(entry["check"])
    level = CRITICAL if not entry["ok"] else WARNING if entry["warn"] else OK
    return Seen(name, min(level, WARNING) if name in _NEVER_CRITICAL else level, str(entry["detail"]))


def _beat(known: state.State, wanted: settings.Settings) -> bool:
    url = wanted.urls.get("heartbeat-url", "")
    now = time.time()
    if not url or 0 <= now - known.heartbeat < _HEARTBEAT_SECONDS - _HEARTBEAT_SLACK:
        return False
    problem = ""
    try:
        https.request(url, known.addresses, time.monotonic() + _HEARTBEAT_DEADLINE)
        known.heartbeat = now
    except Undelivered as error:
        problem = str(error)
    delivery.note(known, "heartbeat", problem, now)
    return True
