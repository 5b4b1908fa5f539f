"""The snapshots in the repository, from this stack's point of view."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import MailstackError
from .restic import Restic

# The format that this program writes and reads. A newer Mailstack uses higher ones.
FORMAT = 1
_MARK = "mailstack"
# Clocks differ by seconds.
_FUTURE_SECONDS = 600.0
PARTS = ("state", "mail")


@dataclass(frozen=True)
class Snapshot:
    """One of restic's."""

    id: str
    time: float
    hostname: str
    tags: frozenset[str]

    @property
    def part(self) -> str:
        """What it holds."""
        return next((part for part in PARTS if part in self.tags), "?")

    @property
    def format(self) -> int:
        """0 for one that Mailstack has not made."""
        found = [tag.removeprefix("format=") for tag in self.tags if tag.startswith("format=")]
        return int(found[0]) if found and found[0].isdigit() else 0

    @property
    def shown(self) -> str:
        """Its time, as `--at` takes it."""
        return time_text(self.time)


@dataclass(frozen=True)
class Listing:
    """The snapshots of one repository. `own` is sorted by time and contains none from the future."""

    own: list[Snapshot]
    foreign: list[Snapshot]
    newer: list[Snapshot]
    future: list[Snapshot]

    def newest(self, part: str, at: float | None = None) -> Snapshot | None:
        """The last one of a part, or the last one that is not later than `at`."""
        fitting = [each for each in self.own if each.part == part and (at is None or each.time <= at)]
        return fitting[-1] if fitting else None

    def must(self, part: str, at: float | None = None) -> Snapshot:
        """As `newest`, but there must be one."""
        found = self.newest(part, at)
        if found:
            return found
        if at is not None and self.newest(part):
            first = next(each for each in self.own if each.part == part)
            raise MailstackError(f"there is no backup of {time_text(at)} or earlier; the oldest is of {first.shown}")
        others = f"; {self.strangers()}" if self.strangers() else ""
        raise MailstackError(f"the repository has no backup ({part}) of this stack{others}")

    def strangers(self) -> str:
        """Describes the snapshots that are not used; empty if there are none."""
        parts = [
            f"{len(self.foreign)} of others ({', '.join(sorted({each.hostname for each in self.foreign})[:3])})"
            if self.foreign
            else "",
            f"{len(self.newer)} of a newer Mailstack" if self.newer else "",
            f"{len(self.future)} from the future ({self.future[-1].shown})" if self.future else "",
        ]
        return ", ".join(part for part in parts if part)


def tags_for(identity: str, part: str) -> str:
    """As restic takes them: all of them at once."""
    return f"{_MARK},stack={identity},{part},format={FORMAT}"


def own_tags(identity: str, part: str) -> str:
    """To find those of every format."""
    return f"{_MARK},stack={identity},{part}"


def look(restic: Restic, timeout: float = 300.0) -> Listing:
    """Reads the repository without a lock, so that it works during a backup."""
    doing = "the backups could not be listed"
    _, out = restic.run("snapshots", "--json", "--no-lock", doing=doing, timeout=timeout)
    found = sorted((_read(entry) for entry in json.loads(out) or []), key=lambda each: (each.time, each.id))
    own = [each for each in found if {_MARK, f"stack={restic.settings.identity}"} <= each.tags]
    now = time.time() + _FUTURE_SECONDS
    return Listing(
        own=[each for each in own if each.format <= FORMAT and each.time <= now],
        foreign=[each for each in found if each not in own],
        newer=[each for each in own if each.format > FORMAT],
        future=[each for each in own if each.format <= FORMAT and each.time > now],
    )


def _read(entry: dict) -> Snapshot:  # type: ignore[type-arg]
    # restic writes nanoseconds, Python reads microseconds.
    whole, _, rest = entry["time"].partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    when = datetime.fromisoformat(whole + zone)
    return Snapshot(entry["id"], when.timestamp(), entry["hostname"], frozenset(entry.get("tags") or ()))


def time_text(when: float) -> str:
    """UTC, to the second."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text: str) -> float:
    """Parses `2026-11-29` or `2026-11-29T10:00`, with or without a zone; default UTC."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise MailstackError(f"{text!r} is not a time like 2026-11-29T10:00", exit_code=2) from None
    if len(text) <= 10:
        # A day means its end.
        return when.replace(tzinfo=UTC).timestamp() + 86399
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
