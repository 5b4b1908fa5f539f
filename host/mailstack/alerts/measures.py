"""What fills up slowly: values with two limits each, which are lower on the way back."""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from os import statvfs
from os.path import ismount

from ..errors import MailstackError
from ..paths import MAIL, on_host
from ..programs import run
from . import counters, growth
from .busy_sender import busiest
from .conditions import CRITICAL, OK, WARNING, Condition, Seen

_SECONDS = 10.0
_OLD = 4 * 3600.0
_DAY = 86400.0
_BANS = "/var/lib/fail2ban/fail2ban.sqlite3"
# systemd's message that the kernel has killed a process of a unit for want of memory (SD_MESSAGE_UNIT_OUT_OF_MEMORY).
_KILLED = "MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef"


@dataclass(frozen=True)
class Limit:
    """Reached at `over`; left again below `under`."""

    level: int
    over: float
    under: float


@dataclass(frozen=True)
class Measure:
    """A value, and the words for it; None where the host has no such thing."""

    name: str
    value: Callable[[], tuple[float, str] | None]
    limits: tuple[Limit, ...]
    # Seconds between two looks; 0: each run.
    period: float = 0


def look(measure: Measure, known: Condition | None, values: dict[str, float] | None = None) -> Seen | None:
    """What it is now, seen from what was told of it. Its number goes into `values`."""
    try:
        found = measure.value()
    except (OSError, ValueError, KeyError, sqlite3.Error, MailstackError) as error:
        return Seen(measure.name, WARNING, f"cannot be measured: {error}"[:150])
    if found is None:
        return None
    value, words = found
    if values is not None:
        values[measure.name] = value
    told = known.told if known else OK
    reached = [each.level for each in measure.limits if value >= (each.under if told >= each.level else each.over)]
    return Seen(measure.name, max(reached, default=OK), words)


def _queue() -> tuple[float, str] | None:
    waiting = _queued()
    return None if waiting is None else (len(waiting), f"{len(waiting)} messages wait in the queue; `postqueue -p`")


def _old() -> tuple[float, str] | None:
    # One or two of these are dead addresses, which every server has.
    waiting = _queued()
    if waiting is None:
        return None
    late = [when for when in waiting if time.time() - when > _OLD]
    return len(late), f"{len(late)} messages have waited for more than {_OLD / 3600:.0f} h; `postqueue -p` says why"


def _queued() -> list[float] | None:
    """When each message of the queue came. Nothing while Postfix does not say: that is a check of its own."""
    answer = run(["postqueue", "-j"], _SECONDS)
    if answer.code != 0:
        return None
    return [float(json.loads(line)["arrival_time"]) for line in answer.out.splitlines()]


def _folders() -> list[str]:
    return ["/", *([MAIL] if ismount(on_host(MAIL)) else [])]


def _disk() -> tuple[float, str]:
    used = {}
    for folder in _folders():
        usage = shutil.disk_usage(on_host(folder))
        # As df: what only root may use counts for nobody.
        used[folder] = 100 * usage.used / max(usage.used + usage.free, 1)
    folder = max(used, key=lambda each: used[each])
    return used[folder], f"{used[folder]:.0f} % of the disk of {folder} is used"


def _inodes() -> tuple[float, str]:
    used = {}
    for folder in _folders():
        there = statvfs(on_host(folder))
        # Some file systems have no fixed number.
        used[folder] = 100 * (1 - there.f_favail / there.f_files) if there.f_files else 0
    folder = max(used, key=lambda each: used[each])
    return used[folder], f"{used[folder]:.0f} % of the files that the disk of {folder} can hold are there"


def _memory() -> tuple[float, str]:
    with open(on_host("/proc/meminfo"), encoding="ascii") as file:
        numbers = {line.split(":")[0]: int(line.split()[1]) for line in file}
    used = 100 * (1 - numbers["MemAvailable"] / numbers["MemTotal"])
    return used, f"{used:.0f} % of the memory is used"


def _killed() -> tuple[float, str]:
    answer = run(["journalctl", "--quiet", "--no-pager", "--output=json", "--since=-30min", _KILLED], _SECONDS)
    if answer.code not in (0, 1):
        raise ValueError(" ".join(answer.words(2)))
    units = [json.loads(line).get("UNIT", "a unit") for line in answer.out.splitlines() if line.startswith("{")]
    named = ", ".join(dict.fromkeys(str(each) for each in units))
    return len(units), f"the kernel killed processes for want of memory: {named}" if units else "none"


def _bans() -> tuple[float, str] | None:
    try:
        with closing(sqlite3.connect(f"file:{on_host(_BANS)}?mode=ro", uri=True, timeout=_SECONDS)) as database:
            query = "SELECT COUNT(DISTINCT ip) FROM bans WHERE timeofban > ?"
            number = int(database.execute(query, (time.time() - _DAY,)).fetchone()[0])
    except sqlite3.OperationalError:
        # fail2ban has not made it yet; whether it runs is a check of its own.
        return None
    return number, f"{number} addresses were banned within a day; `fail2ban-client banned`"


def _users() -> tuple[float, str] | None:
    number = counters.users()
    return None if number is None else (number, f"{number} users; `mailstack growth`")


def _sessions() -> tuple[float, str] | None:
    number = counters.imap_sessions()
    return None if number is None else (number, f"{number} sessions of IMAP; `mailstack growth`")


def _spam() -> tuple[float, str] | None:
    found = growth.yesterday_spam(time.time())
    if found is None:
        # Whether there was too little mail or none was counted: there is nothing to tell.
        return None
    share, number = found
    return share, f"{share:.0f} % of yesterday's {number:.0f} messages were spam; `mailstack growth`"


MEASURES = (
    Measure("queue length", _queue, (Limit(WARNING, 101, 80), Limit(CRITICAL, 1001, 800))),
    Measure("old mail", _old, (Limit(WARNING, 20, 10),)),
    Measure("disk use", _disk, (Limit(WARNING, 70, 67), Limit(CRITICAL, 90, 87))),
    Measure("inodes", _inodes, (Limit(WARNING, 80, 77), Limit(CRITICAL, 90, 87))),
    Measure("memory use", _memory, (Limit(WARNING, 85, 80), Limit(CRITICAL, 95, 90))),
    Measure("out of memory", _killed, (Limit(WARNING, 1, 1),)),
    Measure("busy sender", busiest, (Limit(WARNING, 50, 40), Limit(CRITICAL, 90, 80))),
    Measure("many bans", _bans, (Limit(WARNING, 101, 80),), 600.0),
    # For `mailstack growth` alone: nothing fails at the specification's limits (14.1), and a larger host is above them
    # for ever, which would be told each day.
    Measure("users", _users, ()),
    Measure("imap sessions", _sessions, ()),
    Measure("spam share", _spam, (Limit(WARNING, 50, 45),)),
)
