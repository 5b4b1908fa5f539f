"""One row a day of what grows: the host's history, and when it reaches its limits."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from .. import atomic_file
from ..paths import on_host
from ..progress import say
from ..safe_path import read
from .state import FOLDER, State

# A file, not a database: a year is 60 kB, written once a day; the day that runs is in the watch's own state.
_FILE = FOLDER + "/growth.json"
_MOST_DAYS = 400
_TREND_DAYS = 30
_FEWEST_DAYS = 7
# A share of fewer messages says nothing.
FEWEST_MESSAGES = 100
# Less in a month is noise, not growth.
_STANDS = 0.05

Row = dict[str, float]


@dataclass(frozen=True)
class Metric:
    """With the limits of the specification, 14.1."""

    name: str
    unit: str
    warning: float
    critical: float
    action: str


METRICS = (
    Metric("users", "", 25, 50, "a larger mailstack:plan"),
    Metric("memory", " %", 85, 95, "a larger mailstack:plan; mailstack:swapMb for short peaks"),
    Metric("disk", " %", 70, 85, "mailstack:volumeGb for mail; a larger mailstack:plan for the rest"),
    Metric("queue", "", 100, 1000, "see `postqueue -p`; a larger mailstack:plan if the host is too slow"),
    Metric("imap", "", 25, 50, "a larger mailstack:plan"),
    Metric("spam", " %", 50, 70, "users sort mail into Junk; then mailstack:spamAutolearn"),
)


def sample(known: State, values: Mapping[str, float], counted: Mapping[str, int] | None, now: float) -> None:
    """Adds what a run of the watch has measured to the day that runs (UTC)."""
    today = _date(now)
    if known.day != today:
        _change_day(known, today)
    row = known.row
    if "memory" in values:
        row["memory_sum"] = row.get("memory_sum", 0) + values["memory"]
        row["memory_runs"] = row.get("memory_runs", 0) + 1
    if "users" in values:
        row["users"] = values["users"]
    for name in ("disk", "queue", "imap"):
        if name in values:
            row[name] = max(row.get(name, 0), values[name])
    if counted is None:
        return
    before, known.counters = known.counters, dict(counted)
    if not before:
        # What was counted before the first run is of other days.
        return
    # They start at 0 with Rspamd.
    again = any(counted[name] < before.get(name, 0) for name in counted)
    for name, number in counted.items():
        row[name] = row.get(name, 0) + number - (0 if again else before.get(name, 0))


def _change_day(known: State, today: str) -> None:
    days = load()
    if known.day and known.row:
        days[known.day] = known.row
    # Days that are still to come are from a clock that was wrong; one that was set back goes on with its day.
    days = {day: row for day, row in days.items() if day <= today}
    known.row = days.pop(today, {})
    known.day = today
    kept = dict(sorted(days.items())[-_MOST_DAYS:])
    atomic_file.private_directory(on_host(FOLDER))
    atomic_file.replace(on_host(_FILE), atomic_file.as_json(kept))


def load() -> dict[str, Row]:
    """The days that are over, by their dates."""
    try:
        plain = json.loads(read(on_host(_FILE))[0])
        return {
            date.fromisoformat(day).isoformat(): {name: float(value) for name, value in row.items()}
            for day, row in plain.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        say(f"alerts: {_FILE} is damaged ({type(error).__name__}); the history starts afresh")
        return {}


def value(row: Row, name: str) -> float | None:
    """A day's value of a metric; None when it was not measured."""
    if name == "memory":
        return row["memory_sum"] / row["memory_runs"] if row.get("memory_runs") else None
    if name == "spam":
        number = row.get("scanned", 0)
        return 100 * row.get("spam", 0) / number if number >= FEWEST_MESSAGES else None
    return row.get(name)


def yesterday_spam(now: float) -> tuple[float, float] | None:
    """Share of spam of the last whole day, and its messages: a value that changes once a day tells once a day."""
    row = load().get(_date(now - 86400), {})
    share = value(row, "spam")
    return None if share is None else (share, row["scanned"])


def report(known: State) -> list[dict[str, Any]]:
    """For each metric: what it is, where it goes, and what to do. `None`: not known, or it does not grow."""
    days = load()
    newest = days | ({known.day: known.row} if known.day else {})
    return [_of(metric, days, newest) for metric in METRICS]


def _of(metric: Metric, days: dict[str, Row], newest: dict[str, Row]) -> dict[str, Any]:
    known = [found for _, row in sorted(newest.items()) if (found := value(row, metric.name)) is not None]
    current = known[-1] if known else None
    trend = _trend(days, max(newest, default=""), metric.name)
    entry = {"metric": metric.name, "unit": metric.unit.strip(), "action": metric.action, "current": current}
    entry |= {"trend": trend, "warning": metric.warning, "critical": metric.critical}
    for limit in ("warning", "critical"):
        entry[f"{limit}_days"] = _left(current, trend, getattr(metric, limit))
    return entry


def _trend(days: dict[str, Row], newest: str, name: str) -> float | None:
    """Of the line through the last days that are over (least squares), for 30 days."""
    last = date.fromisoformat(newest).toordinal() if newest else 0
    numbers = [(date.fromisoformat(day).toordinal() - last, value(row, name)) for day, row in days.items()]
    points = [(at, found) for at, found in numbers if found is not None and at >= -_TREND_DAYS]
    if len(points) < _FEWEST_DAYS:
        return None
    middle = sum(at for at, _ in points) / len(points)
    mean = sum(found for _, found in points) / len(points)
    wide = sum((at - middle) ** 2 for at, _ in points)
    return 30 * sum((at - middle) * (found - mean) for at, found in points) / wide


def _left(current: float | None, trend: float | None, limit: float) -> int | None:
    if current is None or trend is None:
        return None
    if current >= limit:
        return 0
    return math.ceil((limit - current) / (trend / 30) - 1e-9) if trend > _STANDS else None


def _date(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()
