"""From what the checks see to what people are told: once when it begins, once when it is over. No clock, no files."""

from dataclasses import dataclass, field

OK, WARNING, CRITICAL = 0, 1, 2
WORDS = ("ok", "warning", "critical")

# Runs in a row, a minute apart, that must see a fault before it is told. A daemon's restart is shorter.
_RUNS = 3
# The first two are the dead host itself, and never fail for a moment; memory is full for a while now and then; what the
# kernel has killed needs no second look.
_RUNS_OF = {"units": 2, "smtp 25": 2, "memory use": 15, "out of memory": 1}
# A fault with another one that is told now joins it: most faults are seen by more than one check.
_JOINS = 2
_GOOD_RUNS = 2
# Again, while it lasts.
_REPEAT = {WARNING: 86400.0, CRITICAL: 4 * 3600.0}
# Those that are nearly due come along.
_REPEAT_SOON = 600.0
_HOUR = 3600.0
# More changes within an hour are one message, until it has been calm for so long.
_FLAPPING_CHANGES = 5
_CALM = 1800.0
# A program's whole output may be a check's detail; `mailstack status` has all of it.
_DETAIL = 500


@dataclass(frozen=True)
class Seen:
    """What a check saw in this run."""

    check: str
    level: int
    detail: str


@dataclass
class Condition:
    """What is known about one check."""

    # What people know: the level that was told last.
    told: int = OK
    detail: str = ""
    # When the fault was first seen that was told, and the last message about it.
    since: float = 0
    said: float = 0
    # Runs in a row that saw a worse or a better level than the one that was told, the first of them, and the level.
    worse: int = 0
    better: int = 0
    first: float = 0
    reach: int = OK
    # When what was told changed, within the last hour.
    changes: list[float] = field(default_factory=list)
    flapping: bool = False


@dataclass(frozen=True)
class Change:
    """One line of a message. `kind`: new, still, over, flapping."""

    check: str
    kind: str
    level: int
    detail: str
    since: float
    seconds: float = 0
    # The level that people knew before.
    was: int = OK

    @property
    def critical(self) -> bool:
        """Whether it is, or was until now."""
        return CRITICAL in (self.level, self.was)


def decide(conditions: dict[str, Condition], seen: list[Seen], now: float) -> list[Change]:
    """Brings the conditions up to date. Returns what people must be told now; the worst comes first."""
    for each in seen:
        _count(conditions.setdefault(each.check, Condition()), each, now)
    faults = [name for name, one in conditions.items() if one.worse >= _RUNS_OF.get(name, _RUNS)]
    changes: list[Change] = []
    for name, one in conditions.items():
        changed = False
        if name in faults or (faults and one.worse >= _JOINS):
            if one.told == OK:
                one.since = one.first
            changed = True
        elif one.better >= _GOOD_RUNS:
            changed = True
        told = _changed(name, one, now) if changed else _calmed(name, one, now)
        changes += told
    changes += _repeated(conditions, {change.check for change in changes}, now)
    for name in [name for name, one in conditions.items() if not (one.told or one.worse or one.changes)]:
        del conditions[name]
    return sorted(changes, key=lambda change: (-change.level, change.kind, change.check))


def _count(one: Condition, seen: Seen, now: float) -> None:
    # A clock that was set back.
    one.said = min(one.said, now)
    one.changes = [when for when in one.changes if now - _HOUR < when <= now]
    if seen.level > OK:
        one.detail = _shortened(seen.detail)
    if seen.level > one.told:
        one.first, one.reach = (one.first, min(one.reach, seen.level)) if one.worse else (now, seen.level)
        one.worse, one.better = one.worse + 1, 0
    elif seen.level < one.told:
        one.first, one.reach = (one.first, max(one.reach, seen.level)) if one.better else (now, seen.level)
        one.worse, one.better = 0, one.better + 1
    else:
        one.worse = one.better = 0


def _shortened(detail: str) -> str:
    return detail if len(detail) <= _DETAIL else detail[: _DETAIL - 4] + " ..."


def _changed(name: str, one: Condition, now: float) -> list[Change]:
    was, one.told, one.worse, one.better = one.told, one.reach, 0, 0
    one.changes.append(now)
    if one.flapping:
        return []
    one.said = now
    if len(one.changes) > _FLAPPING_CHANGES:
        one.flapping = True
        return [Change(name, "flapping", CRITICAL, one.detail, one.changes[0])]
    return [_line(name, one, was)]


def _calmed(name: str, one: Condition, now: float) -> list[Change]:
    if not one.flapping or any(when > now - _CALM for when in one.changes):
        return []
    one.flapping, one.said = False, now
    # As flapping it was told as critical.
    return [_line(name, one, CRITICAL)]


def _line(name: str, one: Condition, was: int) -> Change:
    if one.told == OK:
        return Change(name, "over", OK, one.detail, one.since, one.first - one.since, was)
    return Change(name, "new", one.told, one.detail, one.since, was=was)


def _repeated(conditions: dict[str, Condition], changed: set[str], now: float) -> list[Change]:
    lasting = [
        (name, one, one.said + _REPEAT[one.told] - now)
        for name, one in conditions.items()
        if one.told > OK and not one.flapping and name not in changed
    ]
    if not any(left <= 0 for _, _, left in lasting):
        return []
    due = [(name, one) for name, one, left in lasting if left <= _REPEAT_SOON]
    for _, one in due:
        one.said = now
    return [Change(name, "still", one.told, one.detail, one.since, now - one.since) for name, one in due]
