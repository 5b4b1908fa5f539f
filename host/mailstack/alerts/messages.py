"""What people read."""

import os
import re
import time
from typing import Any

from .conditions import OK, WORDS, Change, Condition

_NAMED = 4
# Two parts of a text message, which are billed each. The letters are those of GSM 03.38 that take seven bits; with any
# other one a part has 70 letters.
_SMS = 300
_NOT_IN_SMS = re.compile(r"""[^A-Za-z0-9 @_!"#%&'()*+,\-./:;<=>?]""")
_MARKS = {"new": "BAD", "still": "still BAD", "over": "ok again", "flapping": "flapping"}


def compose(hostname: str, changes: list[Change], conditions: dict[str, Condition], now: float) -> dict[str, Any]:
    """One message for all the changes of a run, as it is kept until every channel has had it."""
    told = {change.check for change in changes}
    others = sorted(name for name, one in conditions.items() if one.told > OK and name not in told)
    lines = [_line(change) for change in changes]
    if others:
        lines += ["", f"Still not well: {', '.join(others)}."]
    if all(change.kind == "over" for change in changes) and not others:
        lines += ["", "All is well now."]
    lines += ["", f"{hostname}, {_clock(now)}. On the host, `mailstack status` says more."]
    return message(_subject(hostname, changes), "\n".join(lines), max(change.level for change in changes), now) | {
        "payload": _payload(hostname, changes),
        "sms": _sms(hostname, [change for change in changes if change.critical]),
    }


def test(hostname: str, now: float) -> dict[str, Any]:
    """For `mailstack alert test`."""
    text = f"This is a test of {hostname}, {_clock(now)}. Nothing is wrong."
    tested = Change("test", "over", OK, "a test: nothing is wrong", now)
    return message(f"[{hostname}] test", text, OK, now) | {
        "payload": _payload(hostname, [tested]),
        "sms": f"{hostname}: a test: nothing is wrong",
    }


def message(subject: str, text: str, level: int, now: float) -> dict[str, Any]:
    """With an identity, by which other programs can tell a repeated delivery."""
    return {"id": os.urandom(8).hex(), "time": now, "subject": subject, "text": text, "level": level, "pending": {}}


def duration(seconds: float) -> str:
    """In the largest unit that tells enough."""
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 72 else f"{round(hours / 24)} days"


def iso(when: float) -> str:
    """A time for programs."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def _clock(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(when))


def _mark(change: Change) -> str:
    return "warning" if change.kind == "new" and WORDS[change.level] == "warning" else _MARKS[change.kind]


def _line(change: Change) -> str:
    head = f"{_mark(change)}: {change.check}"
    if change.kind == "over":
        return f"{head}, after {duration(change.seconds)} (it was: {change.detail})"
    if change.kind == "still":
        return f"{head}, for {duration(change.seconds)}: {change.detail}"
    if change.kind == "flapping":
        return f"{head}: fails and recovers again and again since {_clock(change.since)}; last: {change.detail}"
    return f"{head}: {change.detail} (since {_clock(change.since)})"


def _subject(hostname: str, changes: list[Change]) -> str:
    names: dict[str, list[str]] = {}
    for change in changes:
        names.setdefault(_mark(change), []).append(change.check)
    parts = [f"{mark}: {_some(found)}" for mark, found in names.items()]
    return f"[{hostname}] " + "; ".join(parts)


def _sms(hostname: str, changes: list[Change]) -> str:
    """One line; empty when nothing is worth what it costs."""
    if not changes:
        return ""
    text = f"{hostname}: {_subject(hostname, changes).removeprefix(f'[{hostname}] ')}"
    text = _NOT_IN_SMS.sub("?", " ".join(text.split()))
    return text if len(text) <= _SMS else text[: _SMS - 4] + " ..."


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _payload(hostname: str, changes: list[Change]) -> dict[str, Any]:
    """The worst one is the message; all are in `changes`."""
    entries = [
        {
            "check": change.check,
            "state": "flapping" if change.kind == "flapping" else WORDS[change.level],
            "detail": change.detail,
            "since": iso(change.since),
        }
        for change in changes
    ]
    return {"host": hostname} | entries[0] | {"changes": entries}
